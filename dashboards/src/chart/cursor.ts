import { h, type ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { NearIndex } from '../lib/near.ts';
import type { EChartsType } from './echarts.ts';

// The points that a pointer or the arrow keys find, in the order in which the keys walk them.
export interface Cursor {
  x: Float64Array; // in the units of the axes of grid 0
  y: Float64Array;
  order?: number[]; // the keys' walk: default by x
  inOrder?: boolean; // the points are in the keys' order as they are
  say: (point: number) => string[]; // the first line is the point's name
  pick?: ((point: number) => void) | undefined; // click or Enter
}

interface Pixels {
  x: Float64Array;
  y: Float64Array;
  index: NearIndex;
}

function pixelsOf(chart: EChartsType, cursor: Cursor): Pixels {
  const n = cursor.x.length;
  const x = new Float64Array(n).fill(NaN);
  const y = new Float64Array(n).fill(NaN);
  const width = chart.getWidth();
  const height = chart.getHeight();
  for (let i = 0; i < n; ++i) {
    const at = chart.convertToPixel({ gridIndex: 0 }, [cursor.x[i] ?? NaN, cursor.y[i] ?? NaN]);
    const [px, py] = Array.isArray(at) ? at : [NaN, NaN];
    if (px === undefined || py === undefined || px < 0 || px > width || py < 0 || py > height) continue;
    x[i] = px;
    y[i] = py;
  }
  return { x, y, index: new NearIndex(x, y) };
}

const keyStep: Record<string, number> = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10 };

// size: changes with every layout of the chart.
export function useCursor(chart: EChartsType | null, size: number, cursor: Cursor | undefined) {
  const [point, setPoint] = useState(-1);
  const [byKey, setByKey] = useState(false);
  const pixels = useRef<Pixels | null>(null);
  const order = useRef<number[] | null>(null);
  useEffect(() => {
    pixels.current = null;
    order.current = null;
    setPoint(-1);
  }, [cursor]);
  useEffect(() => {
    pixels.current = null;
  }, [size]);

  const found = () => {
    if (!pixels.current && chart && cursor) pixels.current = pixelsOf(chart, cursor);
    return pixels.current;
  };
  const walk = () => {
    if (!order.current && cursor) {
      const at = found();
      order.current = (cursor.order ?? (cursor.inOrder ? [...cursor.x.keys()] : [...cursor.x.keys()].sort((a, b) => (cursor.x[a] ?? 0) - (cursor.x[b] ?? 0))))
        .filter((i) => at && Number.isFinite(at.x[i]));
    }
    return order.current ?? [];
  };

  useEffect(() => {
    if (!chart || !cursor) return;
    const zr = chart.getZr();
    const move = (event: { offsetX: number; offsetY: number }) => {
      setByKey(false);
      setPoint(found()?.index.nearest(event.offsetX, event.offsetY) ?? -1);
    };
    const leave = () => setPoint(-1);
    const click = (event: { offsetX: number; offsetY: number }) => {
      const at = found()?.index.nearest(event.offsetX, event.offsetY) ?? -1;
      if (at >= 0) cursor.pick?.(at);
    };
    zr.on('mousemove', move);
    zr.on('globalout', leave);
    zr.on('click', click);
    return () => {
      if (chart.isDisposed()) return;
      zr.off('mousemove', move);
      zr.off('globalout', leave);
      zr.off('click', click);
    };
  }, [chart, cursor]);

  const onKeyDown = (event: KeyboardEvent) => {
    if (!cursor) return;
    const all = walk();
    const now = all.indexOf(point);
    let next = now;
    if (event.key in keyStep) next = now < 0 ? 0 : Math.min(all.length - 1, Math.max(0, now + (keyStep[event.key] ?? 0)));
    else if (event.key === 'Home') next = 0;
    else if (event.key === 'End') next = all.length - 1;
    else if (event.key === 'Escape') next = -1;
    else if (event.key === 'Enter' && point >= 0) return cursor.pick?.(point);
    else return;
    event.preventDefault();
    setByKey(true);
    setPoint(all[next] ?? -1);
  };

  const lines = cursor && point >= 0 ? cursor.say(point) : [];
  const at = point >= 0 ? found() : null;
  let mark: ComponentChildren = null;
  if (at && chart && Number.isFinite(at.x[point])) {
    const x = at.x[point] ?? 0;
    const y = at.y[point] ?? 0;
    const side = x > chart.getWidth() * 0.6 ? 'left' : 'right';
    mark = h('div', { class: 'cursor', style: { left: `${x}px`, top: `${y}px` } },
      h('div', { class: `hint ${side}`, role: 'presentation' },
        lines.map((line, i) => h(i === 0 ? 'strong' : 'div', { key: i }, line))));
  }
  return { onKeyDown, onBlur: () => setPoint(-1), mark, spoken: byKey ? lines.join(', ') : '' };
}
