import { at, listAt, numberAt, textAt, type Json } from './contract.ts';
import type { Run } from './runs.ts';

// A store of nightly results, results/store; docs/history.md.
export interface Night {
  id: string;
  time: number; // ms since 1970
  day: string; // "2026-11-21 02:00"
  commit: string;
  anchor: string;
  hardware: string;
  invalid: string;
}

export interface Level { from: number; to: number; basis: string; level: number } // nights

export interface Followed {
  key: string;
  name: string; // suite/name
  unit: string;
  better: string;
  exact: boolean;
  night: number[]; // index into nights, of each point
  value: (number | undefined)[];
  low: (number | undefined)[];
  high: (number | undefined)[];
  ratio: (number | undefined)[];
  ratioLow: (number | undefined)[];
  ratioHigh: (number | undefined)[];
  verdict: string[];
  levels: Level[];
}

export interface Suspicion {
  series: number;
  before: number; // nights
  at: number;
  change: number;
  worse: boolean;
  basis: string;
  p: number | undefined;
  state: string;
  confirm: string;
}

export interface Note { kind: string; time: number; run: string; series: string; text: string; link: string }

export interface History { nights: Night[]; series: Followed[]; suspicions: Suspicion[]; notes: Note[] }

const known = (value: Json | undefined): number | undefined => (typeof value === 'number' ? value : undefined);

function nightOf(json: Json): Night {
  const time = textAt(json, 'time_utc') ?? '';
  return {
    id: textAt(json, 'id') ?? '', time: Date.parse(time), day: time.slice(0, 16).replace('T', ' '), commit: (textAt(json, 'commit') ?? '').slice(0, 12),
    anchor: textAt(json, 'anchor') ?? '', hardware: textAt(json, 'hardware') ?? '', invalid: textAt(json, 'invalid') ?? '',
  };
}

function followedOf(json: Json): Followed {
  const night = listAt(json, 'points', 'run').map(Number);
  const column = (key: string) => {
    const values = listAt(json, 'points', key);
    return night.map((_, i) => known(values[i]));
  };
  const verdicts = listAt(json, 'points', 'verdict');
  return {
    key: textAt(json, 'key') ?? '', name: `${textAt(json, 'suite')}/${textAt(json, 'name')}`, unit: textAt(json, 'unit') ?? '', better: textAt(json, 'better') ?? 'lower',
    exact: at(json, 'exact') === true, night, value: column('value'), low: column('low'), high: column('high'),
    ratio: column('ratio'), ratioLow: column('ratio_low'), ratioHigh: column('ratio_high'), verdict: night.map((_, i) => String(verdicts[i] ?? '')),
    levels: listAt(json, 'levels').map((level) => ({
      from: numberAt(level, 'from') ?? 0, to: numberAt(level, 'to') ?? 0, basis: textAt(level, 'basis') ?? '', level: numberAt(level, 'level') ?? NaN,
    })),
  };
}

export function historyOf(run: Run): History {
  return {
    nights: listAt(run.document, 'runs').map(nightOf),
    series: listAt(run.document, 'series').map(followedOf),
    suspicions: listAt(run.document, 'suspicions').map((json) => ({
      series: numberAt(json, 'series') ?? 0, before: numberAt(json, 'before') ?? 0, at: numberAt(json, 'at') ?? 0, change: numberAt(json, 'change') ?? NaN,
      worse: at(json, 'worse') === true, basis: textAt(json, 'basis') ?? '', p: numberAt(json, 'p'), state: textAt(json, 'state') ?? '', confirm: textAt(json, 'confirm') ?? '',
    })),
    notes: listAt(run.document, 'notes').map((json) => ({
      kind: textAt(json, 'kind') ?? '', time: Date.parse(textAt(json, 'time_utc') ?? ''), run: textAt(json, 'run') ?? '',
      series: textAt(json, 'series') ?? '', text: textAt(json, 'text') ?? '', link: textAt(json, 'link') ?? '',
    })),
  };
}

export const openOnes = (history: History): Suspicion[] => history.suspicions.filter((one) => one.state === 'open');

export const hasRatios = (series: Followed): boolean => series.ratio.some((ratio) => ratio !== undefined);

// A pattern in which * stands for anything and ? for one character, as in `inferbench history`.
export function matches(pattern: string, text: string): boolean {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*').replaceAll('?', '.');
  return new RegExp(`^${escaped}$`, 's').test(text);
}

// By how much a point lies above the series' first level: of ratios to their anchor above 1.
export function deviations(history: History, series: Followed): (number | undefined)[] {
  const ratios = hasRatios(series) && !series.exact;
  const first = series.levels[0]?.level ?? series.value.find((value) => value !== undefined);
  return series.night.map((night, i) => {
    if (history.nights[night]?.invalid) return undefined;
    const ratio = series.ratio[i];
    if (ratios) return ratio === undefined ? undefined : ratio - 1;
    const value = series.value[i];
    return value === undefined || !first ? undefined : value / first - 1;
  });
}

export interface Matrix {
  rows: { series: number; name: string }[];
  columns: { from: number; to: number; label: string }[]; // nights
  cells: { row: number; column: number; change: number }[];
  of: { rows: number; nights: number };
}

const median = (values: number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? (sorted[half] ?? NaN) : ((sorted[half - 1] ?? NaN) + (sorted[half] ?? NaN)) / 2;
};

// Series by nights: those that deviate most, and neighbouring nights together (their median), as many
// as one can tell apart.
export function matrixOf(history: History, mostRows: number, mostColumns: number): Matrix {
  const all = history.series.map((series, n) => ({ n, series, deviations: deviations(history, series) }));
  const farthest = (of: (number | undefined)[]) => of.reduce<number>((most, d) => Math.max(most, Math.abs(d ?? 0)), 0);
  const kept = all.filter((one) => one.deviations.some((d) => d !== undefined))
    .map((one) => ({ ...one, farthest: farthest(one.deviations) }))
    .sort((a, b) => b.farthest - a.farthest || a.n - b.n).slice(0, mostRows).sort((a, b) => a.n - b.n);
  const width = Math.max(1, Math.ceil(history.nights.length / mostColumns));
  const columns: Matrix['columns'] = [];
  for (let from = 0; from < history.nights.length; from += width) {
    columns.push({ from, to: Math.min(from + width, history.nights.length) - 1, label: (history.nights[from]?.day ?? '').slice(0, 10) });
  }
  const cells: Matrix['cells'] = [];
  kept.forEach((one, row) => {
    const by = new Map<number, number[]>();
    one.series.night.forEach((night, i) => {
      const change = one.deviations[i];
      if (change === undefined) return;
      const column = Math.floor(night / width);
      by.set(column, [...(by.get(column) ?? []), change]);
    });
    for (const [column, changes] of by) cells.push({ row, column, change: median(changes) });
  });
  return { rows: kept.map((one) => ({ series: one.n, name: one.series.name })), columns, cells, of: { rows: all.length, nights: history.nights.length } };
}
