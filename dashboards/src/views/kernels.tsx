import { useMemo } from 'preact/hooks';
import { byCase, caseName, rowName, timedRows } from '../data/kernels.ts';
import type { Run } from '../data/runs.ts';
import { count, formatMs, formatNumber, formatPercent } from '../lib/format.ts';
import { usePage, useChosen } from '../parts/context.ts';
import { DataTable, type TableModel } from '../parts/data_table.tsx';
import { Choice, Empty, Facts, Heading, Num, RunChoice } from '../parts/small.tsx';
import { Clocks } from './kernels_clocks.tsx';
import { HeatMap } from './kernels_heat.tsx';
import { Ratios } from './kernels_ratios.tsx';
import { Roofline } from './kernels_roofline.tsx';
import { Samples } from './samples.tsx';

function rowTable(run: Run, shown: number[], pick: (row: number) => void): TableModel {
  const rows = run.table('kernel_rows');
  const at = (i: number) => shown[i] ?? 0;
  const number = (name: string, title: string, unit = '') => ({ name, title, unit, cell: (i: number) => rows.cell(name, at(i)) });
  const columns = [
    { name: 'case', title: 'case', cell: (i: number) => caseName(rows, at(i)) },
    number('implementation', 'implementation'), number('provider', 'by'), number('status', 'status'),
    number('timing.median_ns', 'median', 'ns'), number('timing.low_ns', 'low', 'ns'), number('timing.high_ns', 'high', 'ns'),
    number('gflop_per_s', 'GFLOP/s'), number('gb_per_s', 'GB/s'), number('roof.probe', 'roof'), number('roof.share', 'of the roof', 'share'),
    number('ratio.vendor.speedup', 'over vendor'), number('ratio.reference.speedup', 'over reference'),
    number('suspect', 'suspect'), number('reason', 'reason'),
  ].filter((column) => ['case', 'implementation', 'status'].includes(column.name) || rows.has(column.name));
  return { name: 'kernels', label: 'Kernels', rows: shown.length, columns, onRow: (i) => pick(at(i)), rowKey: (i) => String(at(i)) };
}

function KernelDetails({ run, row }: { run: Run; row: number }) {
  const { go } = usePage();
  const rows = run.table('kernel_rows');
  const value = (name: string) => {
    const cell = rows.cell(name, row);
    return typeof cell === 'number' ? cell : undefined;
  };
  return (
    <section class="details" aria-label={rowName(rows, row)}>
      <div class="section-head">
        <h2>{rowName(rows, row)}</h2>
        <button type="button" onClick={() => go({ row: '' })}>Close</button>
      </div>
      <Facts facts={[
        ['median', <Num value={value('timing.median_ns')} unit="ns" />],
        ['interval', `${formatMs((value('timing.low_ns') ?? NaN) / 1e6)} to ${formatMs((value('timing.high_ns') ?? NaN) / 1e6)}, ${formatPercent(value('timing.confidence'))}`],
        ['stopped by', rows.text('timing.stop', row)],
        ['largest error', `${formatNumber(value('check.worst'))} of ${formatNumber(value('check.tolerance'))} allowed`],
        ['roof', rows.text('roof.probe', row) || '–'],
        ['preempted samples', formatPercent(value('timing.preempted_share'))],
      ]} />
      {rows.text('suspect', row) && <p class="bad">{rows.text('suspect', row)}</p>}
      <Samples name={rowName(rows, row)} values={rows.list(rows.text('timing.clock', row) === 'cpu' ? 'timing.cpu_ns' : 'timing.wall_ns', row)} />
    </section>
  );
}

export function kernelsSentence(run: Run): string {
  const rows = run.table('kernel_rows');
  const timed = timedRows(rows);
  const share = rows.numbers('roof.share');
  const best = timed.filter((i) => Number.isFinite(share[i])).sort((a, b) => (share[b] ?? 0) - (share[a] ?? 0))[0];
  const cases = byCase(rows).size;
  const head = `${count(timed.length, 'timed row')} of ${count(cases, 'case')}`;
  return best === undefined ? `${head}.` : `${head}; closest to its roof is ${rowName(rows, best)}, at ${formatPercent(share[best])} of ${rows.text('roof.probe', best)}.`;
}

export function Kernels() {
  const { route, go } = usePage();
  const { runs, run } = useChosen((one) => one.kind === 'kernels' && !one.isCollectives);
  const rows = run?.table('kernel_rows');
  const op = route.params['op'] ?? '';
  const shown = useMemo(() => (rows ? Array.from({ length: rows.rows }, (_, i) => i).filter((i) => !op || rows.text('op', i) === op) : []), [rows, op]);
  const pick = (row: number) => go({ row: String(row) });
  const table = useMemo(() => (run ? rowTable(run, shown, pick) : null), [run, shown, route]);
  if (!run || !rows || !table) {
    return (
      <>
        <header class="heading"><h1>Kernels</h1></header>
        <Empty what="No microbenchmark is among the files." command="inferbench bench --suite smoke --json kernels.json" />
      </>
    );
  }
  const ops = [...new Set(rows.texts('op'))].sort();
  const picked = Number(route.params['row'] ?? NaN);
  return (
    <>
      <Heading title="Kernels" run={run}>{kernelsSentence(run)}</Heading>
      <div class="controls">
        <RunChoice runs={runs} run={run} />
        <Choice label="Operation" name="op" value={op} fallback="" options={[{ value: '', text: 'all' }, ...ops.map((one) => ({ value: one, text: one }))]} />
      </div>
      <Roofline run={run} shown={shown} pick={pick} />
      {Number.isInteger(picked) && picked >= 0 && picked < rows.rows && <KernelDetails run={run} row={picked} />}
      <Ratios run={run} shown={shown} pick={pick} />
      <Clocks run={run} shown={shown} pick={pick} />
      <HeatMap run={run} shown={shown} pick={pick} />
      <section><h2>Rows</h2><DataTable model={table} /></section>
    </>
  );
}
