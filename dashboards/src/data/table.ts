import type { RawTable } from './contract.ts';

export type Cell = number | string | undefined;

// A table of the contract, read by column. A number that is not there is NaN in `numbers`, a text
// that is not there is ''.
export class Table {
  readonly rows: number;
  readonly of: number;
  private readonly raw: RawTable;
  private readonly cache = new Map<string, Float64Array>();

  constructor(raw: RawTable | undefined) {
    this.raw = raw ?? { rows: 0, of: 0, columns: {} };
    this.rows = this.raw.rows;
    this.of = this.raw.of;
  }

  get names(): string[] {
    return Object.keys(this.raw.columns);
  }

  has(column: string): boolean {
    return column in this.raw.columns;
  }

  isText(column: string): boolean {
    const found = this.raw.columns[column];
    return found !== undefined && 'codes' in found;
  }

  numbers(column: string): Float64Array {
    const cached = this.cache.get(column);
    if (cached) return cached;
    const found = this.raw.columns[column];
    const out = new Float64Array(this.rows).fill(NaN);
    if (found && 'values' in found) {
      found.values.forEach((value, i) => {
        if (typeof value === 'number') out[i] = value;
      });
    }
    this.cache.set(column, out);
    return out;
  }

  text(column: string, row: number): string {
    const found = this.raw.columns[column];
    if (!found || !('codes' in found)) return '';
    return found.dictionary[found.codes[row] ?? -1] ?? '';
  }

  // The different texts of a column.
  texts(column: string): string[] {
    const found = this.raw.columns[column];
    return found && 'codes' in found ? found.dictionary : [];
  }

  list(column: string, row: number): number[] {
    const found = this.raw.columns[column];
    const value = found && 'values' in found ? found.values[row] : undefined;
    return Array.isArray(value) ? value : [];
  }

  cell(column: string, row: number): Cell {
    if (this.isText(column)) return this.text(column, row) || undefined;
    const value = this.numbers(column)[row];
    return value === undefined || Number.isNaN(value) ? undefined : value;
  }
}
