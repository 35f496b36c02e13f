// Numbers as people read them. Exact values stand in tables' CSV and in the title of each number.

// By the most places after the point; making one takes longer than using it.
const formats = Array.from({ length: 7 }, (_, places) => new Intl.NumberFormat('en-US', { maximumFractionDigits: places }));
const fixed = (value: number, places: number) => formats[places]?.format(value) ?? '';

const digits = (value: number): string => {
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 10000 || Number.isInteger(value)) {
    return fixed(Math.round(value), 0);
  }
  const places = Math.max(0, 3 - Math.floor(Math.log10(size)));
  if (places > 6) return value.toExponential(2);
  return fixed(value, places);
};

export function formatNumber(value: number | undefined): string {
  return value === undefined || Number.isNaN(value) ? '–' : digits(value);
}

const scaled = (value: number, step: number, units: string[]): string => {
  let unit = 0;
  while (Math.abs(value) >= step && unit < units.length - 1) {
    value /= step;
    ++unit;
  }
  return `${digits(Number(value.toPrecision(4)))} ${units[unit] ?? ''}`.trim();
};

export function formatMs(ms: number | undefined): string {
  if (ms === undefined || Number.isNaN(ms)) return '–';
  if (Math.abs(ms) >= 1000) return `${digits(Number((ms / 1000).toPrecision(4)))} s`;
  if (ms !== 0 && Math.abs(ms) < 1) return `${digits(Number((ms * 1000).toPrecision(4)))} µs`;
  return `${digits(Number(ms.toPrecision(4)))} ms`;
}

export function formatBytes(bytes: number | undefined): string {
  return bytes === undefined || Number.isNaN(bytes)
    ? '–'
    : scaled(bytes, 1000, ['B', 'kB', 'MB', 'GB', 'TB', 'PB']);
}

// Message sizes are powers of two.
export function formatSize(bytes: number | undefined): string {
  return bytes === undefined || Number.isNaN(bytes) ? '–' : scaled(bytes, 1024, ['B', 'KiB', 'MiB', 'GiB', 'TiB']);
}

export function formatPercent(share: number | undefined): string {
  return share === undefined || Number.isNaN(share) ? '–' : `${digits(Number((share * 100).toPrecision(3)))} %`;
}

export function formatSigned(share: number): string {
  return (share > 0 ? '+' : share < 0 ? '−' : '') + formatPercent(Math.abs(share));
}

// By the unit that a result's key or metric states.
export function formatUnit(value: number | undefined, unit: string): string {
  if (value === undefined || Number.isNaN(value)) return '–';
  if (unit === 'ms') return formatMs(value);
  if (unit === 's') return formatMs(value * 1000);
  if (unit === 'ns') return formatMs(value / 1e6);
  if (unit === 'bytes') return formatBytes(value);
  if (unit === 'ratio' || unit === 'share' || unit === 'fraction') return formatPercent(value);
  return unit === '' || unit === '1' ? digits(value) : `${formatNumber(value)} ${unit}`;
}

export function count(n: number, one: string, many = `${one}s`): string {
  return `${fixed(n, 0)} ${n === 1 ? one : many}`;
}

// Axis ticks: short, powers of thousand.
export function formatTick(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e12) return `${Number((value / 1e12).toPrecision(4))}T`;
  if (size >= 1e9) return `${Number((value / 1e9).toPrecision(4))}G`;
  if (size >= 1e6) return `${Number((value / 1e6).toPrecision(4))}M`;
  if (size >= 1e4) return `${Number((value / 1e3).toPrecision(4))}k`;
  return String(Number(value.toPrecision(4)));
}
