import { useMemo } from 'preact/hooks';
import { Chart } from '../chart/chart.tsx';
import type { Cursor } from '../chart/cursor.ts';
import type { EChartsCoreOption } from '../chart/echarts.ts';
import { axis, nth, symbols, textStyle } from '../chart/look.ts';
import { basis, comparedMetrics, comparedSteps, isValidated, median, stepError, type Compared } from '../data/validation.ts';
import type { Run } from '../data/runs.ts';
import { count, formatNumber, formatPercent, formatSigned } from '../lib/format.ts';
import { usePage, useChosen } from '../parts/context.ts';
import { DataTable, type TableModel } from '../parts/data_table.tsx';
import { Empty, Heading } from '../parts/small.tsx';

const reach = 4; // of the axis: what is further off lies on its edge

const within = (one: Compared) => Math.min(reach, Math.max(1 / reach, one.modelled / one.measured));

// Modelled over measured of one figure, run by run: at 1 they agree; the band is 8 %.
function Agreement({ all, what }: { all: Compared[]; what: string }) {
  const { look } = usePage();
  const unit = all[0]?.unit ?? '';
  const option = useMemo((): EChartsCoreOption => {
    const values = all.map((one) => one.measured).filter((v) => v > 0);
    const low = Math.min(...values) / 1.3;
    const high = Math.max(...values) * 1.3;
    const level = (by: number, dash: string | number[], color: string) => ({
      type: 'line', silent: true, showSymbol: false, lineStyle: { color, type: dash, width: 1.2 }, data: [[low, by], [high, by]],
    });
    return {
      textStyle: textStyle(look),
      grid: { left: 70, right: 24, top: 14, bottom: 52 },
      xAxis: axis(look, `measured, ${unit}`, { type: 'log', min: low, max: high, nameGap: 30, axisLabel: { formatter: formatNumber, color: look.muted, fontSize: 11, showMinLabel: false, showMaxLabel: false } }),
      yAxis: axis(look, 'modelled / measured', { type: 'log', logBase: 2, min: 1 / reach, max: reach, nameGap: 48, axisLabel: { formatter: formatNumber, color: look.muted, fontSize: 11 } }),
      series: [
        level(1, 'solid', look.text), level(1.08, [4, 4], look.muted), level(0.92, [4, 4], look.muted),
        { type: 'scatter', silent: true, symbolSize: 9, symbol: nth(symbols, 0), itemStyle: { color: look.accent, opacity: 0.8 }, data: all.map((one) => [one.measured, within(one)]) },
      ],
    };
  }, [all, look]);
  const cursor: Cursor = useMemo(() => ({
    x: Float64Array.from(all, (one) => one.measured), y: Float64Array.from(all, within),
    say: (i) => [all[i]?.run.file ?? '', `measured ${formatNumber(all[i]?.measured)} ${unit}, modelled ${formatNumber(all[i]?.modelled)}`, `error ${formatSigned(all[i]?.error ?? NaN)}`],
  }), [all]);
  const beyond = all.filter((one) => within(one) !== one.modelled / one.measured).length;
  const errors = all.map((one) => Math.abs(one.error ?? NaN));
  return (
    <Chart name="modelled_over_measured" title={`${what}: modelled over measured`} height={380} option={option} cursor={cursor} table={compareTable(all)}
      caption={`Half of ${count(all.length, 'run')} are predicted within ${formatPercent(median(errors))}, the worst within ${formatPercent(Math.max(...errors.filter(Number.isFinite)))}; dashed lines are 8 % off${beyond ? `; ${count(beyond, 'run')} more than ${reach} times off on the edge` : ''}.`} />
  );
}

function compareTable(all: Compared[]): TableModel {
  return {
    name: 'modelled_beside_measured', label: 'Modelled beside measured', rows: all.length,
    columns: [
      { name: 'file', title: 'run', cell: (i) => all[i]?.run.file },
      { name: 'what', title: 'figure', cell: (i) => all[i]?.what },
      { name: 'measured', title: 'measured', cell: (i) => all[i]?.measured },
      { name: 'modelled', title: 'modelled', cell: (i) => all[i]?.modelled },
      { name: 'unit', title: 'unit', cell: (i) => all[i]?.unit },
      { name: 'error', title: 'error', cell: (i) => all[i]?.error, shown: (i) => <span class="num" data-value={String(all[i]?.error)}>{formatSigned(all[i]?.error ?? NaN)}</span> },
    ],
  };
}

function runTable(runs: Run[]): TableModel {
  const error = (i: number, what: string) => comparedMetrics(runs[i]!).find((one) => one.what === what)?.error;
  const figures = [...new Set(runs.flatMap((run) => comparedMetrics(run).map((one) => one.what)))];
  const signed = (value: number | undefined) => (value === undefined ? <span class="absent">–</span> : <span class="num" data-value={String(value)}>{formatSigned(value)}</span>);
  return {
    name: 'errors_by_run', label: 'Errors of each run', rows: runs.length,
    columns: [
      { name: 'file', title: 'run', cell: (i) => runs[i]?.file },
      { name: 'basis', title: 'from', cell: (i) => basis(runs[i]!) },
      ...figures.map((what) => ({ name: what, title: what, cell: (i: number) => error(i, what), shown: (i: number) => signed(error(i, what)) })),
      { name: 'step', title: 'one step', unit: 'share', cell: (i) => stepError(runs[i]!) },
    ],
  };
}

export function Validation() {
  const { route } = usePage();
  const { runs } = useChosen(isValidated);
  const all = useMemo(() => runs.flatMap((run) => [...comparedMetrics(run), ...comparedSteps(run)]), [runs.map((run) => run.id).join()]);
  if (runs.length === 0) {
    return (
      <>
        <header class="heading"><h1>Validation</h1></header>
        <Empty what="No measured run that was predicted, too, is among the files." command={'inferbench replay --system cpu --model stories15m --workload poisson:rate=50,isl=64,osl=32 \\\n  --compare-model --json run.json'} />
      </>
    );
  }
  const figures = [...new Set(all.map((one) => one.what))];
  const what = figures.includes(route.params['figure'] ?? '') ? (route.params['figure'] ?? '') : (figures.find((one) => one.startsWith('tpot')) ?? figures[0] ?? '');
  const shown = all.filter((one) => one.what === what);
  const steps = median(runs.map((run) => stepError(run) ?? NaN));
  return (
    <>
      <Heading title="Validation" run={runs[0]}>
        {count(runs.length, 'run')} measured and modelled{steps === undefined ? '.' : `; one step is predicted within ${formatPercent(steps)}, the median of runs.`} Errors are (modelled − measured) / measured.
      </Heading>
      <div class="controls"><FigureChoice figures={figures} value={what} /></div>
      <Agreement all={shown} what={what} />
      <section><h2>Errors of each run</h2><DataTable model={runTable(runs)} /></section>
      <section><h2>Every figure</h2><DataTable model={compareTable(all)} /></section>
    </>
  );
}

function FigureChoice({ figures, value }: { figures: string[]; value: string }) {
  const { go } = usePage();
  return (
    <label class="choice">
      <span>Figure</span>
      <select value={value} onChange={(event) => go({ figure: event.currentTarget.value })}>
        {figures.map((one) => <option key={one} value={one}>{one}</option>)}
      </select>
    </label>
  );
}
