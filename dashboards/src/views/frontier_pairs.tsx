import { useMemo } from 'preact/hooks';
import { Chart } from '../chart/chart.tsx';
import type { Cursor } from '../chart/cursor.ts';
import type { EChartsCoreOption } from '../chart/echarts.ts';
import { axis, nth, textStyle, type Look } from '../chart/look.ts';
import { hasBand, pairsOf, withinBand, type Pair } from '../data/pairs.ts';
import type { Measure, Points } from '../data/points.ts';
import { median } from '../data/validation.ts';
import { count, formatPercent, formatSigned, formatTick, formatUnit } from '../lib/format.ts';
import { usePage } from '../parts/context.ts';
import type { TableModel } from '../parts/data_table.tsx';

export function pairsCaption(pairs: Pair[], y: Measure): string {
  const errors = pairs.map((pair) => Math.abs(pair.error));
  const banded = pairs.filter(hasBand);
  const within = banded.filter(withinBand).length;
  const bands = banded.length === 0
    ? 'No file says how far measurements scatter.'
    : `${within} of ${banded.length} lie within the band of what was measured.`;
  return `${y.title} of ${count(pairs.length, 'configuration')} modelled beside measured: half are within ${formatPercent(median(errors))}, all within ${formatPercent(Math.max(...errors))}. ${bands}`;
}

interface Api {
  value(dimension: number): number;
  coord(at: [number, number]): [number, number];
}

// Vertical bars from low to high, of data [x, low, high].
function bars(data: [number, number, number][], color: string): object {
  return {
    type: 'custom', silent: true, data, encode: { x: 0, y: [1, 2] }, z: 2,
    renderItem: (_: unknown, api: Api) => {
      const [x, low] = api.coord([api.value(0), api.value(1)]);
      const [, high] = api.coord([api.value(0), api.value(2)]);
      const line = (x1: number, y1: number, x2: number, y2: number) => ({ type: 'line', shape: { x1, y1, x2, y2 }, style: { stroke: color, lineWidth: 2 } });
      return { type: 'group', children: [line(x, low, x, high), line(x - 5, low, x + 5, low), line(x - 5, high, x + 5, high)] };
    },
  };
}

function pairsOption(pairs: Pair[], names: string[], y: Measure, look: Look): EChartsCoreOption {
  const measured = nth(look.palette, 0);
  const modelled = nth(look.palette, 1);
  const band = (of: 'measured' | 'modelled'): [number, number, number][] =>
    pairs.flatMap((pair, i) => (pair[of].high > pair[of].low ? [[i, pair[of].low, pair[of].high] as [number, number, number]] : []));
  return {
    textStyle: textStyle(look),
    grid: { left: 70, right: 24, top: 14, bottom: 72 },
    xAxis: axis(look, 'configuration', { type: 'category', data: names, nameGap: 50, axisLabel: { color: look.muted, fontSize: 11, rotate: pairs.length > 6 ? 30 : 0, hideOverlap: true } }),
    yAxis: axis(look, y.title, { type: 'value', min: 0, nameGap: 50, axisLabel: { formatter: formatTick, color: look.muted, fontSize: 11 } }),
    series: [
      bars(band('measured'), measured), bars(band('modelled'), modelled),
      { type: 'scatter', silent: true, symbol: 'circle', symbolSize: 10, itemStyle: { color: measured }, data: pairs.map((pair, i) => [i, pair.measured.value]), z: 3 },
      { type: 'scatter', silent: true, symbol: 'diamond', symbolSize: 12, itemStyle: { color: modelled }, data: pairs.map((pair, i) => [i, pair.modelled.value]), z: 3 },
    ],
  };
}

function pairsTable(pairs: Pair[], names: string[], y: Measure): TableModel {
  const of = (row: number) => pairs[row];
  const number = (name: string, title: string, cell: (pair: Pair) => number) =>
    ({ name, title, unit: y.unit, cell: (row: number) => { const pair = of(row); return pair && cell(pair); } });
  return {
    name: 'modelled_beside_measured', label: 'Modelled beside measured', rows: pairs.length,
    columns: [
      { name: 'configuration', title: 'configuration', cell: (row) => names[row] },
      number('measured', 'measured', (pair) => pair.measured.value),
      number('measured_low', 'low', (pair) => pair.measured.low),
      number('measured_high', 'high', (pair) => pair.measured.high),
      number('modelled', 'modelled', (pair) => pair.modelled.value),
      { name: 'error', title: 'error', cell: (row) => of(row)?.error,
        shown: (row) => <span class="num" data-value={String(of(row)?.error)}>{formatSigned(of(row)?.error ?? NaN)}</span> },
      { name: 'runs', title: 'runs measured', cell: (row) => of(row)?.measured.points.length },
    ],
  };
}

// Configurations that one of the runs modelled and another measured, side by side.
export function PairsChart({ points, y }: { points: Points; y: Measure }) {
  const { look, go } = usePage();
  const pairs = useMemo(() => pairsOf(points, points.column(y.column)), [points, y]);
  const names = useMemo(() => pairs.map((pair) => points.label(pair.point)), [pairs]);
  const option = useMemo(() => pairsOption(pairs, names, y, look), [pairs, names, y, look]);
  const table = useMemo(() => pairsTable(pairs, names, y), [pairs, names, y]);
  const cursor: Cursor = useMemo(() => ({
    x: Float64Array.from(pairs, (_, i) => i), y: Float64Array.from(pairs, (pair) => pair.measured.value),
    say: (i) => {
      const pair = pairs[i];
      if (!pair) return [];
      return [
        names[i] ?? '', `measured ${formatUnit(pair.measured.value, y.unit)}${hasBand(pair) ? `, ${formatUnit(pair.measured.low, y.unit)} to ${formatUnit(pair.measured.high, y.unit)}` : ''}`,
        `modelled ${formatUnit(pair.modelled.value, y.unit)}, ${formatSigned(pair.error)}`,
      ];
    },
    pick: (i) => go({ point: points.key(pairs[i]?.point ?? 0) }),
  }), [pairs, names, y, go]);
  if (pairs.length === 0) return null;
  return (
    <>
      <Chart name="modelled_beside_measured" title={`${y.title}: modelled beside measured`} caption={pairsCaption(pairs, y)} option={option} height={340} cursor={cursor} table={table}
        legend={[{ name: 'measured or emulated', color: nth(look.palette, 0), symbol: 'circle' }, { name: 'modelled', color: nth(look.palette, 1), symbol: 'diamond' }]} />
      <p class="muted">Bands go from the least to the most of the runs of a configuration; of a sweep of slices they are widened by half of how far apart quartiles of its widest slice lie.{points.runs.some((run) => run.method === 'emulated') && ' Emulated runs were measured on a stand-in for the GPU named: their errors say how far the two machines are apart, too.'}</p>
    </>
  );
}
