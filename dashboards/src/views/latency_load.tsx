import { useMemo } from 'preact/hooks';
import { Chart } from '../chart/chart.tsx';
import type { Cursor } from '../chart/cursor.ts';
import type { EChartsCoreOption } from '../chart/echarts.ts';
import { axis, nth, textStyle, type Look } from '../chart/look.ts';
import { bestCurve, hasSlo, loadCurves, loadUnit, meetsSlo, type LoadCurve } from '../data/loads.ts';
import type { Run } from '../data/runs.ts';
import { count, formatMs, formatNumber, formatTick } from '../lib/format.ts';
import { knee } from '../lib/knee.ts';
import { usePage } from '../parts/context.ts';
import type { TableModel } from '../parts/data_table.tsx';
import { Choice, Method } from '../parts/small.tsx';

export interface LoadMetric { column: string; title: string }

const metrics: LoadMetric[] = [
  { column: 'ttft_s', title: 'TTFT' },
  { column: 'tpot_s', title: 'TPOT' },
];

const column = (curve: LoadCurve, name: string): number[] => {
  const values = curve.run.table('points').numbers(name);
  return curve.row.map((row) => values[row] ?? NaN);
};

const inMs = (curve: LoadCurve, metric: LoadMetric) => column(curve, metric.column).map((s) => s * 1000);

export function loadCaption(curve: LoadCurve, metric: LoadMetric): string {
  const unit = loadUnit(curve.run);
  const ms = inMs(curve, metric);
  const bend = knee(curve.load, ms);
  const say = (i: number) => `${formatMs(ms[i])} at ${formatNumber(curve.load[i])} ${unit}`;
  const bent = bend === undefined
    ? 'Within these loads the curve has no knee.'
    : `The knee is at ${formatNumber(curve.load[bend])} ${unit} of ${count(curve.load.length, 'load')} tried: ${formatMs(ms[bend])}.`;
  const last = curve.load.map((_, i) => i).filter((i) => meetsSlo(curve, i)).at(-1);
  const slo = !hasSlo(curve.run) ? ''
    : last === undefined ? ' No load meets the SLO.' : ` The highest load that meets the SLO is ${formatNumber(curve.load[last])} ${unit}.`;
  return `${curve.name}: ${metric.title} goes from ${say(0)} to ${say(ms.length - 1)}. ${bent}${slo}`;
}

// Latency above, what a GPU delivers below, over the same loads.
function loadOption(curve: LoadCurve, metric: LoadMetric, look: Look): EChartsCoreOption {
  const ms = inMs(curve, metric);
  const bend = knee(curve.load, ms);
  const high = Math.max(...curve.load) * 1.04;
  const x = (grid: number) => axis(look, grid === 1 ? `offered load, ${loadUnit(curve.run)}` : '', {
    gridIndex: grid, type: 'value', min: 0, max: high, nameGap: 30,
    axisLabel: { show: grid === 1, formatter: formatTick, color: look.muted, fontSize: 11, showMaxLabel: false },
  });
  const at = (values: number[], color: string) => values.map((value, i) => ({
    value: [curve.load[i], value], symbol: meetsSlo(curve, i) ? 'circle' : 'emptyRect', itemStyle: { color },
  }));
  const mark = bend === undefined ? {} : { markLine: {
    silent: true, symbol: 'none', lineStyle: { color: look.warn, type: [4, 4], width: 1.5 },
    data: [{ xAxis: curve.load[bend], label: { formatter: 'knee', color: look.warn, fontSize: 11 } }],
  } };
  const line = (grid: number, values: number[], color: string, more: object) => ({
    type: 'line', silent: true, xAxisIndex: grid, yAxisIndex: grid, data: at(values, color), symbolSize: 9, lineStyle: { color, width: 2 }, ...more,
  });
  return {
    textStyle: textStyle(look),
    grid: [{ left: 74, right: 28, top: 24, height: 190 }, { left: 74, right: 28, top: 246, height: 96 }],
    xAxis: [x(0), x(1)],
    yAxis: [
      axis(look, `${metric.title}, ms`, { gridIndex: 0, type: 'log', logBase: 2, min: Math.min(...ms) / 1.2, max: Math.max(...ms) * 1.2, nameGap: 54, axisLabel: { formatter: formatTick, color: look.muted, fontSize: 11, showMinLabel: false, showMaxLabel: false } }),
      axis(look, 'tokens/s/GPU', { gridIndex: 1, type: 'value', nameGap: 54, splitNumber: 3, axisLabel: { formatter: formatTick, color: look.muted, fontSize: 11 } }),
    ],
    series: [
      line(0, ms, nth(look.palette, 0), mark),
      line(1, column(curve, 'tokens_per_s_gpu'), nth(look.palette, 2), { lineStyle: { color: nth(look.palette, 2), width: 2, type: [6, 3] } }),
    ],
  };
}

