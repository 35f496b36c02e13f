import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Json } from '../src/data/contract.ts';
import { explanationOf, opsOf } from '../src/data/explanation.ts';
import { bestCurve, loadCurves, meetsSlo } from '../src/data/loads.ts';
import { pairsOf, withinBand } from '../src/data/pairs.ts';
import { Points } from '../src/data/points.ts';
import { Run } from '../src/data/runs.ts';
import { knee } from '../src/lib/knee.ts';

// Loads 0 to 4, latency 0 0 0 0.5 4, scaled 0 0 0 1/8 1 over 0 1/4 1/2 3/4 1: below the diagonal
// by 0 1/4 1/2 5/8 0. The knee is load 3, as 5/8 > 1/4.
test('the knee is the point farthest below the diagonal', () => {
  assert.equal(knee([0, 1, 2, 3, 4], [0, 0, 0, 0.5, 4]), 3);
});

test('a straight line, a flat one, a concave one and two points have no knee', () => {
  assert.equal(knee([1, 2, 3, 4], [10, 20, 30, 40]), undefined);
  assert.equal(knee([1, 2, 3, 4], [10, 10, 10, 10]), undefined);
  assert.equal(knee([1, 2, 3, 4], [10, 39, 39.5, 40]), undefined);
  assert.equal(knee([1, 2], [10, 20]), undefined);
});

// Units do not matter: any stretch and shift of both axes keeps the knee.
test('the knee does not depend on units', () => {
  let state = 7;
  const random = () => (state = (state * 48271) % 2147483647) / 2147483647;
  for (let round = 0; round < 200; ++round) {
    const n = 3 + Math.floor(random() * 10);
    const x = Array.from({ length: n }, (_, i) => i + random() * 0.9);
    const y = x.map((value) => Math.exp(value * random() * 0.2) + value);
    const found = knee(x, y);
    assert.equal(knee(x.map((v) => 8 * v), y.map((v) => 0.25 * v)), found);
    if (found !== undefined) assert.ok(found > 0 && found < n - 1);
  }
});

interface Point { parallel: string; load?: number; ttft: number; meets?: number; gpu?: number }

function sweep(id: string, method: string, points: Point[], more: { [key: string]: Json } = {}): Run {
  const parallels = [...new Set(points.map((one) => one.parallel))];
  const values = (of: (one: Point) => number | null | undefined) => ({ values: points.map((one) => of(one) ?? null) });
  return new Run({
    id, file: `${id}.json`, kind: 'sweep', method, notes: [],
    document: { configuration: { model: 'm', gpu: 'g', gpus: 2, precision: { kv: 'bf16' }, cost_profile: 'default', load_unit: 'requests_per_s' }, ...more },
    tables: { points: { rows: points.length, of: points.length, columns: {
      parallel: { dictionary: parallels, codes: points.map((one) => parallels.indexOf(one.parallel)) },
      chunk_tokens: values(() => 64), fits: values(() => 1), load: values((one) => one.load), ttft_s: values((one) => one.ttft),
      meets_slo: values((one) => one.meets), tokens_per_s_gpu: values((one) => one.gpu), tokens_per_s_user: values(() => 1),
    } } },
  });
}

test('a load curve holds one configuration, by load, each load once', () => {
  const run = sweep('r0', 'modelled', [
    { parallel: 'TP2', load: 4, ttft: 0.9, meets: 0 }, { parallel: 'TP2', load: 1, ttft: 0.1 }, { parallel: 'DP2', load: 1, ttft: 0.2 },
    { parallel: 'TP2', load: 4, ttft: 0.8 }, { parallel: 'TP2', load: 2, ttft: 0.2 },
  ], { findings: { best: { point: 4 } } });
  const [only, ...others] = loadCurves(run);
  assert.deepEqual(others, []); // DP2 has one load
  assert.deepEqual(only?.load, [1, 2, 4]);
  assert.deepEqual(only?.row, [1, 4, 0]);
  assert.deepEqual([0, 1, 2].map((i) => meetsSlo(only!, i)), [true, true, false]);
  assert.equal(bestCurve([only!]), only);
});

// TP2 is measured twice, 100 and 110: 105 with a band from 100 to 110, beside 84 modelled: -20 %.
// DP2 is measured once with quartiles 10 % apart: 200 +- 5 % holds the 208 modelled.
test('configurations modelled and measured stand beside each other with their bands', () => {
  const spread = { findings: { slices: { widest_spread: 0.1 } } };
  const points = new Points([
    sweep('r0', 'modelled', [{ parallel: 'TP2', ttft: 1, gpu: 84 }, { parallel: 'DP2', ttft: 1, gpu: 208 }, { parallel: 'PP2', ttft: 1, gpu: 9 }]),
    sweep('r1', 'measured-host', [{ parallel: 'TP2', ttft: 1, gpu: 100 }]),
    sweep('r2', 'measured-host', [{ parallel: 'TP2', ttft: 1, gpu: 110 }]),
    sweep('r3', 'emulated', [{ parallel: 'DP2', ttft: 1, gpu: 200 }], spread),
  ]);
  const pairs = pairsOf(points, points.column('tokens_per_s_gpu'));
  assert.deepEqual(pairs.map((pair) => [pair.measured.value, pair.measured.low, pair.measured.high, pair.modelled.value]), [[105, 100, 110, 84], [200, 190, 210, 208]]);
  assert.ok(Math.abs((pairs[0]?.error ?? 0) + 0.2) < 1e-12);
  assert.deepEqual(pairs.map(withinBand), [false, true]);
});

test('an explanation belongs to a point of the same step only', () => {
  const explain = new Run({ id: 'r9', file: 'step.json', kind: 'explain', notes: [], tables: {}, document: {
    deployment: { model: 'm', gpu: 'g', precision: { kv: 'bf16' }, parallel: { tp: 2, cp: 1, ep: 1, pp: 1, dp: 1 } }, cost_profile: 'default',
    batch_per_rank: { prefill_tokens: 64, prefill_context_tokens: 0, decodes: 3, decode_context_tokens: 72 },
    ops: [{ name: 'qkv_gemm', part: 'gemm', count: 80, flops: 2, bytes: 3, wire_bytes: 0, bound_by: 'memory', time_s: 0.5, share: 1 }],
  } });
  const of = sweep('r0', 'modelled', []);
  const step = { parallel: 'TP2', prefill: 64, cached: 0, decodes: 3, context: 72 };
  assert.equal(explanationOf([of, explain], of, step), explain);
  assert.equal(explanationOf([of, explain], of, { ...step, parallel: 'DP2' }), undefined);
  assert.equal(explanationOf([of, explain], of, { ...step, context: 73 }), undefined);
  assert.deepEqual(opsOf(explain).map((op) => [op.name, op.timeS]), [['qkv_gemm', 0.5]]);
});
