// Numbers of the page are those of the files; state is in the hash; everything works by keyboard.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, test } from 'node:test';
import { axeSource, makeReport, makeResults, open, painted, readJson, show, textOf } from './support.mjs';

let report;
before(() => {
  makeResults();
  report = makeReport(['replay.json', 'sweep.json', 'replay.trace.json']);
});

const values = (page, selector) =>
  page.locator(selector).evaluateAll((cells) => cells.map((cell) => Number(cell.dataset.value)));

test('the overview has the headline numbers of the files', async () => {
  const page = await open(report);
  const { summary } = readJson('replay.json');
  const shown = await values(page, '.card:nth-of-type(1) .big [data-value]');
  assert.ok(shown.includes(summary.windows.find((w) => w.name === summary.headline_window).rates.output_tps_gpu_tokens_per_s_per_gpu.value));
  assert.ok(shown.includes(summary.distributions.ttft_ms.percentiles.p50));
  assert.ok(shown.includes(summary.scalars.slo_attainment.value));
  const sweep = readJson('sweep.json');
  const ofSweep = await values(page, '.card:nth-of-type(2) .big [data-value]');
  assert.deepEqual(ofSweep, [
    sweep.points[sweep.findings.best.point].tokens_per_s_gpu, sweep.points.length,
    sweep.points.filter((point) => point.fits).length, sweep.findings.frontier.length,
  ]);
  assert.deepEqual(page.problems, []);
});

test('every quantile of the page is the one of the result', async () => {
  const page = await open(report, { hash: '#/latency' });
  const { distributions } = readJson('replay.json').summary;
  const header = await page.locator('section:has(h2:text-is("Quantiles")) thead th').allInnerTexts();
  const rows = page.locator('section:has(h2:text-is("Quantiles")) tbody tr');
  assert.equal(await rows.count(), Object.keys(distributions).length);
  for (const [n, metric] of Object.values(distributions).entries()) {
    for (const [column, title] of header.entries()) {
      const wanted = metric.percentiles[title.trim()];
      if (wanted === undefined) continue;
      const cell = rows.nth(n).locator('td').nth(column).locator('[data-value]');
      assert.equal(Number(await cell.getAttribute('data-value')), wanted, `${metric.id} ${title}`);
    }
  }
  assert.deepEqual(page.problems, []);
});

test('the frontier is the one that the sweep found', async () => {
  const page = await open(report, { hash: '#/frontier' });
  const { points, findings } = readJson('sweep.json');
  const wanted = findings.frontier.map(({ point }) => points[point].tokens_per_s_gpu);
  const rows = page.locator('section tbody tr');
  assert.equal(await rows.count(), wanted.length);
  const shown = await rows.evaluateAll((all) => all.map((row) => Number(row.children[3].querySelector('[data-value]').dataset.value)));
  assert.deepEqual(shown, wanted);
  assert.match(await textOf(page, 'figcaption'), new RegExp(`${wanted.length} are on the frontier`));
});

test('a rectangle over the chart selects its points, and the hash keeps it', async () => {
  const page = await open(report, { hash: '#/frontier' });
  await painted(page);
  const box = await page.locator('.chart-canvas').first().boundingBox();
  await page.mouse.move(box.x + 200, box.y + 60);
  await page.mouse.down();
  await page.mouse.move(box.x + 400, box.y + 200, { steps: 4 });
  await page.mouse.up();
  await page.waitForSelector('text=in the selection');
  const heading = await textOf(page, 'section .section-head h2');
  const [x0, x1, y0, y1] = new URLSearchParams(new URL(page.url()).hash.split('?')[1]).get('area').split('~').map(Number);
  const inside = readJson('sweep.json').points.filter((p) => p.fits && p.tokens_per_s_user >= x0 && p.tokens_per_s_user <= x1 &&
    p.tokens_per_s_gpu >= y0 && p.tokens_per_s_gpu <= y1);
  assert.ok(inside.length > 10);
  assert.equal(heading, `${inside.length.toLocaleString('en-US')} points in the selection`);
  const again = await open(report, { hash: new URL(page.url()).hash });
  assert.equal(await textOf(again, 'section .section-head h2'), heading);
});

