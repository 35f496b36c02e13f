import type { EChartsCoreOption } from '../chart/echarts.ts';
import { axis, nth, textStyle, type Look } from '../chart/look.ts';
import type { Steps } from '../data/steps.ts';
import { formatMs, formatTick } from '../lib/format.ts';
import { mergedBars, timeMeans } from '../lib/windows.ts';

const cells = 600; // of the curves; about a pixel and a half each
const left = 118;

interface Api {
  value(dimension: number): number;
  coord(at: [number, number]): [number, number];
  size(of: [number, number]): [number, number];
  style(): object;
}

// Rectangles (begin, end, lane, colour) of one grid.
function bars(data: object[], grid: number): object {
  return {
    type: 'custom', silent: true, xAxisIndex: grid, yAxisIndex: grid, data, clip: true, progressive: 0,
    encode: { x: [0, 1], y: 2 },
    renderItem: (_: unknown, api: Api) => {
      const [x0, y] = api.coord([api.value(0), api.value(2)]);
      const [x1] = api.coord([api.value(1), api.value(2)]);
      const height = api.size([0, 1])[1] * 0.72;
      return { type: 'rect', shape: { x: x0, y: y - height / 2, width: Math.max(x1 - x0 - 0.25, 0.75), height }, style: api.style() };
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
  const data: object[] = [];
  steps.lanes.forEach((lane, n) => {
    for (const bar of mergedBars(steps.begin, steps.elapsed, steps.kind, lane.steps, window.from, window.to, least)) {
      data.push({ value: [bar.begin, bar.end, n], itemStyle: { color: nth(look.palette, bar.kind) } });
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
      bars(data, 0),
      curve(steps, 'prompt_tokens', 1, window, nth(look.palette, 0), { stack: 'tokens', ...area }),
      curve(steps, 'decodes', 1, window, nth(look.palette, 2), { stack: 'tokens', ...area }),
      curve(steps, 'running', 2, window, nth(look.palette, 2), {}),
      curve(steps, 'waiting', 2, window, nth(look.palette, 1), { lineStyle: { color: nth(look.palette, 1), width: 1.5, type: [4, 3] } }),
      curve(steps, 'kv_blocks_used', 3, window, nth(look.palette, 3), area),
    ],
  };
}
