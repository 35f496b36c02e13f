import type { EChartsCoreOption } from '../chart/echarts.ts';
import { axis, nth, textStyle, type Look } from '../chart/look.ts';
import type { Steps } from '../data/steps.ts';
import { formatMs, formatTick } from '../lib/format.ts';
import { mergedBars, timeMeans, type Bar } from '../lib/windows.ts';

const cells = 600; // of the curves; about a pixel and a half each
const left = 118;

interface Api {
  value(dimension: number): number;
  coord(at: [number, number]): [number, number];
  size(of: [number, number]): [number, number];
}

interface LaneBar extends Bar { lane: number }

// Rectangles of one grid, all of one kind as one element; the time axis is linear.
function bars(all: LaneBar[], grid: number, window: { from: number; to: number }, colors: string[]): object {
  const kinds = [...new Set(all.map((bar) => bar.kind))].sort();
  return {
    type: 'custom', silent: true, xAxisIndex: grid, yAxisIndex: grid, clip: true, progressive: 0,
    data: kinds.map((kind) => [window.from, 0, kind]), encode: { x: 0, y: 1 },
    renderItem: (_: unknown, api: Api) => {
      const kind = api.value(2);
      const of = all.filter((bar) => bar.kind === kind);
      const band = api.size([0, 1])[1];
      const height = band * 0.72;
      const [x0, y0] = api.coord([window.from, 0]);
      const [x1] = api.coord([window.to, 0]);
      const perMs = (x1 - x0) / (window.to - window.from);
      const rects = new Float64Array(4 * of.length);
      of.forEach((bar, n) => {
        const width = (bar.end - bar.begin) * perMs;
        rects.set([x0 + (bar.begin - window.from) * perMs, y0 + band * bar.lane - height / 2, Math.max(width - 0.25, 0.75), height], 4 * n);
      });
      return { type: 'rects', shape: { rects }, style: { fill: nth(colors, kind) } };
    },
  };
}

function curve(steps: Steps, column: string, grid: number, window: { from: number; to: number }, color: string, more: object): object {
  return {
    type: 'line', silent: true, showSymbol: false, xAxisIndex: grid, yAxisIndex: grid, step: 'middle',
    data: timeMeans(steps.begin, steps.column(column), window.from, window.to, cells),
    lineStyle: { color, width: 1.5 }, itemStyle: { color }, ...more,
  };
}

// Steps over batch composition, queue and KV blocks, under one time axis.
export function timelineOption(steps: Steps, window: { from: number; to: number }, look: Look): EChartsCoreOption {
  const least = (window.to - window.from) / 1200;
  const data: LaneBar[] = [];
  const shown: number[][] = steps.lanes.map(() => []);
  for (const i of steps.within(window.from, window.to)) shown[steps.laneOf[i] ?? 0]?.push(i);
  shown.forEach((lane, n) => {
    for (const bar of mergedBars(steps.begin, steps.elapsed, steps.kind, lane, window.from, window.to, least)) {
      data.push({ ...bar, lane: n });
    }
  });
  const laneHeight = 26 * steps.lanes.length + 8;
  const tops = [10, laneHeight + 34, laneHeight + 130, laneHeight + 226];
  const heights = [laneHeight, 70, 70, 56];
  const time = (show: boolean) => axis(look, show ? 'time since the run began' : '', {
    type: 'value', min: window.from, max: window.to, nameGap: 28, axisTick: { show }, splitNumber: 8,
    axisLabel: { show, formatter: (ms: number) => formatMs(ms), color: look.muted, fontSize: 11, showMinLabel: false, showMaxLabel: false },
  });
  const height = (name: string) => axis(look, name, {
    type: 'value', nameLocation: 'middle', nameGap: 44, splitNumber: 2, axisLabel: { formatter: formatTick, color: look.muted, fontSize: 11 },
  });
  const area = { areaStyle: { opacity: 0.35 } };
  return {
    textStyle: textStyle(look),
    grid: tops.map((top, n) => ({ left, right: 24, top, height: heights[n] })),
    xAxis: tops.map((_, n) => ({ gridIndex: n, ...time(n === tops.length - 1) })),
    yAxis: [
      { gridIndex: 0, ...axis(look, '', { type: 'category', data: steps.lanes.map((lane) => lane.name), inverse: true, splitLine: { show: false }, axisLabel: { color: look.text, fontSize: 11, width: 104, overflow: 'truncate' } }) },
      { gridIndex: 1, ...height('tokens') },
      { gridIndex: 2, ...height('requests') },
      { gridIndex: 3, ...height('KV blocks') },
    ],
    series: [
      bars(data, 0, window, look.palette),
      curve(steps, 'prompt_tokens', 1, window, nth(look.palette, 0), { stack: 'tokens', ...area }),
      curve(steps, 'decodes', 1, window, nth(look.palette, 2), { stack: 'tokens', ...area }),
      curve(steps, 'running', 2, window, nth(look.palette, 2), {}),
      curve(steps, 'waiting', 2, window, nth(look.palette, 1), { lineStyle: { color: nth(look.palette, 1), width: 1.5, type: [4, 3] } }),
      curve(steps, 'kv_blocks_used', 3, window, nth(look.palette, 3), area),
    ],
  };
}
