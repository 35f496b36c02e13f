import { useMemo } from 'preact/hooks';
import { Chart } from '../chart/chart.tsx';
import type { Cursor } from '../chart/cursor.ts';
import type { EChartsCoreOption } from '../chart/echarts.ts';
import { axis, textStyle } from '../chart/look.ts';
import { count, formatMs } from '../lib/format.ts';
import { usePage } from '../parts/context.ts';
import type { TableModel } from '../parts/data_table.tsx';

// The raw samples of one measurement in the order in which they were taken.
export function Samples({ name, values }: { name: string; values: number[] }) {
  const { look } = usePage();
  const sorted = useMemo(() => [...values].sort((a, b) => a - b), [values]);
  const option = useMemo((): EChartsCoreOption => ({
    textStyle: textStyle(look),
    grid: { left: 76, right: 28, top: 10, bottom: 46 },
    xAxis: axis(look, 'sample', { type: 'value', min: 0, max: Math.max(1, values.length - 1), nameGap: 28 }),
    yAxis: axis(look, '', { type: 'log', axisLabel: { formatter: (ns: number) => formatMs(ns / 1e6), color: look.muted, fontSize: 11 }, min: (sorted[0] ?? 1) * 0.95, max: (sorted.at(-1) ?? 1) * 1.05 }),
    series: [{ type: 'scatter', silent: true, symbolSize: 4, itemStyle: { color: look.accent, opacity: 0.7 }, data: values.map((ns, i) => [i, ns]) }],
  }), [values, look]);
  const cursor: Cursor = useMemo(() => ({
    x: Float64Array.from(values, (_, i) => i), y: Float64Array.from(values),
    say: (i) => [`sample ${i}`, formatMs((values[i] ?? NaN) / 1e6)],
  }), [values]);
  const table: TableModel = useMemo(() => ({
    name: 'samples', label: 'Samples', rows: values.length,
    columns: [{ name: 'sample', title: 'sample', cell: (i) => i }, { name: 'ns', title: 'time', unit: 'ns', cell: (i) => values[i] }],
  }), [values]);
  if (values.length === 0) return <p class="muted">No raw samples are in the file.</p>;
  return (
    <Chart name="samples" title={`Samples: ${name}`} height={220} option={option} cursor={cursor} table={table}
      caption={`${count(values.length, 'sample')} from ${formatMs((sorted[0] ?? NaN) / 1e6)} to ${formatMs((sorted.at(-1) ?? NaN) / 1e6)}, in the order in which they were taken.`} />
  );
}
