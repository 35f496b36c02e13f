// Timeline, kernels, collectives, validation, claims: real files, and files with many steps.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { before, test } from 'node:test';
import { axeSource, makeReport, makeResults, open, painted, path, program, readJson, show, textOf, writeJson } from './support.mjs';

let report;
before(() => {
  makeResults();
  program('bench', 'gemm', '-a', 'm=[16,64]', '-a', 'k=[256]', '-a', 'n=[256]', '--provider', 'own,reference', '--budget', '3s', '--json', 'kernels.json');
  program('bench', 'collectives', '--op', 'all_reduce', '--ranks', '2', '-b', '1K', '-e', '64K', '--budget', '1s', '--json', 'collectives.json');
  program('replay', '--system', 'cpu', '--model', 'tiny-dense-test', '--workload', 'poisson:rate=50,isl=16,osl=8', '--requests', '20',
    '--compare-model', '--json', 'cpu.json', '--timeline', 'cpu.trace.json');
  program('claims', '--json', 'claims.json');
  report = makeReport(['replay.trace.json', 'cpu.trace.json', 'kernels.json', 'collectives.json', 'cpu.json', 'claims.json']);
});

const shownValues = (page, selector) =>
  page.locator(selector).evaluateAll((all) => all.map((one) => Number(one.dataset.value)));

test('the timeline shows every step of the file', async () => {
  const page = await open(report, { hash: '#/timeline' });
  const steps = readJson('replay.trace.json').traceEvents.filter((e) => e.ph === 'X' && e.pid === 2 && e.name === 'step');
  assert.match(await textOf(page, 'figcaption'), new RegExp(`^${steps.length.toLocaleString('en-US')} steps in `));
  const header = await page.locator('section:has(h2:text-is("Steps in the window")) thead th').allInnerTexts();
  const takes = header.findIndex((title) => title.trim() === 'takes');
  const first = page.locator('section:has(h2:text-is("Steps in the window")) tbody tr').first().locator('td').nth(takes).locator('[data-value]');
  assert.ok(Math.abs(Number(await first.getAttribute('data-value')) - steps[0].dur / 1000) < 1e-9);
  await page.getByRole('button', { name: 'Zoom in' }).click();
  await painted(page);
  const shown = Number((await textOf(page, 'figcaption')).split(' ')[0].replaceAll(',', ''));
  const [from, to] = new URLSearchParams(new URL(page.url()).hash.split('?')[1]).get('at').split('~').map(Number);
  assert.equal(shown, steps.filter((e) => e.ts / 1000 <= to && (e.ts + e.dur) / 1000 >= from).length);
  const [saved] = await Promise.all([page.waitForEvent('download'), page.locator('.chart').first().getByRole('button', { name: 'SVG' }).click()]);
  const svg = readFileSync(await saved.path(), 'utf8');
  const widest = Math.max(...[...svg.matchAll(/<path d="([^"]*)"[^>]*fill="(?!none)/g)].map(([, d]) => d.split('M').length - 1));
  assert.ok(widest >= 0.5 * shown, `${widest} rectangles of ${shown} steps in the picture`); // those of one kind are one path
  assert.deepEqual(page.problems, []);
});

test('kernels are those of the file, and lead to their samples', async () => {
  const page = await open(report, { hash: '#/kernels' });
  const { rows } = readJson('kernels.json');
  const table = page.locator('section:has(h2:text-is("Rows")) tbody tr');
  assert.equal(await table.count(), rows.length);
  const medians = await shownValues(page, 'section:has(h2:text-is("Rows")) tbody td:nth-child(5) [data-value]');
  assert.deepEqual(medians, rows.filter((row) => row.timing).map((row) => row.timing.median_ns));
  await table.first().locator('button').click();
  await page.waitForSelector('.details');
  assert.match(await textOf(page, '.details figcaption'), new RegExp(`^${rows[0].timing.wall_ns.length.toLocaleString('en-US')} samples`));
  assert.deepEqual(page.problems, []);
});

