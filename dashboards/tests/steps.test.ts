import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Run } from '../src/data/runs.ts';
import { Steps } from '../src/data/steps.ts';

function stepsOf(columns: Record<string, number[]>): Steps {
  const rows = columns['begin_ms']?.length ?? 0;
  return new Steps(new Run({
    id: 'r0', file: 't.json', kind: 'timeline', document: {}, notes: [],
    tables: { steps: { rows, of: rows, columns: Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, { values }])) } },
  }));
}

// Rows 2, 0, 1 in time; the one of replica 1 lasts from 0 to 30, over the two of replica 0.
//   replica 0      |10-15| |20-25|
//   replica 1   |0 ------------ 30|
test('steps are in order of their begin, whatever the order of the rows', () => {
  const steps = stepsOf({ begin_ms: [10, 20, 0], elapsed_ms: [5, 5, 30], replica: [0, 0, 1], lane: [0, 0, 0], prompt_tokens: [0, 7, 7], decodes: [1, 1, 0] });
  assert.deepEqual([...steps.begin], [0, 10, 20]);
  assert.deepEqual([...steps.kind], [0, 2, 1]); // prefill, decode, mixed
  assert.deepEqual(steps.lanes, [{ name: 'replica 0', steps: [1, 2] }, { name: 'replica 1', steps: [0] }]);
  assert.deepEqual([...steps.laneOf], [1, 0, 0]);
  assert.equal(steps.value('prompt_tokens', 2), 7);
  assert.deepEqual([steps.from, steps.to], [0, 30]);
  assert.deepEqual([...steps.within(16, 19)], [0]); // the long one began before both others
  assert.deepEqual([...steps.within(15, 20)], [0, 1, 2]);
  assert.deepEqual([...steps.within(26, 90)], [0]);
});

test('the steps of a window are those that overlap it, of any steps', () => {
  let state = 3;
  const random = () => (state = (state * 48271) % 2147483647) / 2147483647;
  const begin = Array.from({ length: 300 }, () => random() * 100);
  const elapsed = begin.map(() => (random() < 0.05 ? 40 : 1) * random());
  const steps = stepsOf({ begin_ms: begin, elapsed_ms: elapsed, replica: begin.map(() => 0), lane: begin.map(() => 0) });
  for (let round = 0; round < 100; ++round) {
    const from = random() * 100;
    const to = from + random() * 20;
    const wanted = [...steps.begin.keys()].filter((i) => (steps.begin[i] ?? 0) <= to && (steps.begin[i] ?? 0) + (steps.elapsed[i] ?? 0) >= from);
    assert.deepEqual([...steps.within(from, to)], wanted);
  }
});

test('a timeline without steps is empty', () => {
  const steps = stepsOf({ begin_ms: [] });
  assert.deepEqual([steps.n, steps.lanes.length, steps.within(0, 1).length], [0, 0, 0]);
});
