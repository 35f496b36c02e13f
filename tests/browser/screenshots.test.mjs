// The pictures of the README, of the results that scripts/demo makes: written where
// INFERBENCH_SCREENSHOTS says (docs/images), and otherwise only taken.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { makeReport, makeResults, open, painted } from './support.mjs';

let report;
before(() => {
  makeResults();
  report = makeReport(['replay.json', 'replay.trace.json', 'sweep.json']);
});

const pictures = [
  { name: 'frontier', hash: '#/frontier?groups=1', theme: 'light' },
  { name: 'timeline', hash: '#/timeline?at=2500.000~9500.000', theme: 'dark' },
];

for (const { name, hash, theme } of pictures) {
  test(`picture of ${name}`, async () => {
    const page = await open(report, { hash, theme, width: 1180, height: 680 });
    await painted(page);
    await painted(page);
    const picture = await page.screenshot();
    assert.ok(picture.length > 20_000);
    if (process.env.INFERBENCH_SCREENSHOTS) writeFileSync(join(process.env.INFERBENCH_SCREENSHOTS, `${name}.png`), picture);
    assert.deepEqual(page.problems, []);
  });
}
