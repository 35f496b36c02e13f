import { useMemo } from 'preact/hooks';
import { Chart } from '../chart/chart.tsx';
import type { Cursor } from '../chart/cursor.ts';
import type { EChartsCoreOption } from '../chart/echarts.ts';
import { axis, dashes, nth, textStyle } from '../chart/look.ts';
import { distributions, slos } from '../data/latency.ts';
import type { Run } from '../data/runs.ts';
import { formatMs, formatPercent, formatTick } from '../lib/format.ts';
import { quantile, shareWithin } from '../lib/ecdf.ts';
import { usePage } from '../parts/context.ts';
import type { TableModel } from '../parts/data_table.tsx';

export interface Metric {
  id: string;
  title: string;
  long: string;
}

interface Steps {
  run: Run;
  value: Float64Array;
  share: Float64Array;
  samples: number;
}

function stepsOf(run: Run, metric: string): Steps {
  const table = run.table(`ecdf_${metric}`);
  return { run, value: table.numbers('value_ms'), share: table.numbers('share'), samples: table.of };
}

// The result's own quantiles where it states them; the steps of ITL are rounded up to buckets.
export function ecdfCaption(steps: Steps, metric: Metric): string {
  const stated = distributions(steps.run).find((one) => one.id === metric.id);
  const p50 = stated?.percentiles.get('p50') ?? quantile(steps.value, steps.share, 0.5);
  const p90 = stated?.percentiles.get('p90') ?? quantile(steps.value, steps.share, 0.9);
  const most = stated?.max ?? steps.value.at(-1);
  return `Half of the ${steps.samples.toLocaleString('en-US')} ${metric.title} samples of ${steps.run.file} are at most ${formatMs(p50)}, nine in ten at most ${formatMs(p90)}, all at most ${formatMs(most)}.`;
}

// Height of a step: the share, or on the tail's axis the share of samples beyond it, which the last
// step has none of and so lies half a sample above the bottom.
function heights(steps: Steps, tail: boolean): Float64Array {
  return steps.share.map((share) => (tail ? Math.max(1 - share, 0.5 / steps.samples) : share));
}

export function EcdfChart({ runs, run, metric, tail, log }: { runs: Run[]; run: Run; metric: Metric; tail: boolean; log: boolean }) {
  const { look } = usePage();
  const all = useMemo(() => runs.map((one) => stepsOf(one, metric.id)), [runs.map((one) => one.id).join(), metric.id]);
  const own = useMemo(() => stepsOf(run, metric.id), [run, metric.id]);
  const option = useMemo((): EChartsCoreOption => {
    const limits = slos(run).filter((slo) => slo.metric === metric.id && slo.limitMs !== undefined);
    const positive = all.flatMap((steps) => [steps.value.find((value) => value > 0) ?? 1, steps.value.at(-1) || 1]);
    const least = Math.min(...positive);
    const most = Math.max(...positive, ...limits.map((slo) => slo.limitMs ?? 0));
    const series = all.map((steps, i) => {
      const y = heights(steps, tail);
      return {
        type: 'line', step: 'end', showSymbol: false, silent: true, name: steps.run.file,
        data: Array.from(steps.value, (value, k) => [log ? Math.max(value, 1e-6) : value, y[k]]),
        lineStyle: { width: steps.run === run ? 2.5 : 1.5, color: nth(look.palette, i), type: nth(dashes, i) },
        ...(steps.run === run && limits.length ? { markLine: {
          silent: true, symbol: 'none', lineStyle: { color: look.warn, type: [4, 4], width: 1.5 },
          data: limits.map((slo) => ({ xAxis: slo.limitMs, label: { formatter: `SLO ${slo.percentile}`, color: look.warn, fontSize: 11 } })),
        } } : {}),
      };
    });
    return {
      textStyle: textStyle(look),
      grid: { left: 66, right: 28, top: 26, bottom: 54 },
      xAxis: axis(look, `${metric.title}, ms`, {
        type: log ? 'log' : 'value', nameGap: 32, ...(log ? { min: least / 1.2, max: most * 1.2, logBase: most / least < 200 ? 2 : 10 } : {}),
        axisLabel: { formatter: formatTick, color: look.muted, fontSize: 11, showMinLabel: !log, showMaxLabel: !log },
      }),
      yAxis: axis(look, tail ? 'share of samples beyond' : 'share of samples', {
        type: tail ? 'log' : 'value', nameGap: 48, max: 1, min: tail ? Math.min(...all.map((steps) => 0.4 / steps.samples)) : 0,
        axisLabel: { formatter: (share: number) => formatPercent(share), color: look.muted, fontSize: 11, showMinLabel: !tail },
      }),
      series,
    };
  }, [all, run, look, tail, log, metric.id]);
  const cursor: Cursor = useMemo(() => ({
    x: own.value,
    y: heights(own, tail),
    say: (i) => [
      formatMs(own.value[i]),
      `${formatPercent(own.share[i])} of ${metric.title} are at most that`,
      ...(own.share[i] === 1 ? [] : [`one in ${Math.round(1 / Math.max(1 - (own.share[i] ?? 0), 1e-12)).toLocaleString('en-US')} is longer`]),
    ],
  }), [own, tail]);
  const table: TableModel = useMemo(() => ({
    name: `ecdf_${metric.id}`,
    label: `Distribution of ${metric.title}`,
    rows: own.value.length,
    columns: [
      { name: `${metric.id}_ms`, title: `${metric.title}`, unit: 'ms', cell: (row) => own.value[row] },
      { name: 'share', title: 'share at most that', unit: 'share', cell: (row) => own.share[row] },
    ],
  }), [own, metric.id]);
  const within = slos(run).filter((slo) => slo.metric === metric.id && slo.limitMs !== undefined)
    .map((slo) => ` ${formatPercent(shareWithin(own.value, own.share, slo.limitMs ?? 0))} are within ${formatMs(slo.limitMs)}.`);
  return (
    <Chart name={`${metric.id}_distribution`} title={`${metric.title}: ${metric.long}`} height={400}
      caption={ecdfCaption(own, metric) + within.join('')} option={option} cursor={cursor} table={table}
      legend={all.map((steps, i) => ({ name: steps.run.file, color: nth(look.palette, i), dash: nth(dashes, i) }))} />
  );
}
