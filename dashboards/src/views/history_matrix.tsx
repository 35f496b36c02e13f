import { useMemo } from 'preact/hooks';
import { Chart } from '../chart/chart.tsx';
import type { Cursor } from '../chart/cursor.ts';
import type { EChartsCoreOption } from '../chart/echarts.ts';
import { axis, textStyle } from '../chart/look.ts';
import { matrixOf, type History } from '../data/history.ts';
import { count, formatSigned } from '../lib/format.ts';
import { usePage } from '../parts/context.ts';
import type { TableModel } from '../parts/data_table.tsx';

const mostRows = 60; // what one can tell apart
const mostColumns = 120;
const fullScale = 0.1; // change with the full colour

// More is orange, less is blue, in both themes; about the first level is the surface.
function tint(change: number, dark: boolean): string {
  const s = Math.min(1, Math.abs(change) / fullScale);
  const from = dark ? [34, 41, 51] : [240, 243, 246];
  const to = change > 0 ? (dark ? [242, 160, 90] : [200, 90, 0]) : dark ? [98, 176, 244] : [11, 98, 176];
  return `rgb(${from.map((f, i) => Math.round(f + s * ((to[i] ?? f) - f))).join(' ')})`;
}

// Series by runs: a step of the whole suite is a column that all rows share.
export function HistoryMatrix({ store, pick }: { store: History; pick: (series: number) => void }) {
  const { look } = usePage();
  const matrix = useMemo(() => matrixOf(store, mostRows, mostColumns), [store]);
  const { rows, columns, cells } = matrix;
  const option = useMemo((): EChartsCoreOption => ({
    textStyle: textStyle(look),
    grid: { left: 260, right: 30, top: 8, bottom: 34 },
    xAxis: axis(look, '', { type: 'category', data: columns.map((column) => column.label), splitLine: { show: false }, axisTick: { show: false } }),
    yAxis: axis(look, '', { type: 'category', inverse: true, data: rows.map((row) => row.name), splitLine: { show: false }, axisTick: { show: false }, axisLabel: { color: look.text, fontSize: 11, width: 240, overflow: 'truncate', interval: 0 } }),
    series: [{
      type: 'custom', silent: true, encode: { x: 0, y: 1 },
      data: cells.map((cell) => [cell.column, cell.row, cell.change]),
      renderItem: (_: unknown, api: { value(d: number): number; coord(at: [number, number]): [number, number]; size(of: [number, number]): [number, number] }) => {
        const [x, y] = api.coord([api.value(0), api.value(1)]);
        const [width, height] = api.size([1, 1]);
        return { type: 'rect', shape: { x: x - width / 2, y: y - height / 2 + 0.5, width: Math.max(1, width - (width > 4 ? 1 : 0)), height: height - 1 }, style: { fill: tint(api.value(2), look.dark) } };
      },
    }],
  }), [matrix, look]);
  const cursor: Cursor = useMemo(() => ({
    x: Float64Array.from(cells, (cell) => cell.column), y: Float64Array.from(cells, (cell) => cell.row),
    order: cells.map((_, n) => n),
    say: (n) => {
      const cell = cells[n]!;
      const column = columns[cell.column]!;
      const night = store.nights[column.from];
      return [rows[cell.row]?.name ?? '', `${night?.day}${column.to > column.from ? ` to ${store.nights[column.to]?.day}, median` : `, ${night?.commit}`}`, formatSigned(cell.change)];
    },
    pick: (n) => pick(rows[cells[n]?.row ?? 0]?.series ?? 0),
  }), [matrix]);
  const table: TableModel = useMemo(() => ({
    name: 'history_matrix', label: 'Series by runs', rows: cells.length,
    columns: [
      { name: 'series', title: 'series', cell: (i) => rows[cells[i]?.row ?? 0]?.name },
      { name: 'from', title: 'run', cell: (i) => store.nights[columns[cells[i]?.column ?? 0]?.from ?? 0]?.day },
      { name: 'change', title: 'change', unit: 'share', cell: (i) => cells[i]?.change },
    ],
  }), [matrix]);
  if (rows.length < 2 || columns.length < 2) return null;
  const far = cells.filter((cell) => Math.abs(cell.change) > 0.05).length;
  const width = (columns[0]?.to ?? 0) - (columns[0]?.from ?? 0) + 1;
  const left = rows.length < matrix.of.rows ? `the ${rows.length} of ${matrix.of.rows} series that move most` : count(rows.length, 'series', 'series');
  const together = width > 1 ? `, ${width} runs together (their median)` : '';
  return (
    <Chart name="history_matrix" title="All series over runs" height={54 + Math.max(8, 20) * rows.length} option={option} cursor={cursor} table={table}
      caption={`${left[0]?.toUpperCase()}${left.slice(1)} over ${count(matrix.of.nights, 'run')}${together}; ${far} of ${count(cells.length, 'cell')} lie more than 5 % from the anchor or their first level (more: orange, less: blue, full colour at 10 %).`} />
  );
}
