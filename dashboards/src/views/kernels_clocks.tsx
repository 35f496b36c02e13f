import { useMemo } from 'preact/hooks';
import { Chart } from '../chart/chart.tsx';
import type { Cursor } from '../chart/cursor.ts';
import type { EChartsCoreOption } from '../chart/echarts.ts';
import { axis, nth, symbols, textStyle, type Look } from '../chart/look.ts';
import { rowName } from '../data/kernels.ts';
import type { Run } from '../data/runs.ts';
import type { Table } from '../data/table.ts';
import { median } from '../data/validation.ts';
import { count, formatMs, formatPercent } from '../lib/format.ts';
import { usePage } from '../parts/context.ts';
import type { TableModel } from '../parts/data_table.tsx';

const most = 60;

// Which clocks of a GPU say what of one run; a row has some of them.
const clocks = [
  { column: 'device.event_ns', title: 'events' },
  { column: 'device.cupti_span_ns', title: 'CUPTI span' },
  { column: 'device.cupti_busy_ns', title: 'CUPTI busy' },
  { column: 'device.graph_ns', title: 'graph replay' },
];

const ms = (ns: number | undefined) => formatMs((ns ?? NaN) / 1e6);

export function clocksCaption(rows: Table, listed: number[]): string {
  const gap = rows.numbers('device.gap_ns');
  const span = rows.numbers('device.cupti_span_ns');
  const known = listed.filter((row) => Number.isFinite(gap[row])).sort((a, b) => (gap[b] ?? 0) - (gap[a] ?? 0));
  const widest = known[0];
  if (widest === undefined) return `${count(listed.length, 'row')} timed on a GPU; none has both events and CUPTI's span.`;
  const middle = median(known.map((row) => gap[row] ?? NaN));
  const tax = Math.max(...known.map((row) => rows.numbers('device.tracing_tax')[row] ?? NaN).filter(Number.isFinite));
  const traced = Number.isFinite(tax) ? ` Tracing adds up to ${formatPercent(tax)} to what events say.` : '';
  return `Events say ${ms(middle)} more than CUPTI's span in the median of ${count(known.length, 'row')}, at most ${ms(gap[widest])} (${formatPercent((gap[widest] ?? NaN) / (span[widest] ?? NaN))} of the span) for ${rowName(rows, widest)}.${traced}`;
}

function clocksOption(rows: Table, listed: number[], look: Look): EChartsCoreOption {
  const line = listed.flatMap((row, n) => {
    const values = clocks.map((clock) => rows.numbers(clock.column)[row] ?? NaN).filter((ns) => ns > 0);
    return values.length > 1 ? [[Math.min(...values), Math.max(...values), n]] : [];
  });
  const ends = line.flatMap(([low, high]) => [low ?? 1, high ?? 1]).concat(listed.map((row) => rows.numbers('device.event_ns')[row] || 1));
  const low = Math.min(...ends) / 1.2; // whole decades would leave most of the axis empty
  const high = Math.max(...ends) * 1.2;
  return {
    textStyle: textStyle(look),
    grid: { left: 320, right: 30, top: 8, bottom: 46 },
    xAxis: axis(look, 'time of one run', {
      type: 'log', logBase: high / low < 200 ? 2 : 10, min: low, max: high, nameGap: 28,
      axisLabel: { formatter: (ns: number) => ms(ns), color: look.muted, fontSize: 11, showMinLabel: false, showMaxLabel: false },
    }),
    yAxis: axis(look, '', { type: 'category', inverse: true, data: listed.map((row) => rowName(rows, row)), axisLabel: { color: look.text, fontSize: 11, width: 300, overflow: 'truncate' } }),
    series: [
      {
        type: 'custom', silent: true, data: line, encode: { x: [0, 1], y: 2 },
        renderItem: (_: unknown, api: { value(d: number): number; coord(at: [number, number]): [number, number] }) => {
          const [x1, y1] = api.coord([api.value(0), api.value(2)]);
          const [x2] = api.coord([api.value(1), api.value(2)]);
          return { type: 'line', shape: { x1, y1, x2, y2: y1 }, style: { stroke: look.line, lineWidth: 2 } };
        },
      },
      ...clocks.map((clock, k) => ({
        type: 'scatter', silent: true, symbol: nth(symbols, k), symbolSize: 9, itemStyle: { color: nth(look.palette, k) },
        data: listed.flatMap((row, n) => { const ns = rows.numbers(clock.column)[row] ?? NaN; return ns > 0 ? [[ns, n]] : []; }),
      })),
    ],
  };
}

