import { useMemo } from 'preact/hooks';
import { Chart } from '../chart/chart.tsx';
import type { Cursor } from '../chart/cursor.ts';
import type { EChartsCoreOption } from '../chart/echarts.ts';
import { axis, nth, symbols, textStyle, type Look } from '../chart/look.ts';
import { buildDifferences, isComparison, seriesOf, type Series } from '../data/comparison.ts';
import { listAt, numberAt, textAt } from '../data/contract.ts';
import type { Run } from '../data/runs.ts';
import { count, formatMs, formatPercent, formatSigned } from '../lib/format.ts';
import { useChosen, usePage } from '../parts/context.ts';
import { DataTable, type TableModel } from '../parts/data_table.tsx';
import { Choice, Empty, Heading, Num, RunChoice } from '../parts/small.tsx';
import { SeriesDetails } from './compare_series.tsx';

const verdicts = ['regression', 'inconclusive', 'improvement', 'pass'];
const signs: Record<string, string> = { regression: '✕', inconclusive: '?', improvement: '↓', pass: '✓' };
const most = 80;

export function verdictColor(verdict: string, look: Look): string {
  const n = verdicts.indexOf(verdict);
  return [nth(look.palette, 6), nth(look.palette, 4), nth(look.palette, 0), nth(look.palette, 2)][n] ?? look.muted;
}

function forestOption(shown: Series[], margin: number, target: number, look: Look): EChartsCoreOption {
  const line = (at: number, text: string) => ({ xAxis: at * 100, label: { formatter: text, position: 'start', color: look.muted, fontSize: 11 } });
  return {
    textStyle: textStyle(look),
    grid: { left: 290, right: 40, top: 24, bottom: 46 },
    xAxis: axis(look, 'change in time, %', { type: 'value', nameGap: 28, axisLabel: { formatter: (v: number) => (v > 0 ? `+${v}` : String(v)), color: look.muted, fontSize: 11 } }),
    yAxis: axis(look, '', { type: 'category', inverse: true, data: shown.map((one) => `${signs[one.verdict] ?? ''} ${one.name}${one.canary ? ' (canary)' : ''}`), splitLine: { show: false }, axisLabel: { color: look.text, fontSize: 11, width: 270, overflow: 'truncate', interval: 0 } }),
    series: [
      {
        type: 'custom', silent: true, encode: { x: [0, 1], y: 2 },
        data: shown.flatMap((one, n) => (one.low === undefined || one.high === undefined ? [] : [{ value: [one.low * 100, one.high * 100, n], itemStyle: { color: verdictColor(one.verdict, look) } }])),
        renderItem: (_: unknown, api: { value(d: number): number; coord(at: [number, number]): [number, number]; style(): object }) => {
          const [x0, y] = api.coord([api.value(0), api.value(2)]);
          const [x1] = api.coord([api.value(1), api.value(2)]);
          return { type: 'rect', shape: { x: x0, y: y - 1.25, width: Math.max(1, x1 - x0), height: 2.5 }, style: api.style() };
        },
      },
      ...verdicts.map((verdict, v) => ({
        type: 'scatter', silent: true, name: verdict, symbol: nth(symbols, v), symbolSize: 10, itemStyle: { color: verdictColor(verdict, look) },
        data: shown.flatMap((one, n) => (one.verdict === verdict && one.change !== undefined ? [[one.change * 100, n]] : [])),
        ...(v === 0 ? { markLine: { silent: true, symbol: 'none', lineStyle: { color: look.muted, type: [4, 4] }, data: [
          { xAxis: 0, lineStyle: { color: look.text, type: 'solid' }, label: { show: false } }, line(margin, 'margin'), line(target, 'target'),
        ] } } : {}),
      })),
    ],
  };
}

function seriesTable(all: Series[], pick: (name: string) => void): TableModel {
  const at = (i: number) => all[i];
  return {
    name: 'comparison', label: 'Series', rows: all.length, onRow: (i) => pick(at(i)?.name ?? ''), rowKey: (i) => `${at(i)?.name}${at(i)?.canary}`,
    columns: [
      { name: 'series', title: 'series', cell: (i) => (at(i)?.canary ? `${at(i)?.name} (canary)` : at(i)?.name) },
      { name: 'verdict', title: 'verdict', cell: (i) => at(i)?.verdict, shown: (i) => `${signs[at(i)?.verdict ?? ''] ?? ''} ${at(i)?.verdict}` },
      { name: 'change', title: 'change', cell: (i) => at(i)?.change, shown: (i) => <span class="num" data-value={String(at(i)?.change)}>{formatSigned(at(i)?.change ?? NaN)}</span> },
      { name: 'low', title: 'low', cell: (i) => at(i)?.low, shown: (i) => <span class="num">{at(i)?.low === undefined ? '–' : formatSigned(at(i)?.low ?? NaN)}</span> },
      { name: 'high', title: 'high', cell: (i) => at(i)?.high, shown: (i) => <span class="num">{at(i)?.high === undefined ? '–' : formatSigned(at(i)?.high ?? NaN)}</span> },
      { name: 'baseline', title: 'baseline', cell: (i) => at(i)?.baseline, shown: (i) => <Num value={at(i)?.baseline} unit={at(i)?.unit ?? ''} /> },
      { name: 'candidate', title: 'candidate', cell: (i) => at(i)?.candidate, shown: (i) => <Num value={at(i)?.candidate} unit={at(i)?.unit ?? ''} /> },
      { name: 'unit', title: 'unit', cell: (i) => at(i)?.unit || undefined },
      { name: 'blocks', title: 'blocks', cell: (i) => at(i)?.blocks.length || undefined },
      { name: 'flags', title: 'remarks', cell: (i) => at(i)?.flags.join('; ') || undefined },
    ],
  };
}

