import { useMemo } from 'preact/hooks';
import { Chart } from '../chart/chart.tsx';
import type { Cursor } from '../chart/cursor.ts';
import { nth, symbols } from '../chart/look.ts';
import { runOfTimeline } from '../data/runs.ts';
import { stepKinds, Steps } from '../data/steps.ts';
import { count, formatMs, formatNumber, formatPercent } from '../lib/format.ts';
import { usePage, useChosen } from '../parts/context.ts';
import { DataTable, type TableModel } from '../parts/data_table.tsx';
import { Choice, Empty, Heading, RunChoice } from '../parts/small.tsx';
import { timelineOption } from './timeline_option.ts';
import { KernelSums, Lifelines } from './timeline_parts.tsx';

interface Window { from: number; to: number }

function windowOf(text: string | undefined, steps: Steps): Window {
  const [from, to] = (text ?? '').split('~').map(Number);
  const whole = { from: steps.from, to: steps.to };
  if (from === undefined || to === undefined || !(to > from)) return whole;
  return { from: Math.max(whole.from, from), to: Math.min(whole.to, to) };
}

export function timelineCaption(steps: Steps, window: Window, shown: Int32Array): string {
  const time = [0, 0, 0, 0];
  for (const i of shown) {
    const kind = steps.kind[i] ?? 0;
    time[kind] = (time[kind] ?? 0) + (steps.elapsed[i] ?? 0);
  }
  const whole = time.reduce((a, b) => a + b, 0) || 1;
  const said = stepKinds.map((name, k) => [name, time[k] ?? 0] as const).filter(([, ms]) => ms > 0)
    .map(([name, ms]) => `${formatPercent(ms / whole)} ${name}`).join(', ');
  return `${count(shown.length, 'step')} in ${formatMs(window.to - window.from)}; of their time ${said}.`;
}

function stepTable(steps: Steps, shown: Int32Array): TableModel {
  const at = (row: number) => shown[row] ?? 0;
  const columns: [string, string, string][] = ([
    ['step', 'step', ''], ['begin_ms', 'begins', 'ms'], ['elapsed_ms', 'takes', 'ms'], ['tokens', 'tokens', ''],
    ['prompt_tokens', 'prompt tokens', ''], ['decodes', 'decodes', ''], ['preempted', 'preempted', ''],
    ['running', 'running', ''], ['waiting', 'waiting', ''], ['kv_blocks_used', 'KV blocks', ''],
    ['gemm_ms', 'GEMM', 'ms'], ['attention_ms', 'attention', 'ms'], ['moe_ms', 'MoE', 'ms'], ['elementwise_ms', 'elementwise', 'ms'],
    ['scale_up_ms', 'inside domain', 'ms'], ['scale_out_ms', 'across domains', 'ms'], ['host_ms', 'host', 'ms'], ['hidden_ms', 'hidden', 'ms'],
  ] as [string, string, string][]).filter(([name]) => steps.has(name));
  return {
    name: 'steps', label: 'Steps in the window', rows: shown.length,
    columns: columns.map(([name, title, unit]) => ({ name, title, unit, cell: (row) => steps.value(name, at(row)) })),
  };
}

function saySteps(steps: Steps, i: number): string[] {
  const value = (name: string) => formatNumber(steps.value(name, i));
  const parts = ['gemm', 'attention', 'moe', 'elementwise', 'scale_up', 'scale_out', 'host']
    .map((part) => [part, steps.value(`${part}_ms`, i) ?? 0] as const)
    .filter(([, ms]) => ms > 0).sort((a, b) => b[1] - a[1]).slice(0, 4);
  return [
    `step ${value('step')}: ${stepKinds[steps.kind[i] ?? 0]}, ${formatMs(steps.elapsed[i])}`,
    `${value('prompt_tokens')} prompt tokens, ${value('decodes')} decodes`,
    `${value('running')} running, ${value('waiting')} waiting`,
    ...(parts.length ? [parts.map(([part, ms]) => `${part.replace('_', ' ')} ${formatMs(ms)}`).join(', ')] : []),
  ];
}

