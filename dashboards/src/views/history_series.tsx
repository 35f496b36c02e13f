import { useMemo } from 'preact/hooks';
import { Chart } from '../chart/chart.tsx';
import type { Cursor } from '../chart/cursor.ts';
import type { EChartsCoreOption } from '../chart/echarts.ts';
import { axis, nth, symbols, textStyle, type Look } from '../chart/look.ts';
import { matches, type Followed, type History } from '../data/history.ts';
import { count, formatNumber, formatSigned, formatTick, formatUnit } from '../lib/format.ts';
import { usePage } from '../parts/context.ts';
import type { TableModel } from '../parts/data_table.tsx';

interface Shown { point: number; time: number; y: number; low: number | undefined; high: number | undefined; group: string }

// Points of nights that count; of ratios grouped by anchor, of values by hardware.
function shownPoints(store: History, series: Followed, basis: string): Shown[] {
  return series.night.flatMap((n, point) => {
    const night = store.nights[n];
    const y = basis === 'ratio' ? series.ratio[point] : series.value[point];
    if (!night || night.invalid || y === undefined) return [];
    return [{
      point, time: night.time, y,
      low: basis === 'ratio' ? series.ratioLow[point] : series.low[point], high: basis === 'ratio' ? series.ratioHigh[point] : series.high[point],
      group: series.exact ? 'exact' : basis === 'ratio' ? `to ${night.anchor}` : night.hardware || 'hardware not told',
    }];
  });
}

function caption(series: Followed, shown: Shown[], basis: string, steps: number): string {
  const last = shown.at(-1);
  if (!last) return 'No run of this series counts.';
  const said = basis === 'ratio' ? `${formatNumber(last.y)} of the anchor` : formatUnit(last.y, series.unit);
  const range = last.low !== undefined && last.high !== undefined ? ` (${formatNumber(last.low)} to ${formatNumber(last.high)})` : '';
  return `${series.name}: last ${said}${range}, ${count(shown.length, 'run')} that ${shown.length === 1 ? 'counts' : 'count'}, ${count(steps, 'recent step')}; ${series.better} is better.`;
}

function pointTable(store: History, series: Followed, shown: Shown[]): TableModel {
  const of = (i: number) => shown[i]?.point ?? 0;
  const night = (i: number) => store.nights[series.night[of(i)] ?? 0];
  return {
    name: 'history', label: series.name, rows: shown.length,
    columns: [
      { name: 'time_utc', title: 'time, UTC', cell: (i) => night(i)?.day },
      { name: 'commit', title: 'commit', cell: (i) => night(i)?.commit },
      { name: 'value', title: 'value', unit: series.unit, cell: (i) => series.value[of(i)] },
      { name: 'low', title: 'low', unit: series.unit, cell: (i) => series.low[of(i)] },
      { name: 'high', title: 'high', unit: series.unit, cell: (i) => series.high[of(i)] },
      { name: 'ratio', title: 'ratio', cell: (i) => series.ratio[of(i)] },
      { name: 'ratio_low', title: 'ratio, low', cell: (i) => series.ratioLow[of(i)] },
      { name: 'ratio_high', title: 'ratio, high', cell: (i) => series.ratioHigh[of(i)] },
      { name: 'verdict', title: 'verdict', cell: (i) => series.verdict[of(i)] || undefined },
      { name: 'anchor', title: 'anchor', cell: (i) => night(i)?.anchor || undefined },
      { name: 'hardware', title: 'hardware', cell: (i) => night(i)?.hardware || undefined },
    ],
  };
}

// The interval of each point as a band behind the group's points.
function bandSeries(of: Shown[], color: string, name: string): object[] {
  const known = of.filter((one) => one.low !== undefined && one.high !== undefined);
  if (known.length < 2) return [];
  const line = (data: unknown[], more: object) => ({ type: 'line', silent: true, symbol: 'none', stack: `band ${name}`, stackStrategy: 'all', lineStyle: { width: 0 }, data, ...more });
  return [
    line(known.map((one) => [one.time, one.low]), {}),
    line(known.map((one) => [one.time, (one.high ?? 0) - (one.low ?? 0)]), { areaStyle: { color, opacity: 0.18 } }),
  ];
}