function loadTable(curve: LoadCurve, metric: LoadMetric): TableModel {
  const points = curve.run.table('points');
  const bend = knee(curve.load, inMs(curve, metric));
  const cell = (name: string) => (i: number) => points.cell(name, curve.row[i] ?? -1);
  return {
    name: 'load_sweep', label: `Loads of ${curve.name}`, rows: curve.load.length,
    columns: [
      { name: 'load', title: `load, ${loadUnit(curve.run)}`, cell: (i) => curve.load[i] },
      { name: 'ttft_s', title: 'TTFT', unit: 's', cell: cell('ttft_s') },
      { name: 'tpot_s', title: 'TPOT', unit: 's', cell: cell('tpot_s') },
      { name: 'tokens_per_s_user', title: 'tokens/s/user', cell: cell('tokens_per_s_user') },
      { name: 'tokens_per_s_gpu', title: 'tokens/s/GPU', cell: cell('tokens_per_s_gpu') },
      { name: 'knee', title: `knee of ${metric.title}`, cell: (i) => (i === bend ? 'knee' : undefined) },
      ...(hasSlo(curve.run) ? [{ name: 'meets_slo', title: 'SLO', cell: (i: number) => (meetsSlo(curve, i) ? 'met' : 'missed') }] : []),
    ],
  };
}

// Latency over offered load of one configuration, with its knee.
export function LoadSweep({ runs }: { runs: Run[] }) {
  const { route, look, go } = usePage();
  const curves = useMemo(() => runs.flatMap(loadCurves), [runs.map((run) => run.id).join()]);
  const curve = curves.find((one) => one.key === route.params['curve']) ?? bestCurve(curves);
  const metric = metrics.find((one) => one.column === route.params['over']) ?? metrics[0]!;
  const option = useMemo(() => (curve ? loadOption(curve, metric, look) : {}), [curve, metric, look]);
  const cursor: Cursor | undefined = useMemo(() => (curve ? {
    x: Float64Array.from(curve.load), y: Float64Array.from(inMs(curve, metric)),
    say: (i) => [
      `${formatNumber(curve.load[i])} ${loadUnit(curve.run)}`,
      `${metric.title} ${formatMs(inMs(curve, metric)[i])}`,
      `${formatNumber(column(curve, 'tokens_per_s_gpu')[i])} tokens/s/GPU`,
      ...(hasSlo(curve.run) ? [meetsSlo(curve, i) ? 'meets the SLO' : 'misses the SLO'] : []),
    ],
    pick: (i) => go({ run: curve.run.id, point: `${curve.run.id}.${curve.row[i]}` }, 'frontier'),
  } : undefined), [curve, metric, go]);
  if (!curve || !cursor) return null;
  return (
    <section>
      <h2>Load sweep <Method of={curve.run.method} /></h2>
      <div class="controls">
        <Choice label="Configuration" name="curve" value={curve.key} fallback={bestCurve(curves)?.key ?? ''}
          options={curves.map((one) => ({ value: one.key, text: runs.length > 1 ? `${one.name} (${one.run.file})` : one.name }))} />
        <Choice label="Over load" name="over" value={metric.column} fallback="ttft_s" options={metrics.map((one) => ({ value: one.column, text: one.title }))} />
      </div>
      <Chart name="load_sweep" title={`${metric.title} over offered load`} caption={loadCaption(curve, metric)} option={option} height={396}
        cursor={cursor} table={loadTable(curve, metric)}
        legend={[
          { name: metric.title, color: nth(look.palette, 0), dash: 'solid' },
          { name: 'tokens/s/GPU', color: nth(look.palette, 2), dash: [6, 3] },
          ...(hasSlo(curve.run) ? [{ name: 'square: misses the SLO', color: look.muted, symbol: 'rect' }] : []),
        ]} />
    </section>
  );
}
