// Colours, shapes and dashes of the charts, in both themes. Distinguishable with the common kinds of
// colour blindness (after Okabe and Ito), and never told by colour alone: the n-th group has the
// n-th shape and dash too.

export interface Look {
  dark: boolean;
  text: string;
  muted: string;
  line: string; // axes
  grid: string;
  surface: string;
  accent: string;
  warn: string;
  palette: string[];
}

const light: Look = {
  dark: false,
  text: '#1d2430',
  muted: '#5a6474',
  line: '#aab3c0',
  grid: '#e9edf2',
  surface: '#ffffff',
  accent: '#0b62b0',
  warn: '#a34700',
  palette: ['#0b62b0', '#c85a00', '#00805f', '#9c3f97', '#8a6d00', '#2c8fb8', '#b8123f', '#4b5563'],
};

const dark: Look = {
  dark: true,
  text: '#e6eaf0',
  muted: '#9aa5b5',
  line: '#566072',
  grid: '#262d38',
  surface: '#171c24',
  accent: '#62b0f4',
  warn: '#f0a35e',
  palette: ['#62b0f4', '#f2a05a', '#4fc99a', '#d692d4', '#e0c04a', '#8ad4ee', '#ff8099', '#b3bcc8'],
};

export function lookOf(isDark: boolean): Look {
  return isDark ? dark : light;
}

export const symbols = ['circle', 'rect', 'triangle', 'diamond', 'roundRect', 'pin', 'arrow', 'circle'];
export const dashes: (string | number[])[] = ['solid', [6, 3], [2, 2], [8, 3, 2, 3], [12, 4], [4, 4], [1, 3], [10, 2, 2, 2]];

export function nth<T>(of: T[], i: number): T {
  const value = of[i % of.length];
  if (value === undefined) throw new Error('an empty list of styles');
  return value;
}

const font = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';

export function textStyle(look: Look) {
  return { fontFamily: font, color: look.text, fontSize: 12 };
}

// An axis as all charts have it.
export function axis(look: Look, name: string, more: object = {}): object {
  return {
    name,
    nameLocation: 'middle',
    nameTextStyle: { color: look.muted, fontSize: 12 },
    axisLine: { show: true, lineStyle: { color: look.line } },
    axisTick: { lineStyle: { color: look.line } },
    axisLabel: { color: look.muted, fontSize: 11, hideOverlap: true },
    splitLine: { lineStyle: { color: look.grid } },
    minorSplitLine: { show: false },
    ...more,
  };
}
