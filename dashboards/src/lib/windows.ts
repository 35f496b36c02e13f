// What of a long sequence of steps is drawn: steps wider than a pixel one by one, others merged, so
// that 100,000 steps cost as much as a few thousand.

// The first index whose value is >= wanted, of a sequence that never decreases.
export function lowerBound(values: Float64Array, wanted: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((values[middle] ?? Infinity) < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}

export interface Bar {
  begin: number;
  end: number;
  kind: number;
  first: number; // index of the first step in it
  steps: number;
}

// Steps of one lane that overlap [from, to], in order of their begin; those of one kind that lie
// less than `least` apart and are shorter than it become one bar.
export function mergedBars(
  begin: Float64Array, elapsed: Float64Array, kind: Int8Array, lane: number[], from: number, to: number, least: number,
): Bar[] {
  const bars: Bar[] = [];
  for (const i of lane) {
    const b = begin[i] ?? NaN;
    const e = b + (elapsed[i] ?? 0);
    if (e < from || b > to) continue;
    const last = bars.at(-1);
    const k = kind[i] ?? 0;
    if (last && b - last.end < least && (e - b < least || last.end - last.begin < least) && (k === last.kind || e - last.begin < least)) {
      last.end = Math.max(last.end, e);
      last.steps += 1;
    } else {
      bars.push({ begin: b, end: e, kind: k, first: i, steps: 1 });
    }
  }
  return bars;
}

// Mean by time of a step function over `cells` equal parts of [from, to]: each value holds from its
// begin to the next one's. NaN where there is none.
export function timeMeans(begin: Float64Array, value: Float64Array, from: number, to: number, cells: number): [number, number][] {
  const sum = new Float64Array(cells);
  const weight = new Float64Array(cells);
  const width = (to - from) / cells;
  for (let i = Math.max(0, lowerBound(begin, from) - 1); i < begin.length; ++i) {
    const b = Math.max(from, begin[i] ?? NaN);
    if (b > to) break;
    const e = Math.min(to, begin[i + 1] ?? to);
    const v = value[i] ?? NaN;
    if (Number.isNaN(v) || e <= b) continue;
    for (let c = Math.floor((b - from) / width); c < cells; ++c) {
      const overlap = Math.min(e, from + (c + 1) * width) - Math.max(b, from + c * width);
      if (overlap <= 0) break;
      sum[c] = (sum[c] ?? 0) + v * overlap;
      weight[c] = (weight[c] ?? 0) + overlap;
    }
  }
  return Array.from(sum, (s, c) => [from + (c + 0.5) * width, (weight[c] ?? 0) > 0 ? s / (weight[c] ?? 1) : NaN]);
}
