// Only what the views draw with: the rest of the library stays out of the page.
import { BarChart, CustomChart, LineChart, ScatterChart } from 'echarts/charts';
import { GridComponent, MarkAreaComponent, MarkLineComponent } from 'echarts/components';
import { graphic, init, use, type EChartsCoreOption, type EChartsType } from 'echarts/core';
import { LabelLayout } from 'echarts/features';
import { CanvasRenderer, SVGRenderer } from 'echarts/renderers';

use([
  BarChart, CustomChart, LineChart, ScatterChart, GridComponent, MarkAreaComponent,
  MarkLineComponent, LabelLayout, CanvasRenderer, SVGRenderer,
]);

// Many rectangles as one element: a thousand of them cost what one does. rects: x, y, width, height of each.
graphic.registerShape('rects', graphic.extendShape({
  shape: { rects: new Float64Array() },
  buildPath(path, { rects }: { rects: Float64Array }) {
    for (let i = 0; i + 3 < rects.length; i += 4) path.rect(rects[i] ?? 0, rects[i + 1] ?? 0, rects[i + 2] ?? 0, rects[i + 3] ?? 0);
  },
}));

export { init };
export type { EChartsCoreOption, EChartsType };
