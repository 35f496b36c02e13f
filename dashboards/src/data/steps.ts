import type { Run } from './runs.ts';

export const stepKinds = ['prefill', 'mixed', 'decode', 'lost'];

// The steps of a timeline in order of their begin.
export class Steps {
  readonly n: number;
  readonly begin: Float64Array; // ms
  readonly elapsed: Float64Array;
  readonly kind: Int8Array; // index into stepKinds
  readonly order: Int32Array; // row of each step in the table
  readonly lanes: { name: string; steps: number[] }[];
  readonly from: number;
  readonly to: number;

  constructor(private readonly run: Run) {
    const table = run.table('steps');
    this.n = table.rows;
    const begin = table.numbers('begin_ms');
    this.order = Int32Array.from({ length: this.n }, (_, i) => i).sort((a, b) => (begin[a] ?? 0) - (begin[b] ?? 0));
    this.begin = this.column('begin_ms');
    this.elapsed = this.column('elapsed_ms');
    const prompts = this.column('prompt_tokens');
    const decodes = this.column('decodes');
    this.kind = Int8Array.from({ length: this.n }, (_, i) => {
      if (table.text('lost', this.order[i] ?? 0)) return 3;
      if ((prompts[i] ?? 0) > 0) return (decodes[i] ?? 0) > 0 ? 1 : 0;
      return 2;
    });
    const lanes = new Map<string, number[]>();
    const replica = this.column('replica');
    const lane = this.column('lane');
    for (let i = 0; i < this.n; ++i) {
      const name = `replica ${replica[i]}${(lane[i] ?? 0) > 0 ? `, ${(lane[i] ?? 0) + 1} in flight` : ''}`;
      const of = lanes.get(name);
      if (of) of.push(i);
      else lanes.set(name, [i]);
    }
    this.lanes = [...lanes].sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true })).map(([name, steps]) => ({ name, steps }));
    this.from = this.begin[0] ?? 0;
    let to = this.from;
    for (let i = 0; i < this.n; ++i) to = Math.max(to, (this.begin[i] ?? 0) + (this.elapsed[i] ?? 0));
    this.to = to;
  }

  column(name: string): Float64Array {
    const values = this.run.table('steps').numbers(name);
    return Float64Array.from(this.order, (row) => values[row] ?? NaN);
  }

  has(name: string): boolean {
    return this.run.table('steps').has(name);
  }

  value(name: string, i: number): number | undefined {
    const value = this.run.table('steps').numbers(name)[this.order[i] ?? 0];
    return value === undefined || Number.isNaN(value) ? undefined : value;
  }
}
