import { at, listAt, numberAt, textAt, type Json } from './contract.ts';
import type { Run } from './runs.ts';

// One series of a comparison of two builds; changes are parts: 0.05 is 5 % slower.
export interface Series {
  name: string;
  verdict: string; // regression, pass, improvement, inconclusive
  flags: string[];
  change: number | undefined;
  low: number | undefined;
  high: number | undefined;
  baseline: number | undefined;
  candidate: number | undefined;
  unit: string; // of these two
  blocks: { baseline: number; candidate: number }[]; // ns
  looks: { blocks: number; slower: number; notSlower: number; faster: number; notFaster: number }[];
  exact: boolean;
  canary: boolean;
}

function blocksOf(json: Json): { baseline: number; candidate: number }[] {
  const candidate = listAt(json, 'blocks', 'candidate_ns');
  return listAt(json, 'blocks', 'baseline_ns').map((ns, i) => ({ baseline: Number(ns), candidate: Number(candidate[i]) }));
}

function timed(json: Json, canary: boolean): Series {
  return {
    name: textAt(json, 'name') ?? '',
    verdict: textAt(json, 'verdict') ?? '',
    flags: [...listAt(json, 'flags').map(String), ...(textAt(json, 'suspect') ? [`looks ${textAt(json, 'suspect')}`] : [])],
    change: numberAt(json, 'change'),
    low: numberAt(json, 'change_interval', 'low'),
    high: numberAt(json, 'change_interval', 'high'),
    baseline: numberAt(json, 'baseline_ns_median') ?? numberAt(json, 'baseline'),
    candidate: numberAt(json, 'candidate_ns_median') ?? numberAt(json, 'candidate'),
    unit: textAt(json, 'unit') ?? 'ns',
    blocks: blocksOf(json),
    looks: listAt(json, 'looks').map((look) => ({
      blocks: numberAt(look, 'blocks') ?? 0,
      slower: numberAt(look, 'p_slower') ?? NaN, notSlower: numberAt(look, 'p_not_slower') ?? NaN,
      faster: numberAt(look, 'p_faster') ?? NaN, notFaster: numberAt(look, 'p_not_faster') ?? NaN,
    })),
    exact: false, canary,
  };
}

function counted(json: Json): Series {
  const baseline = numberAt(json, 'baseline');
  const candidate = numberAt(json, 'candidate');
  const change = baseline === candidate ? 0 : baseline && candidate !== undefined ? candidate / baseline - 1 : undefined;
  return {
    name: textAt(json, 'name') ?? '', verdict: textAt(json, 'verdict') ?? '', flags: ['counted'],
    change, low: undefined, high: undefined, baseline, candidate, unit: '',
    blocks: [], looks: [], exact: true, canary: false,
  };
}

const severity: Record<string, number> = { regression: 0, inconclusive: 1, improvement: 2, pass: 3 };

// Worst first.
export function seriesOf(run: Run): Series[] {
  const all = [
    ...listAt(run.document, 'series').map((json) => timed(json, false)),
    ...listAt(run.document, 'exact').map(counted),
  ];
  all.sort((a, b) => (severity[a.verdict] ?? 9) - (severity[b.verdict] ?? 9) || (b.change ?? -Infinity) - (a.change ?? -Infinity));
  const canary = at(run.document, 'canary');
  if (canary !== undefined) all.push(timed(canary, true));
  return all;
}

export interface Difference { key: string; baseline: string; candidate: string; grade?: string }

export const isComparison = (run: Run) => run.kind === 'comparison' || run.kind === 'stored-comparison';

// The two builds, or what differs between the environments of two stored results.
export function buildDifferences(run: Run): Difference[] {
  if (run.kind === 'stored-comparison') {
    return listAt(run.document, 'environment').map((json) => ({
      key: textAt(json, 'key') ?? '', baseline: textAt(json, 'baseline') ?? '', candidate: textAt(json, 'candidate') ?? '', grade: textAt(json, 'grade') ?? '',
    }));
  }
  return ['version', 'commit', 'compiler', 'flags', 'build_type', 'code_sha256'].map((key) => ({
    key, baseline: textAt(run.document, 'baseline', key) ?? '', candidate: textAt(run.document, 'candidate', key) ?? '',
  }));
}