// Two rows as `bench --device cuda` writes them: gaps of 500 and 1,500 ns.
test("a GPU's rows show events beside CUPTI's span, the widest gap first", async () => {
  const kernels = readJson('kernels.json');
  const timed = kernels.rows.filter((row) => row.timing).slice(0, 3);
  const clocks = (event, span) => ({ name: 'a GPU', timer: 'cupti_span', launch_bound: false, event_ns: event, cupti_span_ns: span, cupti_busy_ns: span - 100, gap_ns: event - span, tracing_tax: 0.02,
    invalid_records: 0, lost_records: 0, event_samples_ns: [event], kernels: [] });
  timed[0].device = clocks(10500, 10000);
  timed[1].device = clocks(4500, 3000);
  timed[2].device = { ...clocks(9000, 1), timer: 'events', fallback: 'CUPTI is not there' };
  for (const key of ['cupti_span_ns', 'cupti_busy_ns', 'gap_ns', 'tracing_tax']) delete timed[2].device[key];
  writeJson('gpu.json', kernels);
  const page = await open(makeReport(['gpu.json'], 'gpu.html'), { hash: '#/kernels' });
  const chart = page.locator('figure:has(h2:text-is("Events beside CUPTI"))');
  assert.match(await chart.locator('figcaption').innerText(), /Events say 1 µs more than CUPTI's span in the median of 2 rows, at most 1.5 µs \(50 % of the span\).*Tracing adds up to 2 %/);
  await chart.getByRole('button', { name: 'Table' }).click();
  const gaps = await chart.locator('tbody td:nth-child(6)').evaluateAll((all) => all.map((one) => one.querySelector('[data-value]')?.dataset.value));
  assert.deepEqual(gaps, ['1500', '500', undefined]);
  await page.evaluate(axeSource);
  const found = await page.evaluate(async () => (await window.axe.run(document)).violations.filter((v) => ['serious', 'critical'].includes(v.impact)).map((v) => v.id));
  assert.deepEqual(found, []);
  assert.deepEqual(page.problems, []);
});

test('collectives are those of the file', async () => {
  const page = await open(report, { hash: '#/communication' });
  const rows = readJson('collectives.json').rows.filter((row) => row.axes.in_place === 0);
  const bus = await shownValues(page, 'section:has(h2:text-is("Rows")) tbody td:nth-child(8) [data-value]');
  assert.deepEqual(bus.sort(), rows.map((row) => row.metrics.busbw_gb_per_s).sort());
  const best = Math.max(...rows.map((row) => row.metrics.busbw_gb_per_s));
  const said = (await textOf(page, '.lead')).match(/\d+(\.\d+)?/g).map(Number); // rounded to four digits
  assert.ok(said.some((value) => Math.abs(value - best) <= 1e-3 * best), `${best} among ${said}`);
  assert.deepEqual(page.problems, []);
});

test('errors of the model are those of the file', async () => {
  const page = await open(report, { hash: '#/validation' });
  const { metrics } = readJson('cpu.json').findings.modelled;
  const shown = await shownValues(page, 'section:has(h2:text-is("Errors of each run")) tbody [data-value]');
  for (const metric of metrics) assert.ok(shown.includes(metric.error), metric.id);
  assert.deepEqual(page.problems, []);
});

// Two series as `compare --json` writes them, and what `calibrate-gate --report` adds up.
function putComparison() {
  const blocks = (by) => ({ baseline_ns: [1000, 1100, 1050], candidate_ns: [1000 * by, 1100 * by, 1050 * by], preempted_share: [0, 0, 0] });
  const series = (name, verdict, change) => ({
    name, verdict, change, change_interval: { low: change - 0.01, high: change + 0.01, confidence: 0.95 }, baseline_ns_median: 1050, candidate_ns_median: 1050 * (1 + change),
    looks: [{ blocks: 10, p_slower: 0.001, p_not_slower: 0.9, p_faster: 0.9, p_not_faster: 0.001 }], blocks: blocks(1 + change),
  });
  writeJson('comparison.json', {
    schema: 'inferbench.comparison', version: '1.0.0', verdict: 'regression', sentence: 'REGRESSION: 1 of 3 series regressed', invalid: [], notes: [],
    method: { margin: 0.01, target: 0.05, alpha_per_suite: 0.01 }, baseline: { commit: 'a'.repeat(40) }, candidate: { commit: 'b'.repeat(40) }, blocks: 3,
    noise: { elapsed_ns: 1e9, preempted_share: 0.05, load_before: '1.0 1.0 1.0', load_after: '1.1 1.0 1.0' },
    series: [series('kernel/fine', 'pass', 0.002), series('kernel/slow', 'regression', 0.08)],
    exact: [{ name: 'replay/steps', verdict: 'pass', baseline: 10, candidate: 10 }], skipped: [],
  });
  writeJson('gate.json', {
    schema: 'inferbench.gate-calibration', version: '1.0.0', suite: 'eight', series_of_suite: 8, cpu: 'a processor', rule: {},
    cells: [{ slowdown: 0, series: 299, slower: 0, elapsed_s: 9 }, { slowdown: 0.05, series: 100, slower: 99, elapsed_s: 9 }],
  });
}

test('a comparison names the worst series first and leads to its blocks', async () => {
  putComparison();
  const page = await open(makeReport(['comparison.json', 'gate.json'], 'compare.html'), { hash: '#/compare' });
  assert.equal(await textOf(page, '.lead'), 'REGRESSION: 1 of 3 series regressed');
  assert.deepEqual(await shownValues(page, 'section:has(h2:text-is("Series")) tbody td:nth-child(3) [data-value]'), [0.08, 0.002, 0]);
  await page.locator('section:has(h2:text-is("Series")) tbody button').first().click();
  await page.waitForSelector('.details');
  assert.match(await textOf(page, '.details figcaption'), /slower in 3 of 3 blocks; the median block changed by \+8 %/);
  await page.evaluate(axeSource);
  const found = await page.evaluate(async () => (await window.axe.run(document)).violations.filter((v) => ['serious', 'critical'].includes(v.impact)).map((v) => v.id));
  assert.deepEqual(found, []);
  await show(page, '#/calibration');
  assert.match(await textOf(page, 'figcaption'), /Of 299 unchanged series 0 were called slower, at most 1.23 % in the long run; 99 % of 100 slowed by 5 %/);
  assert.deepEqual(page.problems, []);
});

test('two stored results are compared number by number', async () => {
  const { mean } = readJson('replay.json').summary.distributions.ttft_ms;
  writeFileSync(path('later.json'), readFileSync(path('replay.json'), 'utf8').replace(`"mean": ${mean}`, `"mean": ${mean * 1.25}`));
  try {
    program('compare', 'replay.json', 'later.json', '--json', 'stored.json');
  } catch (error) {
    assert.equal(error.status, 3); // a regression, as is to be
  }
  const { sentence, series } = readJson('stored.json');
  const page = await open(makeReport(['stored.json'], 'stored.html'), { hash: '#/compare' });
  assert.equal(await textOf(page, '.lead'), sentence);
  const shown = await shownValues(page, 'section:has(h2:text-is("Series")) tbody tr:first-child td:nth-child(3) [data-value]');
  const worst = Math.max(...series.filter((one) => one.verdict === 'regression').map((one) => one.change));
  assert.deepEqual(shown, [worst]);
  assert.deepEqual(page.problems, []);
});

test('claims are counted, chosen and opened', async () => {
  const page = await open(report, { hash: '#/claims?label=does not' });
  const { counts, claims } = readJson('claims.json');
  assert.match(await textOf(page, '.lead'), new RegExp(`Of ${claims.length} published claims ${counts.reproduces} reproduce`));
  assert.equal(await page.locator('tbody tr').count(), counts['does not']);
  await page.locator('tbody tr button').first().click();
  await page.waitForSelector('.details');
  assert.ok((await textOf(page, '.details')).includes(claims.find((one) => one.label === 'does not').says));
  assert.deepEqual(page.problems, []);
});

for (const theme of ['light', 'dark']) {
  test(`these views with data have no serious accessibility problem, ${theme}`, async () => {
    const page = await open(report, { theme });
    await page.evaluate(axeSource);
    for (const view of ['overview', 'timeline', 'kernels?row=0', 'communication?row=0', 'validation', 'claims?claim=A1', 'run']) {
      await show(page, `#/${view}`);
      const found = await page.evaluate(async () => {
        const { violations } = await window.axe.run(document, { resultTypes: ['violations'] });
        return violations.filter((v) => ['serious', 'critical'].includes(v.impact)).map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => n.target).join('; ')}`);
      });
      assert.deepEqual(found, [], view);
    }
  });
}

test('100,000 steps are drawn and moved', async () => {
  const traceEvents = Array.from({ length: 100_000 }, (_, i) => ({
    ph: 'X', name: 'step', pid: 2, tid: 0, ts: i * 20_000, dur: 15_000 + (i % 7) * 700,
    args: { step: i, tokens: 64, prompt_tokens: i % 5 ? 0 : 512, decodes: 40 + (i % 20) },
  }));
  writeJson('long.trace.json', { displayTimeUnit: 'ns', traceEvents });
  const page = await open(makeReport(['long.trace.json'], 'long.html'), { hash: '#/timeline' });
  assert.match(await textOf(page, 'figcaption'), /^100,000 steps/);
  const cdp = await page.context().newCDPSession(page); // script: the browser's own time, less what else runs here
  await cdp.send('Performance.enable');
  const script = async () => 1000 * (await cdp.send('Performance.getMetrics')).metrics.find((one) => one.name === 'ScriptDuration').value;
  await page.reload();
  await page.waitForSelector('main h1');
  const opened = await painted(page);
  const begun = await script();
  await page.getByRole('button', { name: 'Zoom in' }).click();
  await painted(page);
  const before = await script();
  const moved = [];
  for (const button of ['Later', '← Earlier', 'Later', '← Earlier', 'Later']) {
    moved.push(await page.evaluate(async (name) => {
      const found = [...document.querySelectorAll('button')].find((one) => one.textContent.startsWith(name));
      const begin = performance.now();
      found.click();
      await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
      return performance.now() - begin;
    }, button));
  }
  const each = (await script() - before) / moved.length;
  console.log(`100,000 steps: opened and painted in ${opened.toFixed(0)} ms (script ${begun.toFixed(0)} ms), moved in ${moved.sort((a, b) => a - b)[2].toFixed(0)} ms, at most ${moved[4].toFixed(0)} ms (script ${each.toFixed(0)} ms each)`);
  assert.deepEqual(page.problems, []);
});