function Builds({ run }: { run: Run }) {
  const all = buildDifferences(run);
  const model: TableModel = {
    name: 'builds', label: 'The two builds', rows: all.length,
    columns: [
      { name: 'what', title: 'key', cell: (i) => all[i]?.key.replaceAll('_', ' ') },
      { name: 'baseline', title: 'baseline', cell: (i) => all[i]?.baseline || undefined },
      { name: 'candidate', title: 'candidate', cell: (i) => all[i]?.candidate || undefined },
      { name: 'differs', title: 'differs', cell: (i) => all[i]?.grade ?? (all[i]?.baseline === all[i]?.candidate ? undefined : 'differs') },
    ],
  };
  if (all.length === 0) return <p class="muted">The two environments are the same, as far as they are told.</p>;
  return <section><h2>{run.kind === 'stored-comparison' ? 'What differs besides' : 'The two builds'}</h2><DataTable model={model} /></section>;
}

function Noise({ run }: { run: Run }) {
  if (run.kind === 'stored-comparison') return null; // of two times: nothing is known of them
  const load = textAt(run.document, 'noise', 'load_before');
  const loadAfter = textAt(run.document, 'noise', 'load_after');
  const elapsed = numberAt(run.document, 'noise', 'elapsed_ns');
  const share = numberAt(run.document, 'noise', 'preempted_share');
  return (
    <p class="muted">
      {formatMs((elapsed ?? NaN) / 1e6)} in {count(numberAt(run.document, 'blocks') ?? 0, 'block')}; {formatPercent(share)} of slices were preempted,
      load {load ?? '–'} before and {loadAfter ?? '–'} after. By construction at most {formatPercent(numberAt(run.document, 'method', 'alpha_per_suite'))} of unchanged suites are alarmed.
    </p>
  );
}

export function Compare() {
  const { route, go, look } = usePage();
  const { runs, run } = useChosen(isComparison);
  const all = useMemo(() => (run ? seriesOf(run) : []), [run]);
  const wanted = route.params['verdict'] ?? '';
  const shown = useMemo(() => all.filter((one) => !wanted || one.verdict === wanted), [all, wanted]);
  const drawn = shown.slice(0, most);
  const margin = numberAt(run?.document, 'method', 'margin') ?? 0.01;
  const target = numberAt(run?.document, 'method', 'target') ?? 0.05;
  const option = useMemo(() => forestOption(drawn, margin, target, look), [shown, look]);
  const pick = (name: string) => go({ series: name });
  const cursor: Cursor = useMemo(() => ({
    x: Float64Array.from(drawn, (one) => (one.change ?? NaN) * 100), y: Float64Array.from(drawn, (_, n) => n), order: drawn.map((_, n) => n),
    say: (n) => {
      const one = drawn[n]!;
      return [one.name, `${one.verdict}, ${formatSigned(one.change ?? NaN)}`, ...(one.low === undefined ? [] : [`${formatSigned(one.low)} to ${formatSigned(one.high ?? NaN)}`]), one.exact ? 'counted' : count(one.blocks.length, 'block')];
    },
    pick: (n) => pick(drawn[n]?.name ?? ''),
  }), [shown, route]);
  const table = useMemo(() => seriesTable(shown, pick), [shown, route]);
  if (!run) {
    return (
      <>
        <header class="heading"><h1>Compare</h1></header>
        <Empty what="No comparison of two builds is among the files." command="inferbench compare --baseline old/inferbench --candidate new/inferbench --json comparison.json" />
      </>
    );
  }
  const picked = all.find((one) => one.name === route.params['series']);
  const tally = verdicts.map((verdict) => [verdict, all.filter((one) => one.verdict === verdict && !one.canary).length] as const).filter(([, n]) => n > 0);
  const reasons = [...listAt(run.document, 'invalid'), ...listAt(run.document, 'notes')].map(String);
  return (
    <>
      <Heading title="Compare" run={run}>{textAt(run.document, 'sentence')}</Heading>
      {reasons.length > 0 && <ul class="reasons">{reasons.map((one) => <li key={one}>{one}</li>)}</ul>}
      <div class="controls">
        <RunChoice runs={runs} run={run} />
        <Choice label="Verdict" name="verdict" value={wanted} fallback="" options={[{ value: '', text: 'all' }, ...tally.map(([verdict, n]) => ({ value: verdict, text: `${verdict} (${n})` }))]} />
      </div>
      <Chart name="comparison" title="Change of each series" height={90 + 22 * Math.max(1, drawn.length)} option={option} cursor={cursor} table={table}
        caption={`${count(shown.length, 'series', 'series')}, worst first: ${tally.map(([verdict, n]) => `${n} ${verdict}`).join(', ')}; dashed lines are the margin and the target${drawn.some((one) => one.low !== undefined) ? ', bars intervals' : ''}${shown.length > drawn.length ? `; the first ${drawn.length} are drawn` : ''}.`}
        legend={verdicts.map((name, n) => ({ name, color: verdictColor(name, look), symbol: nth(symbols, n) }))} />
      {picked && <SeriesDetails series={picked} margin={margin} target={target} />}
      <Noise run={run} />
      <section><h2>Series</h2><DataTable model={table} /></section>
      <Builds run={run} />
    </>
  );
}
