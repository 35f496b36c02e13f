import { lowerBound } from '../lib/windows.ts';
import type { Run } from './runs.ts';

export const stepKinds = ['prefill', 'mixed', 'decode', 'lost'];

// The steps of a timeline in order of their begin.
export class Steps {
  readonly n: number;
  readonly begin: Float64Array; // ms
  readonly elapsed: Float64Array;
  readonly kind: Int8Array; // index into stepKinds
  private readonly order: Int32Array | null; // row of each step in the table; null: the rows are in order
  private readonly latest: Float64Array; // end of the step that ends last, up to each
  private readonly columns = new Map<string, Float64Array>();
  readonly lanes: { name: string; steps: number[] }[];
  readonly laneOf: Int32Array; // index into lanes
  readonly from: number;
  readonly to: number;

  constructor(private readonly run: Run) {
    const table = run.table('steps');
    this.n = table.rows;
    const begin = table.numbers('begin_ms');
    this.order = orderOf(begin);
    this.begin = this.column('begin_ms');
    this.elapsed = this.column('elapsed_ms');
    const prompts = this.column('prompt_tokens');
    const decodes = this.column('decodes');
    this.kind = new Int8Array(this.n);
    for (let i = 0; i < this.n; ++i) this.kind[i] = table.text('lost', this.rowOf(i)) ? 3 : (prompts[i] ?? 0) > 0 ? ((decodes[i] ?? 0) > 0 ? 1 : 0) : 2;
    const lanes = new Map<number, { name: string; steps: number[] }>();
    const replica = this.column('replica');
    const lane = this.column('lane');
    for (let i = 0; i < this.n; ++i) {
      const key = (replica[i] ?? 0) * 65536 + (lane[i] || 0);
      let of = lanes.get(key);
      if (!of) lanes.set(key, of = { name: `replica ${replica[i]}${(lane[i] ?? 0) > 0 ? `, ${(lane[i] ?? 0) + 1} in flight` : ''}`, steps: [] });
      of.steps.push(i);
    }
    this.lanes = [...lanes.values()].sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
    this.laneOf = new Int32Array(this.n);
    this.lanes.forEach((lane, n) => { for (const i of lane.steps) this.laneOf[i] = n; });
    this.from = this.begin[0] ?? 0;
    this.latest = new Float64Array(this.n);
    let to = this.from;
    for (let i = 0; i < this.n; ++i) this.latest[i] = to = Math.max(to, (this.begin[i] ?? 0) + (this.elapsed[i] ?? 0));
    this.to = to;
  }

  private rowOf(i: number): number {
    return this.order ? (this.order[i] ?? 0) : i;
  }

  // In the order of the steps; made once.
  column(name: string): Float64Array {
    const values = this.run.table('steps').numbers(name);
    if (!this.order) return values;
    let column = this.columns.get(name);
    if (!column) {
      column = new Float64Array(this.n);
      for (let i = 0; i < this.n; ++i) column[i] = values[this.order[i] ?? 0] ?? NaN;
      this.columns.set(name, column);
    }
    return column;
  }

  // The steps that overlap [from, to], in order; only those near it are looked at.
  within(from: number, to: number): Int32Array {
    const first = lowerBound(this.latest, from);
    const shown = new Int32Array(this.n - first);
    let n = 0;
    for (let i = first; i < this.n && (this.begin[i] ?? NaN) <= to; ++i) {
      if ((this.begin[i] ?? 0) + (this.elapsed[i] ?? 0) >= from) shown[n++] = i;
    }
    return shown.subarray(0, n);
  }

  has(name: string): boolean {
    return this.run.table('steps').has(name);
  }

  value(name: string, i: number): number | undefined {
    const value = this.run.table('steps').numbers(name)[this.rowOf(i)];
    return value === undefined || Number.isNaN(value) ? undefined : value;
  }
}

// The rows by their begin; null where they stand so already, as programs write them.
function orderOf(begin: Float64Array): Int32Array | null {
  let sorted = true;
  for (let i = 1; i < begin.length && sorted; ++i) sorted = (begin[i - 1] ?? 0) <= (begin[i] ?? 0);
  return sorted ? null : Int32Array.from(begin.keys()).sort((a, b) => (begin[a] ?? 0) - (begin[b] ?? 0));
}
