import { useMemo } from 'preact/hooks';
import { Chart } from '../chart/chart.tsx';
import type { EChartsCoreOption } from '../chart/echarts.ts';
import { axis, nth, textStyle } from '../chart/look.ts';
import { latencyParts, type Parts } from '../data/latency.ts';
import type { Run } from '../data/runs.ts';
import { formatMs, formatPercent } from '../lib/format.ts';
import { usePage } from '../parts/context.ts';
import type { TableModel } from '../parts/data_table.tsx';

const overNames: Record<string, string> = { all: 'all requests', slowest_tenth: 'slowest tenth' };

const rowName = (parts: Parts) => `${parts.metric.toUpperCase()}, ${overNames[parts.over] ?? parts.over}`;

export function partsCaption(all: Parts[]): string {
  const sentences = all.filter((one) => one.over === 'all').map((one) => {
    const [name, ms] = [...one.parts].sort((a, b) => b[1] - a[1])[0] ?? ['', 0];
    return `mean ${one.metric.toUpperCase()} is ${formatMs(one.meanMs)}, ${formatPercent(ms / one.meanMs)} of it ${name.replaceAll('_', ' ')}`;
  });
  const text = sentences.join('; ');
  return text ? `${text[0]?.toUpperCase()}${text.slice(1)}.` : 'Nothing was taken apart.';
}

// What mean latencies went to: shares of each, so that TTFT and TPOT stand side by side.
export function PartsChart({ run }: { run: Run }) {
  const { look } = usePage();
  const all = useMemo(() => latencyParts(run), [run]);
  const names = useMemo(() => {
    const used = new Set<string>();
    for (const one of all) for (const [name, ms] of one.parts) if (ms > 0) used.add(name);
    return [...used];
  }, [all]);
  const option = useMemo((): EChartsCoreOption => ({
    textStyle: textStyle(look),
    grid: { left: 150, right: 30, top: 8, bottom: 44 },
    xAxis: axis(look, 'share of the mean', { type: 'value', max: 1, nameGap: 28, axisLabel: { formatter: (v: number) => `${Math.round(v * 100)} %`, color: look.muted, fontSize: 11 } }),
    yAxis: axis(look, '', { type: 'category', inverse: true, data: all.map(rowName), axisLabel: { color: look.text, fontSize: 12 } }),
    series: names.map((name, n) => ({
      type: 'bar', stack: 'parts', name, silent: true, barWidth: 22,
      data: all.map((one) => (one.parts.find(([part]) => part === name)?.[1] ?? 0) / (one.meanMs || 1)),
      itemStyle: { color: nth(look.palette, n), borderColor: look.surface, borderWidth: 1, ...(n >= look.palette.length ? { opacity: 0.55 } : {}) },
      label: { show: true, color: look.dark ? '#10141a' : '#ffffff', fontSize: 11, formatter: (bar: { value: number }) => (bar.value > 0.09 ? `${name.replaceAll('_', ' ')} ${Math.round(bar.value * 100)} %` : '') },
    })),
  }), [all, names, look]);
  const table: TableModel = useMemo(() => ({
    name: 'latency_parts',
    label: 'What mean latencies went to',
    rows: all.length,
    columns: [
      { name: 'metric', title: 'metric', cell: (row) => { const one = all[row]; return one && rowName(one); } },
      { name: 'count', title: 'requests', cell: (row) => all[row]?.count },
      { name: 'mean_ms', title: 'mean', unit: 'ms', cell: (row) => all[row]?.meanMs },
      ...names.map((name) => ({ name: `${name}_ms`, title: name.replaceAll('_', ' '), unit: 'ms', cell: (row: number) => all[row]?.parts.find(([part]) => part === name)?.[1] })),
    ],
  }), [all, names]);
  return (
    <Chart name="latency_parts" title="What latency went to" caption={partsCaption(all)} option={option} table={table}
      height={60 + 44 * all.length} legend={names.map((name, n) => ({ name: name.replaceAll('_', ' '), color: nth(look.palette, n), symbol: 'rect' }))} />
  );
}
