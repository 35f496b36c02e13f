import { at, numberAt, textAt } from './contract.ts';
import { median } from './validation.ts';
import type { Points } from './points.ts';
import type { Run } from './runs.ts';

// What several runs say, with the least and most where there is a band.
export interface Said {
  value: number; // median of runs
  low: number;
  high: number;
  points: number[]; // of Points, one per run
}

// A configuration that one run modelled and another measured.
export interface Pair {
  key: string;
  point: number; // the first measured one
  modelled: Said;
  measured: Said;
  error: number; // (modelled - measured) / measured
}

// Measured, if on a stand-in for the GPU (emulated).
export const isMeasured = (run: Run): boolean => /^measured|^emulated/.test(run.method);

// Half of how far apart quartiles of one slice's runs lie, of the widest slice: all that a sweep of
// measured slices says of its spread; 0 where it says nothing.
export const halfSpread = (run: Run): number => (numberAt(run.document, 'findings', 'slices', 'widest_spread') ?? 0) / 2;

// Same model, GPU, number of GPUs, precision and lengths: what must agree before two points are compared.
function subject(run: Run): string {
  const of = at(run.document, 'configuration');
  return JSON.stringify([...['model', 'gpu'].map((key) => textAt(of, key)),
    ...['gpus', 'isl_tokens', 'osl_tokens'].map((key) => numberAt(of, key)), at(of, 'precision') ?? null, at(of, 'workload') ?? null]);
}

function said(points: Points, values: Float64Array, of: number[]): Said {
  const all = of.map((i) => values[i] ?? NaN);
  const lows = of.map((i, n) => (all[n] ?? NaN) * (1 - halfSpread(points.of(i))));
  const highs = of.map((i, n) => (all[n] ?? NaN) * (1 + halfSpread(points.of(i))));
  return { value: median(all) ?? NaN, low: Math.min(...lows), high: Math.max(...highs), points: of };
}

// Pairs of one measure (values by point), in the order of the points; points that fit, of the same subject,
// configuration, chunk and load belong together.
export function pairsOf(points: Points, values: Float64Array): Pair[] {
  const groups = new Map<string, { modelled: number[]; measured: number[] }>();
  const subjects = points.runs.map(subject);
  for (let i = 0; i < points.n; ++i) {
    if (points.value('fits', i) !== 1 || !((values[i] ?? NaN) > 0)) continue;
    const measured = isMeasured(points.of(i));
    if (!measured && points.of(i).method !== 'modelled') continue;
    const key = [subjects[points.run[i] ?? 0], points.text('parallel', i), points.value('chunk_tokens', i), points.value('load', i)].join('|');
    const group = groups.get(key) ?? { modelled: [], measured: [] };
    groups.set(key, group);
    (measured ? group.measured : group.modelled).push(i);
  }
  const pairs: Pair[] = [];
  for (const [key, { modelled, measured }] of groups) {
    if (modelled.length === 0 || measured.length === 0) continue;
    const a = said(points, values, modelled);
    const b = said(points, values, measured);
    pairs.push({ key, point: measured[0] ?? 0, modelled: a, measured: b, error: (a.value - b.value) / b.value });
  }
  return pairs;
}

export const withinBand = (pair: Pair): boolean => pair.modelled.high >= pair.measured.low && pair.modelled.low <= pair.measured.high;
export const hasBand = (pair: Pair): boolean => pair.measured.high > pair.measured.low;
