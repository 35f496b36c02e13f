import { useMemo } from 'preact/hooks';
import { Chart } from '../chart/chart.tsx';
import type { Cursor } from '../chart/cursor.ts';
import type { EChartsCoreOption } from '../chart/echarts.ts';
import { axis, dashes, nth, symbols, textStyle } from '../chart/look.ts';
import type { Run } from '../data/runs.ts';
import { count, formatSize, formatMs, formatNumber, formatTick } from '../lib/format.ts';
import { usePage, useChosen } from '../parts/context.ts';
import { DataTable, type TableModel } from '../parts/data_table.tsx';
import { Choice, Empty, Heading, RunChoice } from '../parts/small.tsx';
import { Samples } from './samples.tsx';

interface Curve { name: string; rows: number[] } // by message size

function curvesOf(run: Run, op: string, ranks: string, inPlace: string): Curve[] {
  const table = run.table('kernel_rows');
  const bytes = table.numbers('axes.bytes');
  const curves = new Map<string, number[]>();
  for (let i = 0; i < table.rows; ++i) {
    if (table.text('op', i) !== op || table.text('status', i) !== 'timed') continue;
    if (String(table.cell('threads', i)) !== ranks || String(table.cell('axes.in_place', i) ?? 0) !== inPlace) continue;
    const transport = table.text('tags.transport', i);
    const name = [table.text('implementation', i), transport].filter(Boolean).join(', ');
    const of = curves.get(name);
    if (of) of.push(i);
    else curves.set(name, [i]);
  }
  return [...curves].map(([name, rows]) => ({ name, rows: rows.sort((a, b) => (bytes[a] ?? 0) - (bytes[b] ?? 0)) }))
    .sort((a, b) => a.name.localeCompare(b.name));
}

function caption(run: Run, op: string, curves: Curve[], measure: 'busbw' | 'time'): string {
  const table = run.table('kernel_rows');
  const bus = table.numbers('metrics.busbw_gb_per_s');
  const bytes = table.numbers('axes.bytes');
  const time = table.numbers('timing.median_ns');
  const rows = curves.flatMap((curve) => curve.rows);
  if (rows.length === 0) return `No timed row of ${op}.`;
  const name = (row: number) => table.text('implementation', row);
  if (measure === 'busbw') {
    const best = rows.reduce((a, b) => ((bus[b] ?? 0) > (bus[a] ?? 0) ? b : a));
    return `${op} reaches ${formatNumber(bus[best])} GB/s bus bandwidth at ${formatSize(bytes[best])}, by ${name(best)}; ${count(curves.length, 'algorithm')} in ${count(rows.length, 'row')}.`;
  }
  const least = rows.reduce((a, b) => ((time[b] ?? Infinity) < (time[a] ?? Infinity) ? b : a));
  return `The shortest ${op} takes ${formatMs((time[least] ?? NaN) / 1e6)}, of ${formatSize(bytes[least])} by ${name(least)}.`;
}

function CurveChart({ run, op, curves, measure, pick }: { run: Run; op: string; curves: Curve[]; measure: 'busbw' | 'time'; pick: (row: number) => void }) {
  const { look } = usePage();
  const table = run.table('kernel_rows');
  const bytes = table.numbers('axes.bytes');
  const y = useMemo(() => (measure === 'busbw' ? table.numbers('metrics.busbw_gb_per_s') : table.numbers('timing.median_ns').map((ns) => ns / 1000)), [run, measure]);
  const copy = table.numbers('metrics.copy_gb_per_s');
  const line = useMemo(() => curves.flatMap((c) => c.rows).find((row) => Number.isFinite(copy[row])), [curves]);
  const rows = useMemo(() => curves.flatMap((curve) => curve.rows), [curves]);
  const heights = rows.map((row) => y[row] ?? NaN).filter((value) => value > 0);
  if (measure === 'busbw' && line !== undefined) heights.push(copy[line] ?? NaN);
  const option = useMemo((): EChartsCoreOption => ({
    textStyle: textStyle(look),
    grid: { left: 66, right: 28, top: 20, bottom: 52 },
    xAxis: axis(look, 'message size', { type: 'log', logBase: 2, nameGap: 30, min: Math.min(...rows.map((row) => bytes[row] ?? 1)) / 1.4, max: Math.max(...rows.map((row) => bytes[row] ?? 1)) * 1.4, axisLabel: { formatter: formatSize, color: look.muted, fontSize: 11, showMinLabel: false, showMaxLabel: false } }),
    yAxis: axis(look, measure === 'busbw' ? 'bus bandwidth, GB/s' : 'time, µs', { type: 'log', nameGap: 46, min: Math.min(...heights) / 1.5, max: Math.max(...heights) * 1.5, axisLabel: { formatter: formatTick, color: look.muted, fontSize: 11, showMinLabel: false, showMaxLabel: false } }),
    series: [
      ...curves.map((curve, n) => ({
        type: 'line', name: curve.name, silent: true, symbol: nth(symbols, n), symbolSize: 7,
        lineStyle: { color: nth(look.palette, n), type: nth(dashes, n), width: 2 }, itemStyle: { color: nth(look.palette, n) },
        data: curve.rows.map((row) => [bytes[row], y[row]]),
        ...(n === 0 && measure === 'busbw' && line !== undefined ? { markLine: { silent: true, symbol: 'none', lineStyle: { color: look.muted, type: [4, 4] },
          label: { formatter: `copy ${formatNumber(copy[line])} GB/s`, position: 'insideStartTop', color: look.muted, fontSize: 11 }, data: [{ yAxis: copy[line] }] } } : {}),
      })),
    ],
  }), [curves, y, look]);
  const cursor: Cursor = useMemo(() => {
    const xs = new Float64Array(table.rows).fill(NaN);
    for (const curve of curves) for (const row of curve.rows) xs[row] = bytes[row] ?? NaN;
    return {
      x: xs, y, pick,
      say: (row) => [
        `${table.text('implementation', row)}, ${formatSize(bytes[row])}`,
        `${formatNumber(table.numbers('metrics.busbw_gb_per_s')[row])} GB/s bus, ${formatNumber(table.numbers('metrics.algbw_gb_per_s')[row])} GB/s algorithm`,
        `${formatMs((table.numbers('timing.median_ns')[row] ?? NaN) / 1e6)}, ${formatMs((table.numbers('timing.low_ns')[row] ?? NaN) / 1e6)} to ${formatMs((table.numbers('timing.high_ns')[row] ?? NaN) / 1e6)}`,
      ],
    };
  }, [curves, y]);
  const model: TableModel = useMemo(() => curveTable(run, curves, pick), [curves]);
  return (
    <Chart name={`${op}_${measure}`} title={measure === 'busbw' ? `${op}: bus bandwidth` : `${op}: time`} height={330} option={option} cursor={cursor} table={model}
      caption={caption(run, op, curves, measure)} legend={curves.map((curve, n) => ({ name: curve.name, color: nth(look.palette, n), symbol: nth(symbols, n) }))} />
  );
}