export function Timeline() {
  const { runs: everything, route, go, look } = usePage();
  const { runs, run } = useChosen((one) => one.kind === 'timeline');
  const steps = useMemo(() => (run ? new Steps(run) : null), [run]);
  const p = route.params;
  const window = useMemo(() => (steps ? windowOf(p['at'], steps) : { from: 0, to: 1 }), [steps, p['at']]);
  const shown = useMemo(() => (steps ? steps.within(window.from, window.to) : new Int32Array()), [steps, window]);
  const option = useMemo(() => (steps ? timelineOption(steps, window, look) : {}), [steps, window, look]);
  const table = useMemo(() => (steps ? stepTable(steps, shown) : null), [steps, shown]);
  const cursor: Cursor | undefined = useMemo(() => {
    if (!steps) return undefined;
    const n = shown.length;
    const x = new Float64Array(n).fill(NaN);
    const y = new Float64Array(n);
    for (let k = 0; k < n; ++k) {
      const i = shown[k] ?? 0;
      const middle = (steps.begin[i] ?? 0) + (steps.elapsed[i] ?? 0) / 2;
      if (middle >= window.from && middle <= window.to) x[k] = middle;
      y[k] = steps.laneOf[i] ?? 0;
    }
    return { x, y, inOrder: true, say: (k) => saySteps(steps, shown[k] ?? 0) };
  }, [steps, shown, window]);
  if (!run || !steps || !table) {
    return (
      <>
        <header class="heading"><h1>Timeline</h1></header>
        <Empty what="No timeline is among the files." command={'inferbench replay --model llama-3-70b --gpu h100 --workload sample:chat-burst \\\n  --json run.json --timeline run.trace.json\ninferbench dashboard run.json run.trace.json -o report.html'} />
      </>
    );
  }
  const set = (from: number, to: number) => {
    const whole = from <= steps.from && to >= steps.to;
    go({ at: whole ? '' : `${Math.max(from, steps.from).toFixed(3)}~${Math.min(to, steps.to).toFixed(3)}` });
  };
  const width = window.to - window.from;
  const zoom = (by: number, around = (window.from + window.to) / 2) => set(around - (around - window.from) * by, around + (window.to - around) * by);
  const pan = (by: number) => {
    const move = Math.min(Math.max(by * width, steps.from - window.from), steps.to - window.to);
    set(window.from + move, window.to + move);
  };
  const from = runOfTimeline(everything, run);
  return (
    <>
      <Heading title="Timeline" run={from ?? run}>{from?.label || run.file}: {count(steps.n, 'step')}, {count(run.table('requests').rows, 'request')} in {formatMs(steps.to - steps.from)}</Heading>
      <div class="controls" role="group" aria-label="Window">
        <RunChoice runs={runs} run={run} />
        <button type="button" onClick={() => pan(-0.5)}>← Earlier</button>
        <button type="button" onClick={() => pan(0.5)}>Later →</button>
        <button type="button" onClick={() => zoom(0.4)}>Zoom in</button>
        <button type="button" onClick={() => zoom(2.5)}>Zoom out</button>
        <button type="button" onClick={() => go({ at: '' })}>Everything</button>
        <Choice label="Requests" name="sort" value={p['sort'] ?? 'due'} fallback="due" options={[{ value: 'due', text: 'by time due' }, { value: 'longest', text: 'longest first' }]} />
      </div>
      <Chart name="timeline" title="Scheduler steps" caption={timelineCaption(steps, window, shown)} option={option}
        height={330 + 26 * steps.lanes.length} table={table} cursor={cursor!} wheel={(at, delta) => zoom(delta > 0 ? 1.35 : 0.74, at)}
        legend={stepKinds.slice(0, steps.kind.includes(3) ? 4 : 3).map((name, k) => ({ name, color: nth(look.palette, k), symbol: nth(symbols, 1) }))} />
      <Lifelines run={run} window={window} longest={p['sort'] === 'longest'} />
      {run.has('kernel_sums') && <KernelSums run={run} />}
      <section>
        <h2>Steps in the window</h2>
        <DataTable model={table} />
      </section>
      <p class="muted">All slices of this file are shown by <a href="https://ui.perfetto.dev" rel="noreferrer">ui.perfetto.dev</a>, which opens {run.file} as it is.</p>
    </>
  );
}
