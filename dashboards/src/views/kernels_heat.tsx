import { useMemo } from 'preact/hooks';
import { Chart } from '../chart/chart.tsx';
import type { Cursor } from '../chart/cursor.ts';
import type { EChartsCoreOption } from '../chart/echarts.ts';
import { axis, textStyle } from '../chart/look.ts';
import { caseName } from '../data/kernels.ts';
import type { Run } from '../data/runs.ts';
import { count, formatPercent } from '../lib/format.ts';
import { usePage } from '../parts/context.ts';
import type { TableModel } from '../parts/data_table.tsx';

const most = 40; // cases that one can tell apart

// From the surface to the accent by the share of the roof; the number stands in each cell.
function shade(share: number, dark: boolean): string {
  const s = Math.min(1, Math.max(0, share));
  return dark ? `rgb(${Math.round(34 + 20 * s)} ${Math.round(44 + 90 * s)} ${Math.round(58 + 150 * s)})`
    : `rgb(${Math.round(238 - 200 * s)} ${Math.round(243 - 120 * s)} ${Math.round(249 - 60 * s)})`;
}

// Share of the roof of every implementation on every case.
export function HeatMap({ run, shown, pick }: { run: Run; shown: number[]; pick: (row: number) => void }) {
  const { look } = usePage();
  const rows = run.table('kernel_rows');
  const share = rows.numbers('roof.share');
  const { cells, cases, implementations } = useMemo(() => {
    const found = shown.filter((i) => Number.isFinite(share[i]));
    const names = [...new Set(found.map((i) => caseName(rows, i)))].slice(0, most);
    const by = [...new Set(found.map((i) => rows.text('implementation', i)))].sort();
    return {
      cases: names, implementations: by,
      cells: found.filter((i) => names.includes(caseName(rows, i))).map((i) => ({ row: i, x: by.indexOf(rows.text('implementation', i)), y: names.indexOf(caseName(rows, i)) })),
    };
  }, [run, shown]);
  const option = useMemo((): EChartsCoreOption => ({
    textStyle: textStyle(look),
    grid: { left: 320, right: 30, top: 8, bottom: implementations.length > 8 ? 90 : 34 },
    xAxis: axis(look, '', { type: 'category', data: implementations, splitLine: { show: false }, axisLabel: { color: look.text, fontSize: 11, interval: 0, rotate: implementations.length > 8 ? 35 : 0 } }),
    yAxis: axis(look, '', { type: 'category', inverse: true, data: cases, splitLine: { show: false }, axisLabel: { color: look.text, fontSize: 11, width: 300, overflow: 'truncate', interval: 0 } }),
    series: [{
      type: 'custom', silent: true, encode: { x: 0, y: 1 },
      data: cells.map((cell) => [cell.x, cell.y, share[cell.row]]),
      renderItem: (_: unknown, api: { value(d: number): number; coord(at: [number, number]): [number, number]; size(of: [number, number]): [number, number] }) => {
        const [x, y] = api.coord([api.value(0), api.value(1)]);
        const [width, height] = api.size([1, 1]);
        const of = api.value(2);
        return { type: 'group', children: [
          { type: 'rect', shape: { x: x - width / 2 + 1, y: y - height / 2 + 1, width: width - 2, height: height - 2, r: 3 }, style: { fill: shade(of, look.dark) } },
          { type: 'text', style: { text: formatPercent(of), x, y, align: 'center', verticalAlign: 'middle', fontSize: 11, fill: !look.dark && of > 0.65 ? '#ffffff' : look.text } },
        ] };
      },
    }],
  }), [cells, look]);
  const cursor: Cursor = useMemo(() => ({
    x: Float64Array.from(cells, (cell) => cell.x), y: Float64Array.from(cells, (cell) => cell.y),
    order: cells.map((_, n) => n),
    say: (n) => {
      const row = cells[n]?.row ?? 0;
      return [caseName(rows, row), `${rows.text('implementation', row)}: ${formatPercent(share[row])} of ${rows.text('roof.probe', row)}`];
    },
    pick: (n) => cells[n] && pick(cells[n].row),
  }), [cells]);
  const table: TableModel = useMemo(() => ({
    name: 'roof_shares', label: 'Share of the roof', rows: cells.length,
    columns: [
      { name: 'case', title: 'case', cell: (i) => cases[cells[i]?.y ?? 0] },
      { name: 'implementation', title: 'implementation', cell: (i) => implementations[cells[i]?.x ?? 0] },
      { name: 'share', title: 'of the roof', unit: 'share', cell: (i) => share[cells[i]?.row ?? 0] },
    ],
  }), [cells]);
  if (cells.length < 2) return null;
  const low = cells.filter((cell) => (share[cell.row] ?? 1) < 0.5).length;
  return (
    <Chart name="roof_shares" title="Share of the roof, case by case" height={50 + 24 * cases.length} option={option} cursor={cursor} table={table}
      caption={`${count(cases.length, 'case')} by ${count(implementations.length, 'implementation')}; ${low} of ${count(cells.length, 'cell')} reach less than half of what binds them.`} />
  );
}
