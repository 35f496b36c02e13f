import type { ComponentChildren } from 'preact';
import { useMemo } from 'preact/hooks';
import { Chart } from '../chart/chart.tsx';
import type { Cursor } from '../chart/cursor.ts';
import type { EChartsCoreOption } from '../chart/echarts.ts';
import { axis, nth, textStyle, type Look } from '../chart/look.ts';
import { listAt, numberAt, textAt } from '../data/contract.ts';
import { batchText, isExplanation, opsOf, type Op } from '../data/explanation.ts';
import type { Run } from '../data/runs.ts';
import { count, formatBytes, formatMs, formatNumber, formatPercent } from '../lib/format.ts';
import { usePage, useChosen } from '../parts/context.ts';
import { DataTable } from '../parts/data_table.tsx';
import { Empty, Facts, Heading, Num, RunChoice } from '../parts/small.tsx';
import { opTable, partNames } from './op_table.tsx';

const parts = Object.keys(partNames);

export function opCaption(ops: Op[]): string {
  const sorted = [...ops].sort((a, b) => b.timeS - a.timeS);
  const whole = ops.reduce((sum, op) => sum + op.timeS, 0) || 1;
  const head = sorted.slice(0, 3).map((op) => `${op.name} ${formatPercent(op.timeS / whole)}`).join(', ');
  const bound = new Map<string, number>();
  for (const op of ops) bound.set(op.boundBy, (bound.get(op.boundBy) ?? 0) + op.timeS);
  const [by, s] = [...bound].sort((a, b) => b[1] - a[1])[0] ?? ['nothing', 0];
  return `Of ${count(ops.length, 'op')} that take ${formatMs(whole * 1000)} the longest are ${head}; ${formatPercent(s / whole)} of the time is bound by ${by.replaceAll('_', ' ')}.`;
}

// One bar per op, the longest first.
function opOption(ops: Op[], look: Look): EChartsCoreOption {
  return {
    textStyle: textStyle(look),
    grid: { left: 170, right: 70, top: 8, bottom: 44 },
    xAxis: axis(look, 'time of all its calls', { type: 'value', nameGap: 28, axisLabel: { formatter: (s: number) => formatMs(s * 1000), color: look.muted, fontSize: 11 } }),
    yAxis: axis(look, '', { type: 'category', inverse: true, data: ops.map((op) => op.name), axisLabel: { color: look.text, fontSize: 11, interval: 0, width: 158, overflow: 'truncate' } }),
    series: [{
      type: 'bar', silent: true, barWidth: 13,
      data: ops.map((op) => ({ value: op.timeS, itemStyle: { color: nth(look.palette, Math.max(0, parts.indexOf(op.part))) } })),
      label: { show: true, position: 'right', color: look.muted, fontSize: 11, formatter: (bar: { dataIndex: number }) => ops[bar.dataIndex]?.boundBy.replaceAll('_', ' ') ?? '' },
    }],
  };
}

function sayOp(op: Op | undefined): string[] {
  if (!op) return [];
  return [
    op.name, `${formatMs(op.timeS * 1000)}, ${formatPercent(op.share)}`, `bound by ${op.boundBy.replaceAll('_', ' ')}, ${formatNumber(op.count)} times`,
    ...(op.flops ? [`${formatNumber(op.flops / 1e9)} GFLOP`] : []),
    ...(op.bytes ? [`${formatBytes(op.bytes)} moved`] : []), ...(op.wireBytes ? [`${formatBytes(op.wireBytes)} on the wire`] : []),
  ];
}

function stepFacts(run: Run): [string, ComponentChildren][] {
  const ns = (key: string) => <Num value={numberAt(run.document, 'timing', key)} unit="ns" />;
  return [
    ['step', ns('elapsed_ns')], ['its slowest stage', ns('stage_ns')], ['hidden by overlap', ns('hidden_ns')],
    ['stage', textAt(run.document, 'stage') ?? ''], ['cost profile', textAt(run.document, 'cost_profile') ?? ''],
  ];
}

export function Explanation() {
  const { look } = usePage();
  const { runs, run } = useChosen(isExplanation);
  const ops = useMemo(() => (run ? opsOf(run).filter((op) => op.timeS > 0).sort((a, b) => b.timeS - a.timeS) : []), [run]);
  const option = useMemo(() => opOption(ops, look), [ops, look]);
  const table = useMemo(() => (run ? opTable(run) : null), [run]);
  const cursor: Cursor = useMemo(() => ({
    x: Float64Array.from(ops, (op) => op.timeS), y: Float64Array.from(ops, (_, i) => i),
    order: ops.map((_, i) => i), say: (i) => sayOp(ops[i]),
  }), [ops]);
  if (!run || !table) {
    return (
      <>
        <header class="heading"><h1>Step</h1></header>
        <Empty what="No step taken apart is among the files." command={'inferbench explain --model llama-3-70b --gpu h100 --parallel tp4 --decodes 32 --context 1000 \\\n  --json step.json'} />
      </>
    );
  }
  const used = parts.filter((part) => ops.some((op) => op.part === part));
  const notes = listAt(run.document, 'notes').map(String);
  return (
    <>
      <Heading title="Step" run={run}>{run.label || run.file}: {batchText(run)}, per attention rank.</Heading>
      <div class="controls"><RunChoice runs={runs} run={run} /></div>
      <Facts facts={stepFacts(run)} />
      <Chart name="ops" title="Time of one step, op by op" caption={opCaption(ops)} option={option} height={70 + 22 * ops.length} table={table} cursor={cursor}
        legend={used.map((part) => ({ name: partNames[part] ?? part, color: nth(look.palette, parts.indexOf(part)), symbol: 'rect' }))} />
      {notes.length > 0 && <ul class="reasons">{notes.map((note) => <li key={note}>{note}</li>)}</ul>}
      <section><h2>Ops</h2><DataTable model={table} /></section>
    </>
  );
}
