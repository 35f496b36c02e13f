import { numberAt, textAt } from './contract.ts';
import type { Run } from './runs.ts';

// One configuration of a sweep over its offered loads.
export interface LoadCurve {
  run: Run;
  key: string; // of the address: "r0.TP4.2048"
  name: string; // "TP4, chunk 2,048"
  load: number[]; // strictly increasing, in the run's unit
  row: number[]; // of the points table
}

export const loadUnits: Record<string, string> = { requests_per_s: 'requests/s', users: 'users' };

export const loadUnit = (run: Run): string => {
  const unit = textAt(run.document, 'configuration', 'load_unit') ?? '';
  return loadUnits[unit] ?? unit.replaceAll('_', ' ');
};

export const hasLoads = (run: Run): boolean => run.table('points').has('load') && loadCurves(run).length > 0;

// Configurations with at least two loads that were replayed, in the order of the file.
export function loadCurves(run: Run): LoadCurve[] {
  const points = run.table('points');
  const load = points.numbers('load');
  const ttft = points.numbers('ttft_s');
  const curves = new Map<string, LoadCurve>();
  for (let row = 0; row < points.rows; ++row) {
    if (!((load[row] ?? NaN) > 0) || Number.isNaN(ttft[row] ?? NaN)) continue;
    const parallel = points.text('parallel', row);
    const chunk = points.cell('chunk_tokens', row);
    const key = `${run.id}.${parallel}.${chunk}`;
    const name = `${parallel}, chunk ${Number(chunk).toLocaleString('en-US')}`;
    const curve = curves.get(key) ?? { run, key, name, load: [], row: [] };
    curves.set(key, curve);
    curve.row.push(row);
  }
  for (const curve of curves.values()) {
    curve.row.sort((a, b) => (load[a] ?? 0) - (load[b] ?? 0));
    curve.row = curve.row.filter((row, i) => i === 0 || load[row] !== load[curve.row[i - 1] ?? -1]);
    curve.load = curve.row.map((row) => load[row] ?? NaN);
  }
  return [...curves.values()].filter((curve) => curve.row.length > 1);
}

// The curve that the sweep's best point is on.
export function bestCurve(curves: LoadCurve[]): LoadCurve | undefined {
  return curves.find((curve) => curve.row.includes(numberAt(curve.run.document, 'findings', 'best', 'point') ?? -1)) ?? curves[0];
}

export const meetsSlo = (curve: LoadCurve, i: number): boolean => curve.run.table('points').numbers('meets_slo')[curve.row[i] ?? -1] !== 0;

export const hasSlo = (run: Run): boolean => Boolean(textAt(run.document, 'configuration', 'slo'));
