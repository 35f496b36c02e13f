import type { Area } from '../chart/brush.ts';
import type { EChartsCoreOption } from '../chart/echarts.ts';
import { axis, dashes, nth, symbols, textStyle, type Look } from '../chart/look.ts';
import type { Measure, Points } from '../data/points.ts';
import { formatTick } from '../lib/format.ts';

export interface FrontierDrawing {
  points: Points;
  xs: Float64Array;
  ys: Float64Array;
  candidates: number[];
  frontier: number[];
  groups: { names: string[]; of: Int32Array };
  lines: number[][]; // frontier of each group; empty: none wanted
  x: Measure;
  y: Measure;
  logX: boolean;
  logY: boolean;
  area: Area | null;
  maxTtft: number | undefined;
  minUser: number | undefined;
  look: Look;
}

const many = 4000; // from here on symbols are drawn in bulk

// Extent of what is shown, a little wider; whole decades would leave half of a log axis empty.
function extent(values: Float64Array, shown: number[], log: boolean): { min?: number; max?: number } {
  let min = Infinity;
  let max = -Infinity;
  for (const i of shown) {
    const value = values[i] ?? NaN;
    if (!Number.isFinite(value) || (log && value <= 0)) continue;
    min = Math.min(min, value);
    max = Math.max(max, value);
  }
  if (min > max) return {};
  if (log) return { min: min / 1.15, max: max * 1.25 };
  return { min: 0, max: max * 1.05 };
}

// Two decades and less are labelled at powers of two.
function scale(log: boolean, of: { min?: number; max?: number }): object {
  if (!log) return { type: 'value', ...of };
  return { type: 'log', logBase: (of.max ?? 1) / (of.min ?? 1) < 200 ? 2 : 10, ...of };
}

function scatter(d: FrontierDrawing, g: number): object {
  const data: [number, number][] = [];
  for (const i of d.candidates) {
    if (d.groups.of[i] === g) data.push([d.xs[i] ?? NaN, d.ys[i] ?? NaN]);
  }
  const large = d.candidates.length > many;
  return {
    type: 'scatter', name: d.groups.names[g], data, silent: true,
    large, largeThreshold: 1, progressive: 0,
    symbol: nth(symbols, g), symbolSize: large ? 3 : 6,
    itemStyle: { color: nth(d.look.palette, g), opacity: large ? 0.5 : 0.6 },
  };
}

function frontierLine(d: FrontierDrawing): object {
  // A configuration is named where its stretch of the frontier begins.
  const labelled = d.frontier.map((i, n) => {
    const name = d.points.text('parallel', i);
    const before = d.frontier[n - 1];
    const again = before !== undefined && d.points.text('parallel', before) === name;
    return { value: [d.xs[i], d.ys[i]], label: { show: !again, formatter: name } };
  });
  return {
    type: 'line', name: 'frontier', data: labelled, silent: true, z: 5,
    symbol: 'circle', symbolSize: 8,
    lineStyle: { color: d.look.text, width: 2 },
    itemStyle: { color: d.look.surface, borderColor: d.look.text, borderWidth: 2 },
    label: { show: true, position: 'right', distance: 7, color: d.look.text, fontSize: 11 },
    labelLayout: { hideOverlap: true },
    ...marks(d),
  };
}

function marks(d: FrontierDrawing): object {
  const style = { color: d.look.warn, type: [4, 4], width: 1.5 };
  const lines: object[] = [];
  const limit = (axisKey: 'xAxis' | 'yAxis', value: number, text: string) =>
    lines.push({ [axisKey]: value, lineStyle: style, label: { formatter: text, color: d.look.warn, fontSize: 11 } });
  const limits: [string, number | undefined, string][] = [
    ['ttft_s', d.maxTtft, 'TTFT limit'], ['tokens_per_s_user', d.minUser, 'speed limit'],
  ];
  for (const [column, value, text] of limits) {
    if (value === undefined) continue;
    if (d.x.column === column) limit('xAxis', value, text);
    if (d.y.column === column) limit('yAxis', value, text);
  }
  const out: Record<string, object> = {};
  if (lines.length) out['markLine'] = { silent: true, symbol: 'none', data: lines };
  if (d.area) {
    out['markArea'] = {
      silent: true,
      itemStyle: { color: d.look.accent, opacity: 0.12, borderColor: d.look.accent, borderWidth: 1 },
      data: [[{ coord: [d.area.x0, d.area.y0] }, { coord: [d.area.x1, d.area.y1] }]],
    };
  }
  return out;
}

export function frontierOption(d: FrontierDrawing): EChartsCoreOption {
  const groupLines = d.lines.map((line, g) => ({
    type: 'line', name: `${d.groups.names[g]} frontier`, silent: true, showSymbol: false, z: 4,
    data: line.map((i) => [d.xs[i], d.ys[i]]),
    lineStyle: { color: nth(d.look.palette, g), type: nth(dashes, g), width: 2 },
  }));
  const tick = { formatter: formatTick };
  const x = extent(d.xs, d.candidates, d.logX);
  const y = extent(d.ys, d.candidates, d.logY);
  return {
    textStyle: textStyle(d.look),
    grid: { left: 64, right: 28, top: 24, bottom: 54 },
    xAxis: axis(d.look, `${d.x.title}${d.x.unit === 's' ? ', s' : ''}`, {
      ...scale(d.logX, x), nameGap: 32,
      axisLabel: { ...tick, color: d.look.muted, fontSize: 11, showMinLabel: false, showMaxLabel: false },
    }),
    yAxis: axis(d.look, `${d.y.title}${d.y.unit === 's' ? ', s' : ''}`, {
      ...scale(d.logY, y), nameGap: 46,
      axisLabel: { ...tick, color: d.look.muted, fontSize: 11, showMaxLabel: false },
    }),
    series: [...d.groups.names.map((_, g) => scatter(d, g)), ...groupLines, frontierLine(d)],
  };
}
