import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readData, ContractError, noData } from '../src/data/contract.ts';
import { degrees, Run } from '../src/data/runs.ts';
import { Points } from '../src/data/points.ts';
import { slos } from '../src/data/latency.ts';
import { Table } from '../src/data/table.ts';
import { csv } from '../src/lib/csv.ts';
import { quantile, shareWithin } from '../src/lib/ecdf.ts';
import { formatBytes, formatMs, formatNumber, formatSigned } from '../src/lib/format.ts';
import { NearIndex } from '../src/lib/near.ts';
import { paretoFrontier } from '../src/lib/pareto.ts';
import { formatRoute, parseRoute } from '../src/lib/route.ts';

const all = (n: number) => Array.from({ length: n }, (_, i) => i);

//   y 3 | a
//     2 |    b  c      c beats b in x at equal y
//     1 |       d  e   e beats d in x at equal y
//       +----------
//         1  2  3  4
test('a frontier keeps the points that nothing beats', () => {
  const x = Float64Array.of(1, 2, 3, 3, 4);
  const y = Float64Array.of(3, 2, 2, 1, 1);
  assert.deepEqual(paretoFrontier(x, y, 'higher', 'higher', all(5)), [0, 2, 4]);
  // Where less of x is better only a is left: it has the least x and the most y.
  assert.deepEqual(paretoFrontier(x, y, 'lower', 'higher', all(5)), [0]);
  assert.deepEqual(paretoFrontier(x, y, 'higher', 'higher', [1, 3]), [1, 3]);
  assert.deepEqual(paretoFrontier(x, y, 'higher', 'higher', []), []);
});

test('of equal points the first one stays, and a missing number is no point', () => {
  const x = Float64Array.of(NaN, 2, 2);
  const y = Float64Array.of(9, 1, 1);
  assert.deepEqual(paretoFrontier(x, y, 'higher', 'higher', all(3)), [1]);
});

test('no point of a random frontier is dominated, and every other point is', () => {
  let state = 1;
  const random = () => (state = (state * 48271) % 2147483647) / 2147483647;
  for (let round = 0; round < 50; ++round) {
    const n = 40;
    const x = Float64Array.from({ length: n }, () => Math.floor(random() * 12));
    const y = Float64Array.from({ length: n }, () => Math.floor(random() * 12));
    const frontier = new Set(paretoFrontier(x, y, 'higher', 'lower', all(n)));
    const beats = (a: number, b: number) =>
      x[a]! >= x[b]! && y[a]! <= y[b]! && (x[a]! > x[b]! || y[a]! < y[b]! || a < b);
    for (let i = 0; i < n; ++i) {
      assert.equal(frontier.has(i), !all(n).some((j) => j !== i && beats(j, i)));
    }
  }
});

// Ten samples 1 .. 10 ms.
test('quantiles and shares are read off the steps', () => {
  const value = Float64Array.from({ length: 10 }, (_, i) => i + 1);
  const share = Float64Array.from({ length: 10 }, (_, i) => (i + 1) / 10);
  assert.equal(quantile(value, share, 0.5), 5);
  assert.equal(quantile(value, share, 0.91), 10);
  assert.equal(shareWithin(value, share, 3.5), 0.3);
  assert.equal(shareWithin(value, share, 0.5), 0);
  assert.equal(quantile(new Float64Array(), new Float64Array(), 0.5), undefined);
});

test('the nearest point is the one that a search of all finds', () => {
  const x = Float64Array.from({ length: 200 }, (_, i) => (i * 37) % 500);
  const y = Float64Array.from({ length: 200 }, (_, i) => (i * 91) % 300);
  const index = new NearIndex(x, y, 24);
  for (let px = 0; px < 500; px += 7) {
    const py = (px * 3) % 300;
    const distance = (i: number) => (x[i]! - px) ** 2 + (y[i]! - py) ** 2;
    const best = all(200).reduce((a, b) => (distance(b) < distance(a) ? b : a));
    const found = index.nearest(px, py);
    if (distance(best) >= 24 * 24) assert.equal(found, -1);
    else assert.equal(distance(found), distance(best));
  }
});

