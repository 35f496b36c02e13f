import { at, numberAt } from './contract.ts';
import type { Better } from '../lib/pareto.ts';
import { degrees, type Run } from './runs.ts';

// What a point of a sweep may be plotted by; the direction of each is declared here, once.
export interface Measure {
  column: string;
  title: string;
  unit: string;
  better: Better;
}

export const measures: Measure[] = [
  { column: 'tokens_per_s_user', title: 'tokens/s/user', unit: '', better: 'higher' },
  { column: 'tokens_per_s_gpu', title: 'tokens/s/GPU', unit: '', better: 'higher' },
  { column: 'ttft_s', title: 'TTFT', unit: 's', better: 'lower' },
  { column: 'tpot_s', title: 'TPOT', unit: 's', better: 'lower' },
  { column: 'cost_per_million_tokens', title: 'cost per million tokens', unit: '', better: 'lower' },
  { column: 'tokens_per_joule', title: 'tokens per joule', unit: '', better: 'higher' },
  { column: 'memory_needed_bytes', title: 'memory per GPU', unit: 'bytes', better: 'lower' },
];

export function measure(column: string, fallback: string): Measure {
  const found = measures.find((one) => one.column === column) ?? measures.find((one) => one.column === fallback);
  if (!found) throw new Error(`unknown measure ${fallback}`);
  return found;
}

export interface Limits {
  maxTtft: number | undefined; // s
  minUser: number | undefined; // tokens/s/user
}

// The points of one or several sweeps side by side.
export class Points {
  readonly n: number;
  readonly run: Int32Array; // index into runs
  readonly row: Int32Array; // in the run's table
  readonly feasible: Uint8Array; // fits and meets what the sweep was asked for

  constructor(readonly runs: Run[]) {
    this.n = runs.reduce((sum, run) => sum + run.table('points').rows, 0);
    this.run = new Int32Array(this.n);
    this.row = new Int32Array(this.n);
    this.feasible = new Uint8Array(this.n);
    let i = 0;
    runs.forEach((run, r) => {
      const table = run.table('points');
      const fits = table.numbers('fits');
      const meets = table.numbers('meets_slo');
      const limits = at(run.document, 'findings', 'limits');
      const mostTtft = numberAt(limits, 'max_ttft_s') ?? Infinity;
      const leastUser = numberAt(limits, 'min_tokens_per_s_user') ?? -Infinity;
      const mostUser = numberAt(limits, 'max_tokens_per_s_user') ?? Infinity;
      const ttft = table.numbers('ttft_s');
      const user = table.numbers('tokens_per_s_user');
      for (let row = 0; row < table.rows; ++row, ++i) {
        this.run[i] = r;
        this.row[i] = row;
        const speed = user[row] ?? 0;
        this.feasible[i] = fits[row] === 1 && meets[row] !== 0 && (ttft[row] ?? 0) <= mostTtft &&
          speed >= leastUser && speed <= mostUser ? 1 : 0;
      }
    });
  }

  of(i: number): Run {
    return this.runs[this.run[i] ?? 0] as Run;
  }

  column(name: string): Float64Array {
    const out = new Float64Array(this.n);
    let i = 0;
    for (const run of this.runs) {
      const values = run.table('points').numbers(name);
      out.set(values, i);
      i += values.length;
    }
    return out;
  }

  value(name: string, i: number): number | undefined {
    const value = this.of(i).table('points').numbers(name)[this.row[i] ?? 0];
    return value === undefined || Number.isNaN(value) ? undefined : value;
  }

  text(name: string, i: number): string {
    return this.of(i).table('points').text(name, this.row[i] ?? 0);
  }

  label(i: number): string {
    const load = this.value('load', i);
    return `${this.text('parallel', i)}, chunk ${this.value('chunk_tokens', i) ?? ''}${load ? `, load ${load}` : ''}`;
  }

  key(i: number): string {
    return `${this.of(i).id}.${this.row[i]}`;
  }

  find(key: string): number {
    for (let i = 0; i < this.n; ++i) if (this.key(i) === key) return i;
    return -1;
  }

  // Candidates for a frontier under further limits.
  within(limits: Limits): number[] {
    const ttft = this.column('ttft_s');
    const user = this.column('tokens_per_s_user');
    const out: number[] = [];
    for (let i = 0; i < this.n; ++i) {
      if (!this.feasible[i]) continue;
      if (limits.maxTtft !== undefined && (ttft[i] ?? 0) > limits.maxTtft) continue;
      if (limits.minUser !== undefined && (user[i] ?? 0) < limits.minUser) continue;
      out.push(i);
    }
    return out;
  }

  // The group of each point by a degree, the method of its run, or its run; at most 8 groups.
  groups(by: string): { names: string[]; of: Int32Array } {
    const of = new Int32Array(this.n);
    const texts: string[] = [];
    const cache = new Map<string, string>();
    for (let i = 0; i < this.n; ++i) {
      const run = this.of(i);
      let text = run.file;
      if (by === 'method') text = run.method || 'unknown';
      else if (by === 'none') text = 'all';
      else if (by !== 'run') {
        const parallel = this.text('parallel', i);
        text = cache.get(parallel) ?? `${by.toUpperCase()}${degrees(parallel)[by] ?? 1}`;
        cache.set(parallel, text);
      }
      texts.push(text);
    }
    const all = [...new Set(texts)].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
    const names = all.length > 8 ? [...all.slice(0, 7), 'other'] : all;
    const index = new Map(all.map((name, i) => [name, Math.min(i, names.length - 1)]));
    texts.forEach((text, i) => {
      of[i] = index.get(text) ?? 0;
    });
    return { names, of };
  }
}
