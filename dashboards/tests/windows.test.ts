import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lowerBound, mergedBars, timeMeans } from '../src/lib/windows.ts';

const every = (n: number) => Array.from({ length: n }, (_, i) => i);

test('a bound is the first value that is not below', () => {
  const values = Float64Array.of(1, 3, 3, 7);
  assert.deepEqual([0, 1, 2, 3, 8].map((wanted) => lowerBound(values, wanted)), [0, 0, 1, 1, 4]);
});

// Steps of 10 ms with 1 ms between them; a pixel is 2 ms wide: each stays by itself. A pixel of
// 100 ms takes all of them.
test('steps stay apart where they can be seen apart', () => {
  const begin = Float64Array.from({ length: 8 }, (_, i) => i * 11);
  const elapsed = new Float64Array(8).fill(10);
  const kind = Int8Array.from([0, 0, 2, 2, 2, 1, 1, 1]);
  assert.equal(mergedBars(begin, elapsed, kind, every(8), 0, 100, 0.5).length, 8);
  const coarse = mergedBars(begin, elapsed, kind, every(8), 0, 100, 100);
  assert.equal(coarse.reduce((sum, bar) => sum + bar.steps, 0), 8);
  assert.ok(coarse.length <= 2);
  assert.equal(mergedBars(begin, elapsed, kind, every(8), 30, 40, 0.5).length, 2); // of 22..32, 33..43
});

test('however many steps there are, few bars are drawn and none is lost', () => {
  const n = 50_000;
  const begin = Float64Array.from({ length: n }, (_, i) => i);
  const elapsed = new Float64Array(n).fill(0.9);
  const kind = Int8Array.from({ length: n }, (_, i) => (i % 3 === 0 ? 1 : 2));
  const bars = mergedBars(begin, elapsed, kind, every(n), 0, n, n / 1000);
  assert.ok(bars.length <= 2500, String(bars.length));
  assert.equal(bars.reduce((sum, bar) => sum + bar.steps, 0), n);
});

// 4 from 0 to 10, 8 from 10 to 20: cells of 5 have 4 4 8 8, one cell of 20 has 6.
test('means weigh values by the time for which they hold', () => {
  const begin = Float64Array.of(0, 10);
  const value = Float64Array.of(4, 8);
  assert.deepEqual(timeMeans(begin, value, 0, 20, 4).map(([, mean]) => mean), [4, 4, 8, 8]);
  assert.deepEqual(timeMeans(begin, value, 0, 20, 1), [[10, 6]]);
  assert.deepEqual(timeMeans(begin, value, 5, 15, 2).map(([, mean]) => mean), [4, 8]);
  assert.ok(Number.isNaN(timeMeans(new Float64Array(), new Float64Array(), 0, 1, 1)[0]![1]));
});