function clocksTable(rows: Table, all: number[]): TableModel {
  const at = (i: number) => all[i] ?? -1;
  const cell = (name: string, title: string, unit: string) => ({ name, title, unit, cell: (i: number) => rows.cell(name, at(i)) });
  return {
    name: 'clocks', label: 'What the clocks of the GPU say', rows: all.length,
    columns: [
      { name: 'row', title: 'row', cell: (i) => rowName(rows, at(i)) },
      ...clocks.map((clock) => cell(clock.column, clock.title, 'ns')),
      cell('device.gap_ns', 'gap', 'ns'), cell('device.tracing_tax', 'tracing tax', 'share'), cell('device.timer', 'headline', ''),
      cell('device.fallback', 'why no CUPTI', ''),
    ],
  };
}

// Events beside CUPTI's span and busy time and graph replay, row by row, the widest gap first.
export function Clocks({ run, shown, pick }: { run: Run; shown: number[]; pick: (row: number) => void }) {
  const { look } = usePage();
  const rows = run.table('kernel_rows');
  const all = useMemo(() => {
    const events = rows.numbers('device.event_ns');
    const gap = rows.numbers('device.gap_ns');
    const wide = (row: number) => (Number.isFinite(gap[row]) ? (gap[row] ?? 0) : -Infinity);
    return shown.filter((row) => Number.isFinite(events[row])).sort((a, b) => (wide(a) === wide(b) ? a - b : wide(b) - wide(a)));
  }, [run, shown]);
  const listed = useMemo(() => all.slice(0, most), [all]);
  const option = useMemo(() => clocksOption(rows, listed, look), [run, listed, look]);
  const table = useMemo(() => clocksTable(rows, all), [run, all]);
  const cursor: Cursor = useMemo(() => ({
    x: Float64Array.from(listed, (row) => rows.numbers('device.event_ns')[row] ?? NaN), y: Float64Array.from(listed, (_, n) => n), order: listed.map((_, n) => n),
    say: (n) => {
      const row = listed[n] ?? -1;
      const said = clocks.map((clock) => [clock.title, rows.numbers(clock.column)[row] ?? NaN] as const).filter(([, ns]) => Number.isFinite(ns));
      const gap = rows.cell('device.gap_ns', row);
      return [rowName(rows, row), ...said.map(([title, ns]) => `${title} ${ms(ns)}`), ...(typeof gap === 'number' ? [`gap ${ms(gap)}`] : []),
        ...(rows.text('device.fallback', row) ? [rows.text('device.fallback', row)] : [])];
    },
    pick: (n) => { const row = listed[n]; if (row !== undefined) pick(row); },
  }), [run, listed]);
  if (all.length === 0) return null;
  const used = clocks.filter((clock) => all.some((row) => Number.isFinite(rows.numbers(clock.column)[row])));
  return (
    <Chart name="clocks" title="Events beside CUPTI" height={70 + 22 * listed.length} option={option} cursor={cursor} table={table}
      caption={clocksCaption(rows, all) + (all.length > listed.length ? ` The ${listed.length} with the widest gaps are drawn.` : '')}
      legend={used.map((clock) => ({ name: clock.title, color: nth(look.palette, clocks.indexOf(clock)), symbol: nth(symbols, clocks.indexOf(clock)) }))} />
  );
}
