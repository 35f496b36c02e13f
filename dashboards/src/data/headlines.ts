import { at, entriesAt, listAt, numberAt, textAt } from './contract.ts';
import type { Run } from './runs.ts';

// The few numbers that answer for a run, each with the view that explains it.
export interface Headline {
  name: string;
  value: number | undefined;
  unit: string;
  view: string;
  text?: string; // instead of the number
}

// A rate of the window that the summary calls its headline.
export function windowRate(run: Run, id: string): number | undefined {
  const name = textAt(run.document, 'summary', 'headline_window');
  const windows = at(run.document, 'summary', 'windows');
  for (const window of Array.isArray(windows) ? windows : entriesAt(windows).map(([, w]) => w)) {
    if (textAt(window, 'name') !== name) continue;
    for (const [, rate] of entriesAt(window, 'rates')) {
      if (textAt(rate, 'id') === id) return numberAt(rate, 'value');
    }
    for (const rate of listAt(window, 'rates')) {
      if (textAt(rate, 'id') === id) return numberAt(rate, 'value');
    }
  }
  return undefined;
}

export function percentile(run: Run, metric: string, p: string): number | undefined {
  return numberAt(run.document, 'summary', 'distributions', metric, 'percentiles', p);
}

// The highest percentile that the run has enough samples for.
function tail(run: Run, metric: string): Headline | undefined {
  for (const p of ['p99', 'p95', 'p90']) {
    const value = percentile(run, metric, p);
    if (value !== undefined) return { name: `${metric.split('_')[0]?.toUpperCase()} ${p}`, value, unit: 'ms', view: 'latency' };
  }
  return undefined;
}

function ofReplay(run: Run): Headline[] {
  const some: (Headline | undefined)[] = [
    { name: 'output tokens/s/GPU', value: windowRate(run, 'output_tps_gpu'), unit: '', view: 'run' },
    { name: 'TTFT p50', value: percentile(run, 'ttft_ms', 'p50'), unit: 'ms', view: 'latency' },
    tail(run, 'ttft_ms'),
    { name: 'TPOT p50', value: percentile(run, 'tpot_ms', 'p50'), unit: 'ms', view: 'latency' },
    tail(run, 'tpot_ms'),
    { name: 'within SLO', value: numberAt(run.document, 'summary', 'scalars', 'slo_attainment', 'value'), unit: 'share', view: 'latency' },
  ];
  return some.filter((one): one is Headline => one?.value !== undefined);
}

function ofSweep(run: Run): Headline[] {
  const points = run.table('points');
  const best = numberAt(run.document, 'findings', 'best', 'point');
  const frontier = listAt(run.document, 'findings', 'frontier').length;
  const fits = points.numbers('fits').reduce((sum, fit) => sum + (fit === 1 ? 1 : 0), 0);
  const out: Headline[] = [
    { name: 'points', value: points.rows, unit: '', view: 'frontier' },
    { name: 'that fit', value: fits, unit: '', view: 'frontier' },
    { name: 'on the frontier', value: frontier, unit: '', view: 'frontier' },
  ];
  if (best !== undefined) {
    out.unshift({ name: `tokens/s/GPU at best, ${points.text('parallel', best)}`, value: points.numbers('tokens_per_s_gpu')[best], unit: '', view: 'frontier' });
  }
  return out;
}

function ofKernels(run: Run): Headline[] {
  const rows = run.table('kernel_rows');
  const counts: Record<string, number> = {};
  for (let i = 0; i < rows.rows; ++i) {
    const status = rows.text('status', i);
    counts[status] = (counts[status] ?? 0) + 1;
  }
  const view = run.isCollectives ? 'communication' : 'kernels';
  const out = ['timed', 'failed', 'skipped'].filter((s) => counts[s])
    .map((status) => ({ name: `rows ${status}`, value: counts[status], unit: '', view }));
  const shares = [...rows.numbers('roof.share')].filter((x) => Number.isFinite(x)).sort((a, b) => a - b);
  if (shares.length) {
    out.push({ name: 'of the roof, median row', value: shares[shares.length >> 1], unit: 'share', view });
  }
  return out;
}

function ofChecks(run: Run): Headline[] {
  const outcomes = listAt(run.document, 'checks').map((check) => textAt(check, 'outcome') ?? '');
  return ['PASS', 'FAIL'].map((outcome) => ({
    name: outcome === 'PASS' ? 'checks passed' : 'checks failed',
    value: outcomes.filter((one) => one === outcome).length, unit: '', view: 'run',
  }));
}

export function headlines(run: Run): Headline[] {
  switch (run.kind) {
    case 'replay': return ofReplay(run);
    case 'sweep': return ofSweep(run);
    case 'kernels': return ofKernels(run);
    case 'selftest': return ofChecks(run);
    case 'claims':
      return entriesAt(run.document, 'counts').map(([name, value]) => ({
        name, value: typeof value === 'number' ? value : undefined, unit: '', view: 'claims',
      }));
    case 'timeline':
      return [
        { name: 'steps', value: run.table('steps').rows, unit: '', view: 'timeline' },
        { name: 'requests', value: run.table('requests').rows, unit: '', view: 'timeline' },
      ];
    case 'stored-comparison':
    case 'comparison':
      return ['regression', 'inconclusive', 'improvement', 'pass'].map((verdict) => ({
        name: verdict, unit: '', view: 'compare',
        value: [...listAt(run.document, 'series'), ...listAt(run.document, 'exact')].filter((one) => textAt(one, 'verdict') === verdict).length,
      }));
    case 'gate-calibration':
      return listAt(run.document, 'cells').map((cell) => ({
        name: `called slower at ${(numberAt(cell, 'slowdown') ?? 0) * 100} %, of ${numberAt(cell, 'series')}`,
        value: numberAt(cell, 'slower'), unit: '', view: 'calibration',
      }));
    case 'history':
      return [
        { name: 'open suspicions', value: listAt(run.document, 'suspicions').filter((one) => textAt(one, 'state') === 'open').length, unit: '', view: 'history' },
        { name: 'series', value: listAt(run.document, 'series').length, unit: '', view: 'history' },
        { name: 'runs', value: listAt(run.document, 'runs').length, unit: '', view: 'history' },
      ];
    case 'machine':
      return [{ name: 'probes', value: listAt(run.document, 'probes').length, unit: '', view: 'run' }];
    case 'explain':
      return [{ name: 'stage', value: numberAt(run.document, 'timing', 'stage_ns'), unit: 'ns', view: 'step' }];
    default: return [];
  }
}

// The view in which a file is looked at first.
export function mainView(run: Run): string {
  if (run.isCollectives) return 'communication';
  const views: Record<string, string> = {
    replay: 'latency', sweep: 'frontier', kernels: 'kernels', claims: 'claims', timeline: 'timeline',
    comparison: 'compare', 'stored-comparison': 'compare', 'gate-calibration': 'calibration', history: 'history', explain: 'step',
  };
  return views[run.kind] ?? 'run';
}
