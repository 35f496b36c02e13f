import type { ComponentChildren } from 'preact';
import { useEffect, useId, useMemo, useRef, useState } from 'preact/hooks';
import { download } from '../lib/csv.ts';
import { DataTable, type TableModel } from '../parts/data_table.tsx';
import { usePage } from '../parts/context.ts';
import { init, type EChartsCoreOption, type EChartsType } from './echarts.ts';
import { Legend, type LegendItem } from './legend.tsx';
import type { Look } from './look.ts';
import { useCursor, type Cursor } from './cursor.ts';
import { useBrush, type Brushed } from './brush.ts';

export interface ChartProps {
  name: string; // of exported files
  title: string;
  caption: string; // one sentence that says what is to be seen, computed from the data
  option: EChartsCoreOption;
  height?: number;
  table?: TableModel; // the same data as rows
  cursor?: Cursor;
  legend?: LegendItem[];
  brush?: Brushed | undefined; // drag selects a rectangle
  wheel?: ((x: number, delta: number) => void) | undefined;
  children?: ComponentChildren; // controls
}

function useChart(option: EChartsCoreOption, look: Look) {
  const box = useRef<HTMLDivElement>(null);
  const [chart, setChart] = useState<EChartsType | null>(null);
  const [size, setSize] = useState(0); // counts layouts, so that pixels are computed anew
  useEffect(() => {
    if (!box.current) return;
    const made = init(box.current, null, { renderer: 'canvas' });
    setChart(made);
    const observer = new ResizeObserver(() => {
      made.resize();
      setSize((n) => n + 1);
    });
    observer.observe(box.current);
    return () => {
      observer.disconnect();
      made.dispose();
    };
  }, []);
  useEffect(() => {
    if (!chart) return;
    chart.setOption({ animation: false, backgroundColor: 'transparent', ...option }, { notMerge: true });
    setSize((n) => n + 1);
  }, [chart, option, look]);
  return { box, chart, size };
}

function saveSvg(chart: EChartsType, option: EChartsCoreOption, name: string, look: Look) {
  const still = init(null, null, { renderer: 'svg', ssr: true, width: chart.getWidth(), height: chart.getHeight() });
  still.setOption({ animation: false, backgroundColor: look.surface, ...option });
  download(`${name}.svg`, still.renderToSVGString(), 'image/svg+xml');
  still.dispose();
}

async function savePng(chart: EChartsType, name: string, look: Look) {
  const url = chart.getDataURL({ type: 'png', pixelRatio: 2, backgroundColor: look.surface });
  const bytes = Uint8Array.from(atob(url.slice(url.indexOf(',') + 1)), (c) => c.charCodeAt(0));
  download(`${name}.png`, bytes, 'image/png');
}

// A figure: chart, sentence, table twin, exports, a cursor for mouse and keyboard.
export function Chart(props: ChartProps) {
  const { look } = usePage();
  const { box, chart, size } = useChart(props.option, look);
  const [asTable, setAsTable] = useState(false);
  const cursor = useCursor(chart, size, props.cursor);
  const brush = useBrush(chart, props.brush);
  const id = useId();
  useEffect(() => {
    const wheel = props.wheel;
    if (!chart || !wheel) return;
    const element = chart.getDom();
    const turn = (event: WheelEvent) => {
      event.preventDefault();
      const at = chart.convertFromPixel({ xAxisIndex: 0 }, event.offsetX);
      wheel(Number(at), event.deltaY);
    };
    element.addEventListener('wheel', turn, { passive: false });
    return () => element.removeEventListener('wheel', turn);
  }, [chart, props.wheel]);
  const table = useMemo(() => props.table, [props.table]);
  return (
    <figure class="chart" aria-labelledby={`${id}-title`} aria-describedby={`${id}-caption`}>
      <div class="chart-head">
        <h2 id={`${id}-title`}>{props.title}</h2>
        <div class="chart-tools">
          {props.children}
          {table && (
            <button type="button" aria-pressed={asTable} onClick={() => setAsTable(!asTable)}>Table</button>
          )}
          <button type="button" onClick={() => chart && savePng(chart, props.name, look)}>PNG</button>
          <button type="button" onClick={() => chart && saveSvg(chart, props.option, props.name, look)}>SVG</button>
        </div>
      </div>
      {props.legend && <Legend items={props.legend} />}
      <div class="chart-area" hidden={asTable && !!table} tabIndex={props.cursor ? 0 : undefined}
        role={props.cursor ? 'application' : 'img'} aria-roledescription={props.cursor ? 'chart; arrow keys move from point to point' : undefined}
        aria-label={`${props.title}. ${props.caption}`} onKeyDown={cursor.onKeyDown} onBlur={cursor.onBlur}>
        <div class="chart-canvas" ref={box} style={{ height: `${props.height ?? 420}px` }} />
        {brush}
        {cursor.mark}
      </div>
      {asTable && table && <DataTable model={table} />}
      <figcaption id={`${id}-caption`}>{props.caption}</figcaption>
      <div class="live" aria-live="polite">{cursor.spoken}</div>
    </figure>
  );
}