test('limits of the user leave out points, and the caption counts them', async () => {
  const page = await open(report, { hash: '#/frontier?user=20&ttft=5' });
  const left = readJson('sweep.json').points.filter((p) => p.fits && p.tokens_per_s_user >= 20 && p.ttft_s <= 5).length;
  assert.match(await textOf(page, 'figcaption'), new RegExp(`points ${left} fit and meet the limits`));
});

test('arrow keys walk the frontier and Enter opens a point', async () => {
  const page = await open(report, { hash: '#/frontier' });
  await painted(page);
  await page.locator('.chart-area').first().focus();
  await page.keyboard.press('End');
  const { points, findings } = readJson('sweep.json');
  const fastest = points[findings.frontier.at(-1).point];
  assert.match(await page.locator('.live').first().textContent(), new RegExp(`${fastest.parallel}, chunk ${fastest.chunk_tokens}`));
  await page.keyboard.press('Enter');
  await page.waitForSelector('.details');
  assert.match(await textOf(page, '.details h2'), new RegExp(fastest.parallel));
  assert.match(await textOf(page, '.details pre'), /inferbench explain --model gpt-moe-1.8t --gpu gb200-nvl72/);
  assert.match(page.url(), /point=/);
});

test('what a step spends time on adds up to its stage', async () => {
  const { points, findings } = readJson('sweep.json');
  const page = await open(report, { hash: `#/frontier?point=r1.${findings.best.point}` });
  const best = points[findings.best.point];
  const shown = await values(page, '.details .legend [data-value]');
  assert.deepEqual(shown.sort(), Object.values(best.stage_parts_s).sort());
  assert.ok(shown.reduce((a, b) => a + b) >= best.stage_s * (1 - 1e-9));
});

test('a chart can be saved as PNG, SVG and CSV', async () => {
  const page = await open(report, { hash: '#/latency' });
  await painted(page);
  const saved = async (name) => {
    const [download] = await Promise.all([page.waitForEvent('download'), page.locator('.chart').first().getByRole('button', { name, exact: true }).click()]);
    return readFileSync(await download.path());
  };
  assert.equal((await saved('PNG')).subarray(1, 4).toString(), 'PNG');
  assert.match((await saved('SVG')).toString(), /^<svg[\s\S]*TTFT, ms/);
  await page.locator('.chart').first().getByRole('button', { name: 'Table' }).click();
  const lines = (await saved('CSV')).toString().trim().split('\r\n');
  assert.equal(lines[0], 'ttft_ms,share');
  assert.equal(Number(lines.at(-1).split(',')[0]), readJson('replay.json').summary.distributions.ttft_ms.max);
});

test('the verdict leads to its run, and that shows where it comes from', async () => {
  const page = await open(report);
  await page.locator('.card').first().locator('.card-foot a').click();
  await page.waitForSelector('h1:has-text("replay.json")');
  const { provenance, validity } = readJson('replay.json');
  const text = await textOf(page, 'main');
  assert.ok(text.includes(provenance.build.git_commit));
  for (const reason of validity.reasons) assert.ok(text.includes(reason.text));
});

const views = ['overview', 'compare', 'frontier', 'latency', 'run', 'timeline', 'step', 'kernels', 'communication', 'calibration', 'validation', 'claims'];

for (const theme of ['light', 'dark']) {
  test(`no view has a serious accessibility problem, ${theme}`, async () => {
    const page = await open(report, { theme });
    await page.evaluate(axeSource);
    for (const view of views) {
      await show(page, `#/${view}`);
      const found = await page.evaluate(async () => {
        const result = await window.axe.run(document, { resultTypes: ['violations'] });
        return result.violations.filter((v) => ['serious', 'critical'].includes(v.impact))
          .map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => `${n.target} ${n.any[0]?.message ?? ''}`).join('; ')}`);
      });
      assert.deepEqual(found, [], view);
    }
    assert.deepEqual(page.problems, []);
  });
}
