import { h, type ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { EChartsType } from './echarts.ts';

// A rectangle in the units of the axes of grid 0.
export interface Area {
  x0: number;
  x1: number;
  y0: number;
  y1: number;
}

export interface Brushed {
  area: Area | null;
  select: (area: Area | null) => void;
}

interface Drag {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
}

const least = 6; // pixels; less is a click

// Dragging over the chart selects an area; the charts' own brush does not work on many points.
export function useBrush(chart: EChartsType | null, brushed: Brushed | undefined): ComponentChildren {
  const [drag, setDrag] = useState<Drag | null>(null);
  useEffect(() => {
    if (!chart || !brushed) return;
    const zr = chart.getZr();
    let now: Drag | null = null;
    const down = (event: { offsetX: number; offsetY: number }) => {
      if (!chart.containPixel({ gridIndex: 0 }, [event.offsetX, event.offsetY])) return;
      now = { x0: event.offsetX, y0: event.offsetY, x1: event.offsetX, y1: event.offsetY };
    };
    const move = (event: { offsetX: number; offsetY: number }) => {
      if (!now) return;
      now = { ...now, x1: event.offsetX, y1: event.offsetY };
      setDrag(now);
    };
    const up = () => {
      const done = now;
      now = null;
      setDrag(null);
      if (!done) return;
      if (Math.abs(done.x1 - done.x0) < least || Math.abs(done.y1 - done.y0) < least) return;
      const a = chart.convertFromPixel({ gridIndex: 0 }, [done.x0, done.y0]);
      const b = chart.convertFromPixel({ gridIndex: 0 }, [done.x1, done.y1]);
      const [ax, ay] = Array.isArray(a) ? a : [];
      const [bx, by] = Array.isArray(b) ? b : [];
      if (ax === undefined || ay === undefined || bx === undefined || by === undefined) return;
      brushed.select({ x0: Math.min(ax, bx), x1: Math.max(ax, bx), y0: Math.min(ay, by), y1: Math.max(ay, by) });
    };
    zr.on('mousedown', down);
    zr.on('mousemove', move);
    zr.on('mouseup', up);
    zr.on('globalout', up);
    return () => {
      if (chart.isDisposed()) return;
      zr.off('mousedown', down);
      zr.off('mousemove', move);
      zr.off('mouseup', up);
      zr.off('globalout', up);
    };
  }, [chart, brushed]);
  if (!drag) return null;
  return h('div', {
    class: 'brush',
    style: {
      left: `${Math.min(drag.x0, drag.x1)}px`,
      top: `${Math.min(drag.y0, drag.y1)}px`,
      width: `${Math.abs(drag.x1 - drag.x0)}px`,
      height: `${Math.abs(drag.y1 - drag.y0)}px`,
    },
  });
}
