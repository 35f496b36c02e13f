import { useMemo } from 'preact/hooks';
import { Chart } from '../chart/chart.tsx';
import type { Cursor } from '../chart/cursor.ts';
import type { EChartsCoreOption } from '../chart/echarts.ts';
import { axis, nth, symbols, textStyle } from '../chart/look.ts';
import { rowName } from '../data/kernels.ts';
import type { Run } from '../data/runs.ts';
import { count, formatNumber } from '../lib/format.ts';
import { usePage } from '../parts/context.ts';
import type { TableModel } from '../parts/data_table.tsx';

const most = 60;

// Speed over the vendor's library and over the reference, with their intervals: right of 1 is faster.
export function Ratios({ run, shown, pick }: { run: Run; shown: number[]; pick: (row: number) => void }) {
  const { look } = usePage();
  const rows = run.table('kernel_rows');
  const all = useMemo(() => {
    const out: { row: number; to: string; speedup: number; low: number; high: number }[] = [];
    for (const to of ['vendor', 'reference']) {
      const speedup = rows.numbers(`ratio.${to}.speedup`);
      for (const row of shown) {
        if (!Number.isFinite(speedup[row])) continue;
        out.push({ row, to, speedup: speedup[row] ?? 1, low: rows.numbers(`ratio.${to}.low`)[row] ?? NaN, high: rows.numbers(`ratio.${to}.high`)[row] ?? NaN });
      }
    }
    return out.sort((a, b) => a.to.localeCompare(b.to) * -1 || a.speedup - b.speedup);
  }, [run, shown]);
  const listed = all.slice(0, most);
  const kinds = [...new Set(listed.map((one) => one.to))];
  const option = useMemo((): EChartsCoreOption => ({
    textStyle: textStyle(look),
    grid: { left: 320, right: 30, top: 8, bottom: 46 },
    xAxis: axis(look, 'times as fast', { type: 'log', logBase: 2, nameGap: 28, axisLabel: { formatter: formatNumber, color: look.muted, fontSize: 11 } }),
    yAxis: axis(look, '', { type: 'category', inverse: true, data: listed.map((one) => rowName(rows, one.row)), axisLabel: { color: look.text, fontSize: 11, width: 300, overflow: 'truncate' } }),
    series: [
      {
        type: 'custom', silent: true, data: listed.map((one, n) => ({ value: [one.low, one.high, n], itemStyle: { color: nth(look.palette, kinds.indexOf(one.to)) } })), encode: { x: [0, 1], y: 2 },
        renderItem: (_: unknown, api: { value(d: number): number; coord(at: [number, number]): [number, number]; style(): object }) => {
          const [x0, y] = api.coord([api.value(0), api.value(2)]);
          const [x1] = api.coord([api.value(1), api.value(2)]);
          return { type: 'rect', shape: { x: x0, y: y - 1, width: Math.max(1, x1 - x0), height: 2 }, style: api.style() };
        },
      },
      ...kinds.map((to, n) => ({
        type: 'scatter', silent: true, symbol: nth(symbols, n), symbolSize: 9, itemStyle: { color: nth(look.palette, n) },
        data: listed.flatMap((one, at) => (one.to === to ? [[one.speedup, at]] : [])),
        ...(n === 0 ? { markLine: { silent: true, symbol: 'none', label: { show: false }, lineStyle: { color: look.text, type: 'solid', width: 1 }, data: [{ xAxis: 1 }] } } : {}),
      })),
    ],
  }), [run, listed, look]);
  const cursor: Cursor = useMemo(() => ({
    x: Float64Array.from(listed, (one) => one.speedup), y: Float64Array.from(listed, (_, n) => n), order: listed.map((_, n) => n),
    say: (n) => {
      const one = listed[n]!;
      return [rowName(rows, one.row), `${formatNumber(one.speedup)} times the ${one.to}'s speed`, `${formatNumber(one.low)} to ${formatNumber(one.high)}`, rows.text(`ratio.${one.to}.implementation`, one.row)];
    },
    pick: (n) => listed[n] && pick(listed[n].row),
  }), [run, listed]);
  const table: TableModel = useMemo(() => ({
    name: 'ratios', label: 'Ratios', rows: all.length,
    columns: [
      { name: 'row', title: 'row', cell: (i) => rowName(rows, all[i]?.row ?? 0) },
      { name: 'over', title: 'over', cell: (i) => all[i]?.to },
      { name: 'speedup', title: 'times as fast', cell: (i) => all[i]?.speedup },
      { name: 'low', title: 'low', cell: (i) => all[i]?.low },
      { name: 'high', title: 'high', cell: (i) => all[i]?.high },
    ],
  }), [all]);
  if (all.length === 0) return null;
  const faster = all.filter((one) => one.low > 1).length;
  const slower = all.filter((one) => one.high < 1).length;
  return (
    <Chart name="ratios" title="Against the vendor's library and the reference" height={70 + 22 * listed.length} option={option} cursor={cursor} table={table}
      caption={`${faster} of ${count(all.length, 'ratio')} are above 1 with their whole interval, ${slower} below${all.length > listed.length ? `; the first ${listed.length} are drawn` : ''}.`}
      legend={kinds.map((to, n) => ({ name: `over the ${to}`, color: nth(look.palette, n), symbol: nth(symbols, n) }))} />
  );
}
