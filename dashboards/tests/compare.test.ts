import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildDifferences, seriesOf } from '../src/data/comparison.ts';
import { Run } from '../src/data/runs.ts';
import { clopperPearson } from '../src/lib/binomial.ts';

const close = (a: number, b: number, by = 1e-9) => assert.ok(Math.abs(a - b) <= by, `${a} is not ${b}`);

// 0 of n: the upper end solves (1 - p)^n = 2.5 %. 5 of 10: as R's binom.test(5, 10) prints it.
test('intervals of chances are those of Clopper and Pearson', () => {
  close(clopperPearson(0, 299).high, 1 - 0.025 ** (1 / 299), 1e-12);
  assert.equal(clopperPearson(0, 299).low, 0);
  close(clopperPearson(299, 299).low, 0.025 ** (1 / 299), 1e-12);
  close(clopperPearson(5, 10).low, 0.1870860, 1e-6);
  close(clopperPearson(5, 10).high, 0.8129140, 1e-6);
  assert.deepEqual(clopperPearson(0, 0), { low: 0, high: 1 });
});

test('an interval holds the rate, and mirrors with it', () => {
  for (const [k, n] of [[1, 7], [3, 40], [39, 40], [500, 1000]] as const) {
    const of = clopperPearson(k, n);
    assert.ok(of.low < k / n && k / n < of.high);
    const mirrored = clopperPearson(n - k, n);
    close(of.low, 1 - mirrored.high, 1e-9);
  }
});

const run = new Run({
  id: 'r0', file: 'comparison.json', kind: 'comparison', notes: [], tables: {},
  document: {
    verdict: 'regression',
    baseline: { commit: 'a', compiler: 'gcc' }, candidate: { commit: 'b', compiler: 'gcc' },
    series: [
      { name: 'fine', verdict: 'pass', change: 0.001, blocks: { baseline_ns: [100, 200], candidate_ns: [110, 190] }, looks: [{ blocks: 10, p_slower: 0.5, p_not_slower: 0.001, p_faster: 0.5, p_not_faster: 0.001 }] },
      { name: 'slow', verdict: 'regression', change: 0.08, change_interval: { low: 0.05, high: 0.11 } },
      { name: 'slower', verdict: 'regression', change: 0.2 },
    ],
    exact: [{ name: 'steps', verdict: 'regression', baseline: 100, candidate: 150 }],
    canary: { name: 'fine', verdict: 'pass', change: 0 },
  },
});

test('series are listed worst first, the canary last', () => {
  assert.deepEqual(seriesOf(run).map((one) => [one.name, one.canary]), [['steps', false], ['slower', false], ['slow', false], ['fine', false], ['fine', true]]);
  assert.equal(seriesOf(run)[0]?.change, 0.5);
  assert.deepEqual(seriesOf(run)[3]?.blocks, [{ baseline: 100, candidate: 110 }, { baseline: 200, candidate: 190 }]);
  assert.equal(run.valid, false);
});

test('a comparison of stored results has its own units and environments', () => {
  const stored = new Run({
    id: 'r0', file: 'c.json', kind: 'stored-comparison', notes: [], tables: {},
    document: {
      verdict: 'inconclusive', exact: false,
      series: [{ name: 'ttft_ms', unit: 'ms', verdict: 'inconclusive', baseline: 10, candidate: 11, change: 0.1, suspect: 'slower' }],
      environment: [{ key: 'kernel', baseline: '6.1', candidate: '6.2', grade: 'informational' }],
    },
  });
  const [one] = seriesOf(stored);
  assert.deepEqual([one?.baseline, one?.candidate, one?.unit, one?.flags], [10, 11, 'ms', ['looks slower']]);
  assert.deepEqual(buildDifferences(stored), [{ key: 'kernel', baseline: '6.1', candidate: '6.2', grade: 'informational' }]);
  assert.equal(stored.method, 'measured-host');
});

test('builds are compared key by key', () => {
  const differ = buildDifferences(run).filter((one) => one.baseline !== one.candidate);
  assert.deepEqual(differ, [{ key: 'commit', baseline: 'a', candidate: 'b' }]);
});