function uprights(store: History, series: Followed, index: number, look: Look): object[] {
  const label = (text: string, color: string, position: string) => ({ formatter: text, color, position, fontSize: 11, rotate: 0 });
  const steps = store.suspicions.filter((one) => one.series === index).map((one) => {
    const color = one.state === 'open' && one.worse ? look.warn : look.muted;
    return { xAxis: store.nights[one.at]?.time, lineStyle: { color, type: 'solid', width: 1.5 }, label: label(`${formatSigned(one.change)}${one.state === 'open' ? '' : `, ${one.state}`}`, color, 'insideEndTop') };
  });
  const notes = store.notes.filter((one) => !one.series || matches(one.series, series.name)).map((one) => ({
    xAxis: one.time, lineStyle: { color: look.muted, type: [2, 3] }, label: label(one.kind, look.muted, 'insideStartTop'),
  }));
  return [...steps, ...notes];
}

export function SeriesChart({ store, series, basis, index }: { store: History; series: Followed; basis: string; index: number }) {
  const { look } = usePage();
  const shown = useMemo(() => shownPoints(store, series, basis), [store, series, basis]);
  const groups = useMemo(() => [...new Set(shown.map((one) => one.group))], [shown]);
  const levels = useMemo(() => series.levels.filter((level) => (basis === 'ratio') === (level.basis === 'ratio')), [series, basis]);
  const steps = store.suspicions.filter((one) => one.series === index).length;
  const option = useMemo((): EChartsCoreOption => ({
    useUTC: true, textStyle: textStyle(look),
    grid: { left: 78, right: 28, top: 18, bottom: 50 },
    xAxis: axis(look, 'time of the run, UTC', { type: 'time', nameGap: 30 }),
    yAxis: axis(look, basis === 'ratio' ? 'ratio to the anchor' : series.unit || 'value', { type: 'value', scale: true, nameGap: 56, axisLabel: { formatter: formatTick, color: look.muted, fontSize: 11 } }),
    series: [
      ...groups.flatMap((group, n) => bandSeries(shown.filter((one) => one.group === group), nth(look.palette, n), group)),
      ...levels.map((level) => ({
        type: 'line', silent: true, symbol: 'none', lineStyle: { color: look.text, width: 1.5, type: [6, 3] },
        data: [[store.nights[level.from]?.time, level.level], [store.nights[level.to]?.time, level.level]],
      })),
      ...groups.map((group, n) => ({
        type: 'scatter', silent: true, symbol: nth(symbols, n), symbolSize: 6, itemStyle: { color: nth(look.palette, n) },
        data: shown.filter((one) => one.group === group).map((one) => [one.time, one.y]),
        ...(n === 0 ? { markLine: { silent: true, symbol: 'none', data: uprights(store, series, index, look) } } : {}),
      })),
    ],
  }), [shown, levels, look]);
  const cursor: Cursor = useMemo(() => ({
    x: Float64Array.from(shown, (one) => one.time), y: Float64Array.from(shown, (one) => one.y),
    say: (i) => {
      const one = shown[i]!;
      const night = store.nights[series.night[one.point] ?? 0];
      const range = one.low === undefined ? [] : [`${formatNumber(one.low)} to ${formatNumber(one.high)}`];
      return [`${night?.day}, ${night?.commit || 'no commit told'}`, basis === 'ratio' ? `${formatNumber(one.y)} of the anchor` : formatUnit(one.y, series.unit), ...range, one.group];
    },
  }), [shown]);
  const table = useMemo(() => pointTable(store, series, shown), [shown]);
  return (
    <Chart name="history" title={series.name} height={360} option={option} cursor={cursor} table={table} caption={caption(series, shown, basis, steps)}
      legend={groups.map((name, n) => ({ name, color: nth(look.palette, n), symbol: nth(symbols, n) }))} />
  );
}
