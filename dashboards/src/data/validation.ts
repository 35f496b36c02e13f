import { at, entriesAt, listAt, numberAt, textAt } from './contract.ts';
import type { Run } from './runs.ts';

// One figure, measured and modelled; the error is (modelled - measured) / measured.
export interface Compared {
  run: Run;
  what: string; // "TTFT mean", "gemm of the steps"
  unit: string;
  measured: number;
  modelled: number;
  error: number | undefined;
}

export const isValidated = (run: Run) => at(run.document, 'findings', 'modelled') !== undefined;

export function comparedMetrics(run: Run): Compared[] {
  return listAt(run.document, 'findings', 'modelled', 'metrics').map((json) => ({
    run,
    what: [textAt(json, 'id')?.replaceAll('_', ' '), textAt(json, 'statistic')].filter(Boolean).join(' '),
    unit: textAt(json, 'unit') ?? '',
    measured: numberAt(json, 'measured') ?? NaN,
    modelled: numberAt(json, 'modelled') ?? NaN,
    error: numberAt(json, 'error'),
  }));
}

// Of the steps that ran, by kind of op.
export function comparedSteps(run: Run): Compared[] {
  return entriesAt(run.document, 'findings', 'modelled', 'same_steps').flatMap(([key, json]) => {
    const measured = numberAt(json, 'measured_s');
    if (!measured) return [];
    return [{ run, what: `steps: ${key}`, unit: 's', measured, modelled: numberAt(json, 'modelled_s') ?? NaN, error: numberAt(json, 'error') }];
  });
}

export function stepError(run: Run): number | undefined {
  return numberAt(run.document, 'findings', 'modelled', 'same_steps', 'median_absolute_error');
}

export function basis(run: Run): string {
  return textAt(run.document, 'findings', 'modelled', 'basis') ?? '';
}

export function median(values: number[]): number | undefined {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return undefined;
  return sorted.length % 2 ? sorted[middle] : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}