test('numbers are short, and exact where they are whole', () => {
  assert.equal(formatNumber(2590), '2,590');
  assert.equal(formatNumber(127.91), '127.9');
  assert.equal(formatNumber(0.001234), '0.001234');
  assert.equal(formatNumber(undefined), '–');
  assert.equal(formatMs(1618.48), '1.618 s');
  assert.equal(formatMs(0.5), '500 µs');
  assert.equal(formatBytes(178778013696), '178.8 GB');
  assert.equal(formatSigned(-0.074), '−7.4 %');
});

test('a spreadsheet finds no formula in a CSV', () => {
  assert.equal(csv(['a', 'b'], [['=1+1', 1.5], ['say "x", y', undefined]]), 'a,b\r\n\'=1+1,1.5\r\n"say ""x"", y",\r\n');
});

test('a route survives the hash', () => {
  const route = { view: 'frontier', params: { run: 'r1', area: '1~2~3~4', empty: '' } };
  assert.deepEqual(parseRoute(formatRoute(route)), { view: 'frontier', params: { run: 'r1', area: '1~2~3~4' } });
  assert.deepEqual(parseRoute(''), { view: 'overview', params: {} });
});

test('data of another version is refused, a page without data is empty', () => {
  assert.equal(readData(''), noData);
  assert.throws(() => readData('{"schema":{"id":"inferbench.dashboard-data","version":"2.0.0"}}'), ContractError);
  assert.throws(() => readData('{"schema":{"id":"other","version":"1.0.0"}}'), ContractError);
  assert.throws(() => readData('{"schema":'), ContractError);
});

const table = new Table({
  rows: 3, of: 3,
  columns: { ms: { values: [1, null, 3] }, name: { dictionary: ['a', 'b'], codes: [1, -1, 0] } },
});

test('a table says what is not there', () => {
  assert.deepEqual([0, 1, 2].map((row) => table.cell('ms', row)), [1, undefined, 3]);
  assert.deepEqual([0, 1, 2].map((row) => table.cell('name', row)), ['b', undefined, 'a']);
  assert.ok(Number.isNaN(table.numbers('ms')[1]));
  assert.equal(table.cell('no such column', 0), undefined);
});

const sweep = new Run({
  id: 'r0', file: 'sweep.json', kind: 'sweep', method: 'modelled', notes: [],
  document: { findings: { limits: { max_ttft_s: 2 } } },
  tables: { points: { rows: 3, of: 3, columns: {
    parallel: { dictionary: ['TP2', 'TP4PP2'], codes: [0, 1, 1] },
    fits: { values: [1, 1, 0] }, ttft_s: { values: [1, 3, 1] }, tokens_per_s_user: { values: [5, 6, 7] },
  } } },
});

test('points that do not fit or miss the limits of their sweep are no candidates', () => {
  const points = new Points([sweep]);
  assert.deepEqual(points.within({ maxTtft: undefined, minUser: undefined }), [0]);
  assert.deepEqual(points.within({ maxTtft: undefined, minUser: 6 }), []);
  assert.deepEqual(points.groups('tp').names, ['TP2', 'TP4']);
  assert.equal(points.find('r0.2'), 2);
  assert.deepEqual(degrees('TP4PP2'), { tp: 4, cp: 1, ep: 1, pp: 2, dp: 1 });
});

test('an SLO is read from its constraint', () => {
  const run = new Run({
    id: 'r0', file: 'run.json', kind: 'replay', notes: [], tables: {},
    document: { summary: { slo: [{ constraint: 'ttft_p90 <= 2,000 ms', met: true, attained: 1618.5, share_of_requests: 0.96 }] } },
  });
  assert.deepEqual(slos(run), [{ metric: 'ttft', percentile: 'p90', limitMs: 2000, constraint: 'ttft_p90 <= 2,000 ms', attained: 1618.5, met: true, share: 0.96 }]);
});
