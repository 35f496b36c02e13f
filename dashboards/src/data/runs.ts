import {
  at, listAt, numberAt, textAt, type DashboardData, type Json, type JsonObject, type RawRun,
} from './contract.ts';
import { Table } from './table.ts';

// One file with names that people read.
export class Run {
  readonly id: string;
  readonly file: string;
  readonly kind: string;
  readonly document: JsonObject;
  readonly notes: string[];
  readonly raw: RawRun;
  private readonly tables = new Map<string, Table>();

  constructor(raw: RawRun) {
    this.raw = raw;
    this.id = raw.id;
    this.file = raw.file;
    this.kind = raw.kind;
    this.document = raw.document;
    this.notes = raw.notes;
  }

  table(name: string): Table {
    let table = this.tables.get(name);
    if (!table) {
      table = new Table(this.raw.tables[name]);
      this.tables.set(name, table);
    }
    return table;
  }

  has(table: string): boolean {
    return this.table(table).rows > 0;
  }

  get method(): string {
    // These are of this host by what they are.
    const measured = ['comparison', 'gate-calibration', 'op-table'].includes(this.kind);
    if (this.kind === 'stored-comparison') return at(this.document, 'exact') === true ? 'modelled' : 'measured-host';
    return this.raw.method ?? (measured ? 'measured-host' : '');
  }

  // null: the document states no verdict.
  get valid(): boolean | null {
    const valid = at(this.document, 'validity', 'valid');
    if (typeof valid === 'boolean') return valid;
    if (this.kind.endsWith('comparison')) return textAt(this.document, 'verdict') !== 'regression' && textAt(this.document, 'verdict') !== 'invalid';
    const passed = at(this.document, 'passed');
    return typeof passed === 'boolean' ? passed : null;
  }

  get reasons(): { id: string; text: string; invalidates: boolean }[] {
    return listAt(this.document, 'validity', 'reasons').map((reason) => ({
      id: textAt(reason, 'id') ?? '',
      text: textAt(reason, 'text') ?? '',
      invalidates: at(reason, 'invalidates') === true,
    }));
  }

  // "llama-3-70b on 4 h100, TP4, chat-burst"
  get label(): string {
    const of = at(this.document, 'configuration') ?? this.document;
    const deployment = at(of, 'deployment') ?? of;
    const model = textAt(deployment, 'model');
    if (!model) return '';
    const gpu = textAt(deployment, 'gpu');
    const gpus = numberAt(deployment, 'gpus');
    const host = textAt(deployment, 'gpu') === 'cpu';
    const parts = [host ? `${model} on this host's CPU` : gpu ? `${model} on ${gpus ?? ''} ${gpu}`.replace('  ', ' ') : model];
    const parallel = parallelLabel(at(deployment, 'parallel'));
    if (parallel && !(host && parallel === 'one GPU')) parts.push(parallel);
    const workload = textAt(of, 'workload', 'name') ?? textAt(of, 'workload', 'spec');
    if (workload) parts.push(workload);
    const isl = numberAt(of, 'isl_tokens');
    if (isl) parts.push(`ISL ${isl.toLocaleString('en')} OSL ${numberAt(of, 'osl_tokens')?.toLocaleString('en')}`);
    return parts.join(', ');
  }

  // Collectives are kernels too, with columns of their own.
  get isCollectives(): boolean {
    return this.kind === 'kernels' && at(this.document, 'configuration', 'collectives') !== undefined;
  }
}

export function parallelLabel(parallel: Json | undefined): string {
  let label = '';
  for (const degree of ['tp', 'cp', 'ep', 'pp', 'dp']) {
    const of = numberAt(parallel, degree) ?? 1;
    if (of > 1) label += degree.toUpperCase() + of;
  }
  return label || (parallel === undefined ? '' : 'one GPU');
}

// "TP2EP16PP2" to {tp: 2, ep: 16, pp: 2}; degrees that are not named are 1.
export function degrees(label: string): Record<string, number> {
  const out: Record<string, number> = { tp: 1, cp: 1, ep: 1, pp: 1, dp: 1 };
  for (const [, kind, size] of label.matchAll(/(TP|CP|EP|PP|DP)(\d+)/g)) {
    out[(kind ?? '').toLowerCase()] = Number(size);
  }
  return out;
}

export const kindNames: Record<string, string> = {
  replay: 'Replay',
  sweep: 'Sweep',
  kernels: 'Kernels',
  claims: 'Claims',
  selftest: 'Self-test',
  machine: 'Machine',
  timeline: 'Timeline',
  explain: 'Explanation',
  plan: 'Plan',
  advice: 'Advice',
  'op-table': 'Op table',
  comparison: 'Comparison',
  'stored-comparison': 'Comparison of results',
  'gate-calibration': 'Gate calibration',
  history: 'History',
};

export function kindName(run: Run): string {
  return run.isCollectives ? 'Collectives' : (kindNames[run.kind] ?? run.kind);
}

// The replay that a timeline was written by, by the names on its command line.
export function runOfTimeline(runs: Run[], timeline: Run): Run | undefined {
  return runs.find((run) =>
    listAt(run.document, 'provenance', 'command_line').includes(timeline.file));
}

export function makeRuns(data: DashboardData): Run[] {
  return data.runs.map((raw) => new Run(raw));
}
