// The History view: a store of nights as `inferbench history` keeps it.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { axeSource, makeReport, open, painted, program, readJson, textOf, writeJson } from './support.mjs';

const nights = 90;
const stepAt = 70; // kernel/s3 is 6 % slower from then on

// Noise that repeats: the fractional parts of multiples of the golden ratio.
const noise = (i) => ((i * 0.6180339887) % 1) - 0.5;

const series = (name, n, night) => {
  const ratio = 1 + 0.01 * noise(night * 7 + n * 13) + (n === 3 && night >= stepAt ? 0.06 : 0);
  return { name, verdict: 'pass', candidate_ns_median: 1000 * ratio, change: ratio - 1, change_interval: { low: ratio - 1.01, high: ratio - 0.99, confidence: 0.95 } };
};

let report;
before(() => {
  const files = [];
  for (let night = 0; night < nights; ++night) {
    const file = `night${night}.json`;
    writeJson(file, {
      schema: 'inferbench.comparison', version: '1.1.0', suite: 'smoke', invalid: [], started_utc: new Date(Date.UTC(2026, 0, 1 + night, 2)).toISOString(),
      host: { cpu: 'one', allowed_cpus: 2 }, method: { clock: 'wall' }, baseline: { commit: 'a'.repeat(40) }, candidate: { commit: String(night).padStart(12, '0') },
      series: Array.from({ length: 12 }, (_, n) => series(n === 11 ? 'kernel/<img src=x onerror=alert(1)>' : `kernel/s${n}`, n, night)),
      exact: [{ name: 'replay/chat/modelled_ns', verdict: 'pass', baseline: 7000, candidate: 7000 }],
    });
    files.push(file);
  }
  program('history', 'add', 'store', ...files);
  program('history', 'note', 'store', '--time', '2026-02-01', '--text', 'a new <b>disk</b>');
  program('history', 'export', 'store', '--json', 'history.json');
  report = makeReport(['store'], 'history.html');
});

test('the suspicion of the store is what the page opens with', async () => {
  const page = await open(report, { hash: '#/history' });
  const history = readJson('history.json');
  assert.equal(history.suspicions.length, 1);
  const [one] = history.suspicions;
  assert.equal(history.series[one.series].name, 'kernel/s3');
  assert.equal(one.at, stepAt);
  assert.match(await textOf(page, '.lead'), /^1 open suspicion in 13 series of 90 runs, the largest \+6(\.\d+)? % in smoke\/kernel\/s3 since 2026-03-12 02:00/);
  assert.match(await textOf(page, 'figcaption'), /^smoke\/kernel\/s3: last /);
  assert.equal(await textOf(page, 'section:has(h2:text-is("To confirm or refute")) code'), one.confirm);
  const change = page.locator('section:has(h2:text-is("Suspicions")) tbody [data-value]').first();
  assert.equal(Number(await change.getAttribute('data-value')), one.change);
  assert.deepEqual(page.problems, []);
});

test('numbers of a series are those of the store', async () => {
  const history = readJson('history.json');
  const chosen = history.series.find((one) => one.name === 'kernel/s5');
  const page = await open(report, { hash: `#/history?series=${chosen.key}` });
  await page.getByRole('button', { name: 'Table' }).first().click();
  const header = await page.locator('figure').first().locator('thead th').allInnerTexts();
  const column = header.findIndex((title) => title.trim().startsWith('ratio')) + 1;
  const shown = await page.locator('figure').first().locator(`tbody td:nth-child(${column}) [data-value]`).evaluateAll((all) => all.map((cell) => Number(cell.dataset.value)));
  assert.deepEqual(shown, chosen.points.ratio.slice(0, shown.length));
  assert.ok(shown.length >= 50);
  await page.getByLabel('Show').selectOption('value');
  await painted(page);
  assert.match(page.url(), /of=value/);
  assert.deepEqual(page.problems, []);
});

test('the map holds every series and leads to one', async () => {
  const page = await open(report, { hash: '#/history' });
  const map = page.locator('figure').nth(1);
  assert.match(await map.locator('figcaption').innerText(), /^13 series over 90 runs; 20 of 1,170 cells lie more than 5 %/);
  await map.locator('.chart-area').focus();
  await page.keyboard.press('Home');
  await page.keyboard.press('Enter');
  await painted(page);
  assert.match(page.url(), /series=[0-9a-f]{16}/);
  assert.match(await textOf(page, 'section:has(h2:text-is("Notes"))'), /a new <b>disk<\/b>/);
  assert.deepEqual(page.problems, []);
});

test('axe finds nothing serious in the history, in either theme', async () => {
  for (const theme of ['light', 'dark']) {
    const page = await open(report, { hash: '#/history', theme });
    await painted(page);
    await page.evaluate(axeSource);
    const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
    const serious = violations.filter((one) => ['serious', 'critical'].includes(one.impact));
    assert.deepEqual(serious.map((one) => `${one.id}: ${one.nodes[0]?.html}`), [], theme);
  }
});

test('a page without a store names the commands that make one', async () => {
  writeJson('claims.json', { schema: 'inferbench.claims/1', method: 'modelled', claims: [] });
  const page = await open(makeReport(['claims.json'], 'no_history.html'), { hash: '#/history' });
  assert.match(await textOf(page, '.empty'), /inferbench history add STORE/);
});
