// Which shape, dash and colour stands for what.
export interface LegendItem {
  name: string;
  color: string;
  symbol?: string;
  dash?: string | number[];
}

const shapes: Record<string, string> = {
  circle: 'M6 1a5 5 0 1 0 .01 0z',
  rect: 'M1.5 1.5h9v9h-9z',
  roundRect: 'M3 1.5h6a1.5 1.5 0 0 1 1.5 1.5v6a1.5 1.5 0 0 1-1.5 1.5h-6a1.5 1.5 0 0 1-1.5-1.5v-6a1.5 1.5 0 0 1 1.5-1.5z',
  triangle: 'M6 1l5 10h-10z',
  diamond: 'M6 0.5l4.5 5.5-4.5 5.5-4.5-5.5z',
  pin: 'M6 11.5c-2-3-3.5-4.500-3.500-7a3.500 3.500 0 0 1 7 0c0 2.500-1.500 4-3.500 7z',
  arrow: 'M6 1l4.500 10-4.500-2.500-4.500 2.500z',
};

export function Legend({ items }: { items: LegendItem[] }) {
  if (items.length < 2) return null;
  return (
    <ul class="legend">
      {items.map((item) => (
        <li key={item.name}>
          {item.dash === undefined
            ? <svg width="12" height="12" aria-hidden="true"><path d={shapes[item.symbol ?? 'circle'] ?? shapes['circle']} fill={item.color} /></svg>
            : <svg width="24" height="12" aria-hidden="true"><path d="M0 6h24" stroke={item.color} stroke-width="2.5" stroke-dasharray={Array.isArray(item.dash) ? item.dash.join(' ') : undefined} /></svg>}
          {item.name}
        </li>
      ))}
    </ul>
  );
}
