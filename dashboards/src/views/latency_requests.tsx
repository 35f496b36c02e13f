import { useMemo } from 'preact/hooks';
import { Chart } from '../chart/chart.tsx';
import type { Cursor } from '../chart/cursor.ts';
import type { EChartsCoreOption } from '../chart/echarts.ts';
import { axis, textStyle } from '../chart/look.ts';
import type { Run } from '../data/runs.ts';
import type { Table } from '../data/table.ts';
import { count, formatMs, formatNumber, formatTick } from '../lib/format.ts';
import { usePage } from '../parts/context.ts';
import { DataTable, type TableModel } from '../parts/data_table.tsx';
import type { Metric } from './latency_ecdf.tsx';

const titles: Record<string, [string, string]> = {
  request: ['request', ''], outcome: ['outcome', ''], due_s: ['due', 's'], input_tokens: ['ISL', ''],
  output_tokens: ['OSL', ''], ttft_ms: ['TTFT', 'ms'], tpot_ms: ['TPOT', 'ms'], e2e_ms: ['E2E', 'ms'],
  queue_ms: ['queue', 'ms'], longest_gap_ms: ['longest gap', 'ms'], preemptions: ['preemptions', ''], replica: ['replica', ''],
};

// The tables of requests have the names and units of their columns in common.
function requestTable(table: Table, name: string, label: string): TableModel {
  const columns = table.names.filter((column) => column in titles || /^(first_token|answer)\./.test(column));
  return {
    name, label, rows: table.rows,
    columns: columns.map((column) => ({
      name: column,
      title: titles[column]?.[0] ?? column.replace('first_token.', 'to 1st: ').replace('answer.', 'then: ').replace(/_ms$/, '').replaceAll('_', ' '),
      unit: titles[column]?.[1] ?? 'ms',
      cell: (row) => table.cell(column, row),
    })),
  };
}

export function RequestsChart({ run, metric }: { run: Run; metric: Metric }) {
  const { look } = usePage();
  const table = run.table('requests');
  const due = table.numbers('due_s');
  const latency = table.numbers(`${metric.id}_ms`);
  const option = useMemo((): EChartsCoreOption => ({
    textStyle: textStyle(look),
    grid: { left: 66, right: 28, top: 12, bottom: 50 },
    xAxis: axis(look, 'request due, s', { type: 'value', nameGap: 30, axisLabel: { formatter: formatTick, color: look.muted, fontSize: 11 } }),
    yAxis: axis(look, `${metric.title}, ms`, { type: 'value', nameGap: 48, axisLabel: { formatter: formatTick, color: look.muted, fontSize: 11 } }),
    series: [{
      type: 'scatter', silent: true, large: table.rows > 4000, largeThreshold: 1, progressive: 0,
      symbolSize: table.rows > 4000 ? 3 : 5, itemStyle: { color: look.accent, opacity: 0.55 },
      data: Array.from(due, (s, i) => [s, latency[i]]).filter(([, ms]) => Number.isFinite(ms)),
    }],
  }), [run, metric.id, look]);
  const cursor: Cursor = useMemo(() => ({
    x: due, y: latency,
    say: (i) => [
      `request ${table.cell('request', i)}`,
      `${metric.title} ${formatMs(latency[i])}, due at ${formatNumber(due[i])} s`,
      `ISL ${table.cell('input_tokens', i)}, OSL ${table.cell('output_tokens', i)}`,
    ],
  }), [run, metric.id]);
  const model = useMemo(() => requestTable(table, 'requests', 'Requests'), [run]);
  let worst = 0;
  latency.forEach((ms, i) => {
    if ((ms || 0) > (latency[worst] || 0)) worst = i;
  });
  const shown = table.rows === table.of ? count(table.rows, 'request') : `${table.rows.toLocaleString('en-US')} of ${count(table.of, 'request')}`;
  const caption = `${metric.title} of ${shown} by the time they were due; of these the longest, ${formatMs(latency[worst])}, was due at ${formatNumber(due[worst])} s.`;
  return <Chart name={`${metric.id}_over_time`} title={`${metric.title} over the run`} height={300} caption={caption} option={option} cursor={cursor} table={model} />;
}

export function WorstRequests({ run }: { run: Run }) {
  const model = useMemo(() => requestTable(run.table('worst'), 'worst_requests', 'Worst requests'), [run]);
  return (
    <section>
      <h2>Worst requests</h2>
      <p class="muted">The 25 longest each by TTFT, TPOT and E2E latency.</p>
      <DataTable model={model} />
    </section>
  );
}
