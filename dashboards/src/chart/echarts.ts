// Only what the views draw with: the rest of the library stays out of the page.
import { BarChart, CustomChart, LineChart, ScatterChart } from 'echarts/charts';
import { GridComponent, MarkAreaComponent, MarkLineComponent } from 'echarts/components';
import { init, use, type EChartsCoreOption, type EChartsType } from 'echarts/core';
import { LabelLayout } from 'echarts/features';
import { CanvasRenderer, SVGRenderer } from 'echarts/renderers';

use([
  BarChart, CustomChart, LineChart, ScatterChart, GridComponent, MarkAreaComponent,
  MarkLineComponent, LabelLayout, CanvasRenderer, SVGRenderer,
]);

export { init };
export type { EChartsCoreOption, EChartsType };
