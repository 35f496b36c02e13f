import { at, listAt, numberAt, textAt } from './contract.ts';
import type { Run } from './runs.ts';
import type { Table } from './table.ts';

export interface Roof {
  probe: string;
  unit: string;
  rate: number;
  memory: boolean; // GB/s rather than GFLOP/s
}

// Of probes that differ in their number of streams only the fastest: memory's roof.
function fastestOfEach(all: Roof[]): Roof[] {
  const family = (roof: Roof) => roof.probe.replace(/_\d+$/, '');
  return all.filter((roof) => !all.some((other) => other !== roof && family(other) === family(roof) && other.rate > roof.rate));
}

export function roofs(run: Run): Roof[] {
  return fastestOfEach(listAt(run.document, 'findings', 'roofs').map((json) => {
    const unit = textAt(json, 'unit') ?? '';
    return { probe: textAt(json, 'probe') ?? '', unit, rate: numberAt(json, 'rate') ?? 0, memory: unit === 'GB/s' };
  }).filter((roof) => roof.rate > 0));
}

// "gemm bf16, k=2048 m=16 n=2048": the case that implementations are compared on.
export function caseName(rows: Table, row: number): string {
  const axes = rows.names.filter((name) => name.startsWith('axes.') && rows.cell(name, row) !== undefined)
    .map((name) => `${name.slice(5)}=${rows.cell(name, row)}`);
  return [`${rows.text('op', row)} ${rows.text('format', row)}`, axes.join(' ')].filter(Boolean).join(', ');
}

export function rowName(rows: Table, row: number): string {
  return `${caseName(rows, row)}: ${rows.text('implementation', row)}`;
}

export function timedRows(rows: Table): number[] {
  return Array.from({ length: rows.rows }, (_, i) => i).filter((i) => rows.text('status', i) === 'timed');
}

// Timed rows by case, each from the fastest implementation on.
export function byCase(rows: Table): Map<string, number[]> {
  const cases = new Map<string, number[]>();
  const median = rows.numbers('timing.median_ns');
  for (const row of timedRows(rows)) {
    const name = caseName(rows, row);
    const of = cases.get(name);
    if (of) of.push(row);
    else cases.set(name, [row]);
  }
  for (const of of cases.values()) of.sort((a, b) => (median[a] ?? 0) - (median[b] ?? 0));
  return cases;
}

export const noise = (run: Run) => at(run.document, 'findings', 'noise');