function curveTable(run: Run, curves: Curve[], pick: (row: number) => void): TableModel {
  const table = run.table('kernel_rows');
  const rows = curves.flatMap((curve) => curve.rows);
  const at = (i: number) => rows[i] ?? 0;
  const column = (name: string, title: string, unit = '') => ({ name, title, unit, cell: (i: number) => table.cell(name, at(i)) });
  return {
    name: 'collectives', label: 'Collectives', rows: rows.length, onRow: (i) => pick(at(i)), rowKey: (i) => String(at(i)),
    columns: [
      column('implementation', 'algorithm'), { ...column('axes.bytes', 'size'), shown: (i: number) => <span class="num" data-value={String(table.cell('axes.bytes', at(i)))}>{formatSize(table.numbers('axes.bytes')[at(i)])}</span> }, column('threads', 'ranks'),
      column('timing.median_ns', 'median', 'ns'), column('timing.low_ns', 'low', 'ns'), column('timing.high_ns', 'high', 'ns'),
      column('metrics.algbw_gb_per_s', 'algbw, GB/s'), column('metrics.busbw_gb_per_s', 'busbw, GB/s'),
      column('metrics.predicted_over_measured_time', 'predicted / measured'), column('timing.preempted_share', 'preempted', 'share'),
      ...(table.has('suspect') ? [column('suspect', 'suspect')] : []),
    ],
  };
}

export function Communication() {
  const { route, go } = usePage();
  const { runs, run } = useChosen((one) => one.isCollectives);
  const table = run?.table('kernel_rows');
  const ops = table ? table.texts('op') : [];
  const op = ops.includes(route.params['op'] ?? '') ? (route.params['op'] ?? '') : (ops[0] ?? '');
  const ranks = useMemo(() => (table ? [...new Set(Array.from(table.numbers('threads'), String))].sort((a, b) => Number(b) - Number(a)) : []), [table]);
  const world = ranks.includes(route.params['ranks'] ?? '') ? (route.params['ranks'] ?? '') : (ranks[0] ?? '');
  const inPlace = route.params['in'] === '1' ? '1' : '0';
  const curves = useMemo(() => (run ? curvesOf(run, op, world, inPlace) : []), [run, op, world, inPlace]);
  const pick = (row: number) => go({ row: String(row) });
  const model = useMemo(() => (run ? curveTable(run, curves, pick) : null), [run, curves, route]);
  if (!run || !table || !model) {
    return (
      <>
        <header class="heading"><h1>Communication</h1></header>
        <Empty what="No collectives are among the files." command="inferbench bench collectives --op all_reduce -b 1K -e 64M -f 4 --json collectives.json" />
      </>
    );
  }
  const picked = Number(route.params['row'] ?? NaN);
  return (
    <>
      <Heading title="Communication" run={run}>{caption(run, op, curves, 'busbw')}</Heading>
      <div class="controls">
        <RunChoice runs={runs} run={run} />
        <Choice label="Collective" name="op" value={op} fallback={ops[0] ?? ''} options={ops.map((one) => ({ value: one, text: one }))} />
        <Choice label="Ranks" name="ranks" value={world} fallback={ranks[0] ?? ''} options={ranks.map((one) => ({ value: one, text: one }))} />
        <Choice label="Buffers" name="in" value={inPlace} fallback="0" options={[{ value: '0', text: 'out of place' }, { value: '1', text: 'in place' }]} />
      </div>
      <CurveChart run={run} op={op} curves={curves} measure="busbw" pick={pick} />
      <CurveChart run={run} op={op} curves={curves} measure="time" pick={pick} />
      {Number.isInteger(picked) && picked >= 0 && picked < table.rows &&
        <Samples name={table.text('id', picked)} values={table.list(table.text('timing.clock', picked) === 'cpu' ? 'timing.cpu_ns' : 'timing.wall_ns', picked)} />}
      <section><h2>Rows</h2><DataTable model={model} /></section>
    </>
  );
}
