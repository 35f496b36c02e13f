import { useMemo } from 'preact/hooks';
import { Chart } from '../chart/chart.tsx';
import type { Cursor } from '../chart/cursor.ts';
import type { EChartsCoreOption } from '../chart/echarts.ts';
import { axis, nth, textStyle } from '../chart/look.ts';
import type { Run } from '../data/runs.ts';
import { count, formatMs } from '../lib/format.ts';
import { usePage } from '../parts/context.ts';
import { DataTable, type TableModel } from '../parts/data_table.tsx';

const most = 60; // life-lines that one can tell apart
const phases = ['queue', 'prefill', 'decode'];

// Where requests of the window spent their time: one line each.
export function Lifelines({ run, window, longest }: { run: Run; window: { from: number; to: number }; longest: boolean }) {
  const { look } = usePage();
  const table = run.table('requests');
  const begin = table.numbers('begin_ms');
  const elapsed = table.numbers('elapsed_ms');
  const { shown, all } = useMemo(() => {
    const inside: number[] = [];
    for (let i = 0; i < table.rows; ++i) {
      if ((begin[i] ?? 0) <= window.to && (begin[i] ?? 0) + (elapsed[i] ?? 0) >= window.from) inside.push(i);
    }
    if (longest) inside.sort((a, b) => (elapsed[b] ?? 0) - (elapsed[a] ?? 0));
    return { shown: inside.slice(0, most), all: inside.length };
  }, [run, window, longest]);
  const option = useMemo((): EChartsCoreOption => {
    const colors = [nth(look.palette, 1), nth(look.palette, 0), nth(look.palette, 2)];
    const data: object[] = [];
    shown.forEach((i, line) => {
      let from = begin[i] ?? 0;
      phases.forEach((phase, k) => {
        const to = from + (table.numbers(`${phase}_ms`)[i] ?? 0);
        if (to > from) data.push({ value: [from, to, line], itemStyle: { color: colors[k] } });
        from = to;
      });
    });
    return {
      textStyle: textStyle(look),
      grid: { left: 118, right: 24, top: 8, bottom: 46 },
      xAxis: axis(look, 'time since the run began', { type: 'value', min: window.from, max: window.to, nameGap: 28, splitNumber: 8, axisLabel: { formatter: (ms: number) => formatMs(ms), color: look.muted, fontSize: 11, showMinLabel: false, showMaxLabel: false } }),
      yAxis: axis(look, '', { type: 'category', inverse: true, data: shown.map((i) => `request ${table.cell('request', i)}`), splitLine: { show: false }, axisLabel: { color: look.muted, fontSize: 11 } }),
      series: [{
        type: 'custom', silent: true, data, clip: true, encode: { x: [0, 1], y: 2 },
        renderItem: (_: unknown, api: { value(d: number): number; coord(at: [number, number]): [number, number]; size(of: [number, number]): [number, number]; style(): object }) => {
          const [x0, y] = api.coord([api.value(0), api.value(2)]);
          const [x1] = api.coord([api.value(1), api.value(2)]);
          const height = Math.min(12, api.size([0, 1])[1] * 0.7);
          return { type: 'rect', shape: { x: x0, y: y - height / 2, width: Math.max(x1 - x0, 0.75), height }, style: api.style() };
        },
      }],
    };
  }, [shown, window, look]);
  const cursor: Cursor = useMemo(() => ({
    x: Float64Array.from(shown, (i) => Math.min(window.to, Math.max(window.from, (begin[i] ?? 0) + (elapsed[i] ?? 0) / 2))),
    y: Float64Array.from(shown, (_, line) => line),
    order: shown.map((_, line) => line),
    say: (line) => {
      const i = shown[line] ?? 0;
      return [
        `request ${table.cell('request', i)}: ${table.text('outcome', i)} after ${formatMs(elapsed[i])}`,
        phases.map((phase) => `${phase} ${formatMs(table.numbers(`${phase}_ms`)[i])}`).join(', '),
        `ISL ${table.cell('input_tokens', i)}, OSL ${table.cell('output_tokens', i)}, ${table.cell('preemptions', i)} preemptions`,
      ];
    },
  }), [shown, window]);
  const model: TableModel = useMemo(() => ({
    name: 'lifelines', label: 'Requests in the window', rows: shown.length,
    columns: table.names.map((name) => ({ name, title: name.replace(/_ms$/, '').replaceAll('_', ' '), unit: name.endsWith('_ms') ? 'ms' : '', cell: (row) => table.cell(name, shown[row] ?? 0) })),
  }), [shown]);
  if (shown.length === 0) return <p class="muted">No request that the file follows is open in this window.</p>;
  const waited = shown.reduce((sum, i) => sum + (table.numbers('queue_ms')[i] ?? 0), 0);
  const spent = shown.reduce((sum, i) => sum + (elapsed[i] ?? 0), 0);
  return (
    <Chart name="lifelines" title="Requests" height={64 + 15 * shown.length} option={option} cursor={cursor} table={model}
      caption={`${all > shown.length ? `${shown.length} of ${count(all, 'request')}` : count(all, 'request')} open in the window; they spent ${formatMs(waited)} of ${formatMs(spent)} waiting.`}
      legend={phases.map((name, k) => ({ name, color: nth(look.palette, [1, 0, 2][k] ?? 0), symbol: 'rect' }))} />
  );
}

export function KernelSums({ run }: { run: Run }) {
  const table = run.table('kernel_sums');
  const model: TableModel = useMemo(() => ({
    name: 'kernel_sums', label: 'Time of kernels', rows: table.rows,
    columns: [
      { name: 'name', title: 'kernel', cell: (row) => table.cell('name', row) },
      { name: 'rank', title: 'rank', cell: (row) => table.cell('rank', row) },
      { name: 'count', title: 'runs', cell: (row) => table.cell('count', row) },
      { name: 'total_ms', title: 'together', unit: 'ms', cell: (row) => table.cell('total_ms', row) },
      { name: 'mean_ms', title: 'mean', unit: 'ms', cell: (row) => (table.numbers('total_ms')[row] ?? 0) / (table.numbers('count')[row] ?? 1) },
    ],
  }), [run]);
  return <section><h2>Kernels of the steps shown</h2><DataTable model={model} /></section>;
}
