import { useMemo } from 'preact/hooks';
import { Chart } from '../chart/chart.tsx';
import type { Cursor } from '../chart/cursor.ts';
import type { EChartsCoreOption } from '../chart/echarts.ts';
import { axis, dashes, nth, textStyle } from '../chart/look.ts';
import type { Series } from '../data/comparison.ts';
import { median } from '../data/validation.ts';
import { count, formatMs, formatSigned } from '../lib/format.ts';
import { usePage } from '../parts/context.ts';
import type { TableModel } from '../parts/data_table.tsx';
import { Facts, Num } from '../parts/small.tsx';

// The change of each block, in the order in which they ran.
function Blocks({ series, margin, target }: { series: Series; margin: number; target: number }) {
  const { look } = usePage();
  const changes = useMemo(() => series.blocks.map((block) => block.candidate / block.baseline - 1), [series]);
  const option = useMemo((): EChartsCoreOption => ({
    textStyle: textStyle(look),
    grid: { left: 66, right: 64, top: 12, bottom: 46 },
    xAxis: axis(look, 'block', { type: 'value', min: 0, max: Math.max(1, changes.length - 1), nameGap: 28 }),
    yAxis: axis(look, 'change, %', { type: 'value', nameGap: 44 }),
    series: [{
      type: 'scatter', silent: true, symbolSize: 6, itemStyle: { color: look.accent }, data: changes.map((change, i) => [i, change * 100]),
      markLine: { silent: true, symbol: 'none', lineStyle: { color: look.muted, type: [4, 4] }, label: { color: look.muted, fontSize: 11 }, data: [
        { yAxis: 0, lineStyle: { color: look.text, type: 'solid' }, label: { formatter: 'none' } },
        { yAxis: margin * 100, label: { formatter: 'margin' } }, { yAxis: target * 100, label: { formatter: 'target' } },
      ] },
    }],
  }), [changes, look]);
  const cursor: Cursor = useMemo(() => ({
    x: Float64Array.from(changes, (_, i) => i), y: Float64Array.from(changes, (change) => change * 100),
    say: (i) => [`block ${i}: ${formatSigned(changes[i] ?? NaN)}`, `${formatMs((series.blocks[i]?.baseline ?? NaN) / 1e6)} then, ${formatMs((series.blocks[i]?.candidate ?? NaN) / 1e6)} now`],
  }), [changes]);
  const table: TableModel = useMemo(() => ({
    name: 'blocks', label: 'Blocks', rows: series.blocks.length,
    columns: [
      { name: 'block', title: 'block', cell: (i) => i },
      { name: 'baseline_ns', title: 'baseline', unit: 'ns', cell: (i) => series.blocks[i]?.baseline },
      { name: 'candidate_ns', title: 'candidate', unit: 'ns', cell: (i) => series.blocks[i]?.candidate },
      { name: 'change', title: 'change', unit: 'share', cell: (i) => changes[i] },
    ],
  }), [series]);
  const slower = changes.filter((change) => change > 0).length;
  return (
    <Chart name="blocks" title="Block by block" height={240} option={option} cursor={cursor} table={table}
      caption={`The candidate was slower in ${slower} of ${count(changes.length, 'block')}; the median block changed by ${formatSigned(median(changes) ?? NaN)}.`} />
  );
}

const hypotheses = [
  { key: 'slower', title: 'no more than the margin slower' },
  { key: 'notSlower', title: 'slower by the target' },
  { key: 'faster', title: 'no more than the margin faster' },
  { key: 'notFaster', title: 'faster by the target' },
] as const;

// How likely the data were at each look under each of the hypotheses that it could rule out.
function Looks({ series }: { series: Series }) {
  const { look } = usePage();
  const option = useMemo((): EChartsCoreOption => ({
    textStyle: textStyle(look),
    grid: { left: 66, right: 28, top: 12, bottom: 46 },
    xAxis: axis(look, 'blocks at the look', { type: 'category', data: series.looks.map((one) => one.blocks), nameGap: 28 }),
    yAxis: axis(look, 'p', { type: 'log', max: 1, nameGap: 48 }),
    series: hypotheses.map((of, n) => ({
      type: 'line', silent: true, symbolSize: 6, lineStyle: { color: nth(look.palette, n), type: nth(dashes, n), width: 2 }, itemStyle: { color: nth(look.palette, n) },
      data: series.looks.map((one) => Math.max(one[of.key], 1e-12)),
    })),
  }), [series, look]);
  const table: TableModel = useMemo(() => ({
    name: 'looks', label: 'Looks', rows: series.looks.length,
    columns: [
      { name: 'blocks', title: 'blocks', cell: (i) => series.looks[i]?.blocks },
      ...hypotheses.map((of) => ({ name: of.key, title: of.title, cell: (i: number) => series.looks[i]?.[of.key] })),
    ],
  }), [series]);
  const last = series.looks.at(-1);
  return (
    <Chart name="looks" title="The way to the verdict" height={240} option={option} table={table}
      caption={`Chance of such blocks under what the test tries to rule out, after each look; it ended as ${series.verdict} after ${count(last?.blocks ?? 0, 'block')}.`}
      legend={hypotheses.map((of, n) => ({ name: of.title, color: nth(look.palette, n), dash: nth(dashes, n) }))} />
  );
}

export function SeriesDetails({ series, margin, target }: { series: Series; margin: number; target: number }) {
  const { go } = usePage();
  return (
    <section class="details" aria-label={series.name}>
      <div class="section-head">
        <h2>{series.name}: {series.verdict}</h2>
        <button type="button" onClick={() => go({ series: '' })}>Close</button>
      </div>
      <Facts facts={[
        ['change', formatSigned(series.change ?? NaN)],
        ['interval', series.low === undefined ? (series.exact ? 'counted, no interval' : '–') : `${formatSigned(series.low)} to ${formatSigned(series.high ?? NaN)}`],
        ['baseline', <Num value={series.baseline} unit={series.unit} />],
        ['candidate', <Num value={series.candidate} unit={series.unit} />],
      ]} />
      {series.flags.length > 0 && <p class="muted">{series.flags.join('; ')}</p>}
      {series.blocks.length > 0 && <Blocks series={series} margin={margin} target={target} />}
      {series.looks.length > 0 && <Looks series={series} />}
    </section>
  );
}
