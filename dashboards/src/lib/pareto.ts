export type Better = 'higher' | 'lower';

// Indices of the points that no other point beats in one measure without losing in the other, from
// the best y to the best x. Directions are declared, never guessed. Of equal points the first one
// stays, as in harness/sweep/frontier.cpp.
export function paretoFrontier(
  x: Float64Array,
  y: Float64Array,
  betterX: Better,
  betterY: Better,
  candidates: Iterable<number>,
): number[] {
  const signX = betterX === 'higher' ? 1 : -1;
  const signY = betterY === 'higher' ? 1 : -1;
  const order: number[] = [];
  for (const i of candidates) {
    if (Number.isFinite(x[i]) && Number.isFinite(y[i])) order.push(i);
  }
  const gainX = (i: number) => signX * (x[i] ?? 0);
  const gainY = (i: number) => signY * (y[i] ?? 0);
  order.sort((a, b) => gainY(b) - gainY(a) || gainX(b) - gainX(a) || a - b);
  const frontier: number[] = [];
  for (const i of order) {
    const last = frontier.at(-1);
    if (last === undefined || gainX(i) > gainX(last)) frontier.push(i);
  }
  return frontier;
}
