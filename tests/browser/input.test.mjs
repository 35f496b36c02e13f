// Pages of unusual files: none, one, old, hostile, many points. Prints how large and how fast it is.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { emptyPage, makeReport, makeResults, open, painted, readJson, show, textOf, writeJson } from './support.mjs';

before(makeResults);

test('the page without data is small and names the commands that make some', async () => {
  const size = gzipSync(readFileSync(emptyPage), { level: 9 }).length;
  console.log(`page without data: ${(size / 1000).toFixed(0)} kB gzip`);
  assert.ok(size < 450_000);
  const page = await open(emptyPage);
  for (const view of ['overview', 'frontier', 'latency', 'run']) {
    await show(page, `#/${view}`);
    assert.match(await textOf(page, '.empty pre'), /inferbench (replay|sweep|dashboard|bench)/, view);
  }
  assert.deepEqual(page.problems, []);
});

test('a file of an older minor version, without records, is shown', async () => {
  const run = readJson('replay.json');
  run.schema.version = '1.0.0';
  delete run.records;
  delete run.provenance.records_file;
  delete run.summary.latency_parts;
  writeJson('old.json', run);
  const page = await open(makeReport(['old.json'], 'old.html'), { hash: '#/latency' });
  assert.match(await textOf(page, '.empty'), /needs the request records/);
  assert.match(await textOf(page, 'main'), /--decompose/);
  assert.deepEqual(page.problems, []);
});

test('names cannot run scripts, whatever they hold', async () => {
  const evil = '</script><script>window.hacked=1</script><img src=x onerror="window.hacked=1">';
  const sweep = readJson('sweep.json');
  sweep.configuration.model = evil;
  sweep.points[0].parallel = evil;
  sweep.points[0].fits = true;
  sweep.points[0].tokens_per_s_gpu = 1e4;
  writeJson('<img src=x onerror=alert(1)>.json', sweep);
  const page = await open(makeReport(['<img src=x onerror=alert(1)>.json'], 'evil.html'));
  for (const view of ['overview', 'frontier?groups=1&point=r0.0', 'run', 'latency']) {
    await show(page, `#/${view}`);
    await page.mouse.move(400, 300);
    assert.equal(await page.evaluate(() => window.hacked), undefined, view);
  }
  await show(page, '#/frontier?point=r0.0');
  assert.ok((await textOf(page, '.details h2')).includes(evil));
  assert.deepEqual(page.problems, []);
});

// The points of the sweep over and over, each time a little elsewhere.
function sweepOf(count, name) {
  const sweep = readJson('sweep.json');
  const fitting = sweep.points.filter((point) => point.fits);
  sweep.points = Array.from({ length: count }, (_, i) => {
    const scale = 1 - 0.3 * Math.floor(i / fitting.length) / Math.ceil(count / fitting.length);
    const point = fitting[i % fitting.length];
    return { ...point, tokens_per_s_user: point.tokens_per_s_user * scale, tokens_per_s_gpu: point.tokens_per_s_gpu * scale };
  });
  sweep.findings = { limits: {}, frontier: [] };
  writeJson(`${name}.json`, sweep);
  return makeReport([`${name}.json`], `${name}.html`);
}

for (const count of [2701, 27000, 100000]) {
  test(`${count} points are drawn and selected`, async () => {
    const page = await open(sweepOf(count, `points${count}`), { hash: '#/frontier' });
    const opened = await painted(page);
    assert.match(await textOf(page, 'figcaption'), new RegExp(`Of ${count.toLocaleString('en-US')} points`));
    const box = await page.locator('.chart-canvas').first().boundingBox();
    await page.mouse.move(box.x + 150, box.y + 50);
    await page.mouse.down();
    await page.mouse.move(box.x + 500, box.y + 250, { steps: 3 });
    const brushed = await page.evaluate(async () => {
      const begin = performance.now();
      const seen = new Promise((done) => {
        const look = () => (document.querySelector('main').textContent.includes('in the selection') ? done(performance.now()) : requestAnimationFrame(look));
        addEventListener('mouseup', () => { window.released = performance.now(); }, { capture: true, once: true });
        look();
      });
      window.brushed = seen.then((at) => at - (window.released ?? begin));
    });
    assert.equal(brushed, undefined);
    await page.mouse.up();
    const took = await page.evaluate(() => window.brushed);
    console.log(`${count.toLocaleString('en-US')} points: opened and painted in ${opened.toFixed(0)} ms, brushed in ${took.toFixed(0)} ms`);
    assert.deepEqual(page.problems, []);
  });
}
