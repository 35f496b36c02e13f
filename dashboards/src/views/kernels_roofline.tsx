import { useMemo } from 'preact/hooks';
import { Chart } from '../chart/chart.tsx';
import type { Cursor } from '../chart/cursor.ts';
import type { EChartsCoreOption } from '../chart/echarts.ts';
import { axis, dashes, nth, symbols, textStyle } from '../chart/look.ts';
import { roofs, rowName } from '../data/kernels.ts';
import type { Run } from '../data/runs.ts';
import { count, formatMs, formatNumber, formatPercent, formatTick } from '../lib/format.ts';
import { usePage } from '../parts/context.ts';
import type { TableModel } from '../parts/data_table.tsx';

// Achieved GFLOP/s over FLOP per byte, under the machine's roofs measured in the same run.
export function Roofline({ run, shown, pick }: { run: Run; shown: number[]; pick: (row: number) => void }) {
  const { look } = usePage();
  const rows = run.table('kernel_rows');
  const x = rows.numbers('intensity_flop_per_byte');
  const y = rows.numbers('gflop_per_s');
  const all = useMemo(() => roofs(run), [run]);
  const points = useMemo(() => shown.filter((i) => (x[i] ?? 0) > 0 && (y[i] ?? 0) > 0), [run, shown]);
  const formats = useMemo(() => [...new Set(points.map((i) => rows.text('format', i)))].sort(), [points]);
  const span = useMemo(() => {
    const xs = points.map((i) => x[i] ?? 1);
    return { from: Math.min(...xs, 0.1) / 1.5, to: Math.max(...xs, 100) * 1.5 };
  }, [points]);
  const option = useMemo((): EChartsCoreOption => {
    const compute = all.filter((roof) => !roof.memory);
    const memory = all.filter((roof) => roof.memory);
    const peak = Math.max(...compute.map((roof) => roof.rate), 1);
    // A name that would lie on the one before it is left to the table.
    const named = (roof: { rate: number }, of: { rate: number }[]) => !of.some((other) => other.rate > roof.rate && other.rate < roof.rate * 1.15);
    const label = (name: string, end: boolean) => ({ show: name !== '', formatter: name, position: end ? 'insideEndTop' : 'insideStartTop', color: look.muted, fontSize: 10 });
    const line = (name: string, data: [number, number][], dash: string | number[], end: boolean) => ({
      type: 'line', name, data, silent: true, showSymbol: false, z: 1,
      lineStyle: { color: look.line, width: 1.5, type: dash },
      markLine: { silent: true, symbol: 'none', lineStyle: { color: look.line, width: 1.5, type: dash }, label: label(name, end),
        data: [[{ coord: data[0] }, { coord: data[1] }]] },
    });
    return {
      textStyle: textStyle(look),
      grid: { left: 66, right: 28, top: 16, bottom: 52 },
      xAxis: axis(look, 'FLOP per byte moved', { type: 'log', min: span.from, max: span.to, nameGap: 30, axisLabel: { formatter: formatTick, color: look.muted, fontSize: 11, showMinLabel: false, showMaxLabel: false } }),
      yAxis: axis(look, 'GFLOP/s', { type: 'log', nameGap: 44, max: peak * 2, axisLabel: { formatter: formatTick, color: look.muted, fontSize: 11, showMaxLabel: false } }),
      series: [
        ...memory.map((roof, n) => line(named(roof, memory) ? `${roof.probe} ${formatNumber(roof.rate)} GB/s` : '', [[span.from, roof.rate * span.from], [Math.min(span.to, peak / roof.rate), Math.min(roof.rate * span.to, peak)]], nth(dashes, n), false)),
        ...compute.map((roof, n) => line(named(roof, compute) ? `${roof.probe} ${formatNumber(roof.rate)}` : '', [[span.from, roof.rate], [span.to, roof.rate]], nth(dashes, n), true)),
        ...formats.map((format, n) => ({
          type: 'scatter', name: format, silent: true, symbol: nth(symbols, n), symbolSize: 9, z: 3,
          itemStyle: { color: nth(look.palette, n), borderColor: look.surface, borderWidth: 1 },
          data: points.filter((i) => rows.text('format', i) === format).map((i) => [x[i], y[i]]),
        })),
      ],
    };
  }, [run, points, formats, all, look]);
  const cursor: Cursor = useMemo(() => {
    const xs = new Float64Array(rows.rows).fill(NaN);
    for (const i of points) xs[i] = x[i] ?? NaN;
    return {
      x: xs, y, pick,
      say: (i) => [
        rowName(rows, i),
        `${formatNumber(y[i])} GFLOP/s at ${formatNumber(x[i])} FLOP per byte`,
        `median ${formatMs((rows.numbers('timing.median_ns')[i] ?? NaN) / 1e6)}`,
        ...(rows.text('roof.probe', i) ? [`${formatPercent(rows.numbers('roof.share')[i])} of ${rows.text('roof.probe', i)}`] : []),
      ],
    };
  }, [run, points]);
  const table: TableModel = useMemo(() => ({
    name: 'roofline', label: 'Points of the roofline', rows: points.length,
    columns: [
      { name: 'row', title: 'row', cell: (i) => rowName(rows, points[i] ?? 0) },
      { name: 'flop_per_byte', title: 'FLOP per byte', cell: (i) => x[points[i] ?? 0] },
      { name: 'gflop_per_s', title: 'GFLOP/s', cell: (i) => y[points[i] ?? 0] },
      { name: 'roof', title: 'roof', cell: (i) => rows.cell('roof.probe', points[i] ?? 0) },
      { name: 'share', title: 'of the roof', unit: 'share', cell: (i) => rows.cell('roof.share', points[i] ?? 0) },
    ],
  }), [run, points]);
  if (points.length === 0) return <p class="muted">No timed row here has both FLOPs and bytes, so there is no roofline.</p>;
  const memoryBound = points.filter((i) => rows.text('roof.probe', i).startsWith('read')).length;
  return (
    <Chart name="roofline" title="Roofline" height={430} option={option} cursor={cursor} table={table}
      caption={`${count(points.length, 'row')} under ${count(all.length, 'roof')} measured in the same run; ${memoryBound} of them are bound by a cache or memory.`}
      legend={formats.map((name, n) => ({ name, color: nth(look.palette, n), symbol: nth(symbols, n) }))} />
  );
}
