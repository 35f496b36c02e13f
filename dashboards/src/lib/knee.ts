// Where a latency over load bends: index into x, undefined where the curve has no bend. Both axes are
// scaled to [0, 1]; of a convex curve the knee is the point farthest below the diagonal, if it lies
// farther below than the mean distance of two loads (sensitivity 1).
//
//   x   offered loads, strictly increasing
//   y   latency at each; fewer than three points have no knee
//
// Source: Satopaa et al., "Finding a 'Kneedle' in a Haystack: Detecting Knee Points in System
// Behavior", ICDCSW 2011, section III.
export function knee(x: number[], y: number[]): number | undefined {
  const n = x.length;
  const low = Math.min(...y);
  const height = Math.max(...y) - low;
  const from = x[0] ?? 0;
  const width = (x[n - 1] ?? 0) - from;
  if (n < 3 || !(height > 0) || !(width > 0)) return undefined;
  let best = 0;
  let farthest = -Infinity;
  for (let i = 0; i < n; ++i) {
    const below = ((x[i] ?? NaN) - from) / width - ((y[i] ?? NaN) - low) / height;
    if (below > farthest) {
      farthest = below;
      best = i;
    }
  }
  return farthest > 1 / (n - 1) && best > 0 && best < n - 1 ? best : undefined;
}
