import { useMemo } from 'preact/hooks';
import { Chart } from '../chart/chart.tsx';
import type { Cursor } from '../chart/cursor.ts';
import type { EChartsCoreOption } from '../chart/echarts.ts';
import { axis, nth, symbols, textStyle } from '../chart/look.ts';
import { at, listAt, numberAt, textAt } from '../data/contract.ts';
import type { Run } from '../data/runs.ts';
import { clopperPearson } from '../lib/binomial.ts';
import { count, formatMs, formatNumber, formatPercent } from '../lib/format.ts';
import { useChosen, usePage } from '../parts/context.ts';
import { DataTable, type TableModel } from '../parts/data_table.tsx';
import { Empty, Heading, RunChoice } from '../parts/small.tsx';

interface Rate { slowdown: number; what: string; k: number; n: number; rate: number; low: number; high: number }

// Share of series called slower at each injected slowdown, by the gate and by a test of unpaired samples.
export function alarmRates(run: Run): Rate[] {
  return listAt(run.document, 'cells').flatMap((cell) => {
    const slowdown = numberAt(cell, 'slowdown') ?? 0;
    const rate = (what: string, key: string, ofKey: string): Rate[] => {
      const k = numberAt(cell, key);
      const n = numberAt(cell, ofKey);
      return k === undefined || !n ? [] : [{ slowdown, what, k, n, rate: k / n, ...clopperPearson(k, n) }];
    };
    return [...rate('the gate', 'slower', 'series'), ...rate('unpaired test', 'unpaired_slower', 'unpaired_series')];
  }).sort((a, b) => a.slowdown - b.slowdown);
}

function rateTable(rates: Rate[]): TableModel {
  return {
    name: 'alarm_rates', label: 'Rates of alarm', rows: rates.length,
    columns: [
      { name: 'slowdown', title: 'slowdown injected', unit: 'share', cell: (i) => rates[i]?.slowdown },
      { name: 'by', title: 'by', cell: (i) => rates[i]?.what },
      { name: 'called_slower', title: 'called slower', cell: (i) => rates[i]?.k },
      { name: 'of', title: 'of series', cell: (i) => rates[i]?.n },
      { name: 'rate', title: 'rate', unit: 'share', cell: (i) => rates[i]?.rate },
      { name: 'low', title: 'at least', unit: 'share', cell: (i) => rates[i]?.low },
      { name: 'high', title: 'at most', unit: 'share', cell: (i) => rates[i]?.high },
    ],
  };
}

function cellTable(run: Run): TableModel {
  const cells = listAt(run.document, 'cells');
  const keys = ['comparisons', 'invalid', 'alarmed_comparisons', 'series', 'slower', 'faster', 'passed', 'inconclusive', 'blocks'];
  return {
    name: 'cells', label: 'Counts', rows: cells.length,
    columns: [
      { name: 'slowdown', title: 'slowdown', unit: 'share', cell: (i) => numberAt(cells[i], 'slowdown') },
      ...keys.map((key) => ({ name: key, title: key.replaceAll('_', ' '), cell: (i: number) => numberAt(cells[i], key) })),
      { name: 'elapsed_s', title: 'took', unit: 's', cell: (i) => numberAt(cells[i], 'elapsed_s') },
    ],
  };
}

export function calibrationSentence(rates: Rate[]): string {
  const gate = rates.filter((one) => one.what === 'the gate');
  const said = gate.map((one) => one.slowdown === 0
    ? `of ${count(one.n, 'unchanged series', 'unchanged series')} ${one.k} were called slower, at most ${formatPercent(one.high)} in the long run`
    : `${formatPercent(one.rate)} of ${one.n.toLocaleString('en-US')} slowed by ${formatPercent(one.slowdown)} were found`);
  const text = said.join('; ');
  return text ? `${text[0]?.toUpperCase()}${text.slice(1)} (95 %).` : 'Nothing was calibrated yet.';
}

export function Calibration() {
  const { look } = usePage();
  const { runs, run } = useChosen((one) => one.kind === 'gate-calibration');
  const rates = useMemo(() => (run ? alarmRates(run) : []), [run]);
  const kinds = [...new Set(rates.map((one) => one.what))];
  // The two tests stand side by side.
  const x = (one: Rate) => one.slowdown * 100 + 0.06 * (one.what === 'the gate' ? -1 : 1);
  const option = useMemo((): EChartsCoreOption => ({
    textStyle: textStyle(look),
    grid: { left: 66, right: 28, top: 14, bottom: 50 },
    xAxis: axis(look, 'slowdown injected, %', { type: 'value', min: -0.5, nameGap: 30, axisLabel: { showMinLabel: false, color: look.muted, fontSize: 11 } }),
    yAxis: axis(look, 'series called slower, %', { type: 'value', min: 0, max: 100, nameGap: 44 }),
    series: kinds.flatMap((what, n) => {
      const of = rates.filter((one) => one.what === what);
      const color = nth(look.palette, n);
      return [
        { type: 'scatter', silent: true, symbol: nth(symbols, n), symbolSize: 9, itemStyle: { color }, data: of.map((one) => [x(one), one.rate * 100]) },
        {
          type: 'custom', silent: true, encode: { x: 0, y: [1, 2] }, data: of.map((one) => ({ value: [x(one), one.low * 100, one.high * 100], itemStyle: { color } })),
          renderItem: (_: unknown, api: { value(d: number): number; coord(at: [number, number]): [number, number]; style(): object }) => {
            const [x, y0] = api.coord([api.value(0), api.value(1)]);
            const [, y1] = api.coord([api.value(0), api.value(2)]);
            return { type: 'rect', shape: { x: x - 1, y: y1, width: 2, height: Math.max(1, y0 - y1) }, style: api.style() };
          },
        },
      ];
    }),
  }), [rates, look]);
  const cursor: Cursor = useMemo(() => ({
    x: Float64Array.from(rates, x), y: Float64Array.from(rates, (one) => one.rate * 100),
    say: (i) => {
      const one = rates[i]!;
      return [`${one.what} at ${formatPercent(one.slowdown)}`, `${one.k} of ${formatNumber(one.n)} called slower: ${formatPercent(one.rate)}`, `${formatPercent(one.low)} to ${formatPercent(one.high)}`];
    },
  }), [rates]);
  const table = useMemo(() => rateTable(rates), [rates]);
  if (!run) {
    return (
      <>
        <header class="heading"><h1>Calibration</h1></header>
        <Empty what="No calibration of the regression gate is among the files." command="inferbench calibrate-gate --report gate.json" />
      </>
    );
  }
  const seconds = listAt(run.document, 'cells').reduce<number>((sum, cell) => sum + (numberAt(cell, 'elapsed_s') ?? 0), 0);
  return (
    <>
      <Heading title="Calibration" run={run}>How often the gate is wrong on {textAt(run.document, 'cpu') ?? 'this machine'}: {String(at(run.document, 'series_of_suite') ?? '')} series of suite {textAt(run.document, 'suite')}, {formatMs(seconds * 1000)} measured.</Heading>
      <div class="controls"><RunChoice runs={runs} run={run} /></div>
      <Chart name="alarm_rates" title="Series called slower" height={360} option={option} cursor={cursor} table={table} caption={calibrationSentence(rates)}
        legend={kinds.map((name, n) => ({ name, color: nth(look.palette, n), symbol: nth(symbols, n) }))} />
      <section><h2>Counts</h2><DataTable model={cellTable(run)} /></section>
    </>
  );
}
