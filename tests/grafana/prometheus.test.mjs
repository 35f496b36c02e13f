// Prometheus on loopback scrapes what `inferbench export --format openmetrics` wrote and answers every
// query of the Grafana dashboard.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

const dashboard = JSON.parse(readFileSync(new URL('../../dashboards/grafana/inferbench.json', import.meta.url)));
const folder = mkdtempSync(join(tmpdir(), 'inferbench-prometheus-'));
const program = (...args) => execFileSync(process.env.INFERBENCH, args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
const patience = 60_000; // ms, for a start and a scrape on a busy machine
const openMetrics = 'application/openmetrics-text; version=1.0.0; charset=utf-8';
const exported = {};
let server, prometheus, address;

const listening = (one) => new Promise((done) => one.listen(0, '127.0.0.1', () => done(one.address().port)));
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

async function freePort() {
  const one = createServer();
  const port = await listening(one);
  await new Promise((done) => one.close(done));
  return port;
}

// Grafana's variables at "All".
const withoutVariables = (expr) => expr.replaceAll(/"\$\w+"/g, '".*"');
const queries = dashboard.panels.flatMap((panel) => panel.targets ?? []).map((target) => withoutVariables(target.expr));

async function ask(query) {
  const answer = await fetch(`${address}/api/v1/query?query=${encodeURIComponent(query)}`);
  const json = await answer.json();
  assert.equal(json.status, 'success', `${query}: ${json.error}`);
  return json.data.result;
}

before(async () => {
  program('replay', '--model', 'llama-3-70b', '--gpu', 'h100', '--parallel', 'tp4', '--workload', 'sample:chat-burst',
    '--slo', 'ttft_p90=1ns', '--json', 'replay.json');
  program('bench', 'gemm', '-a', 'm=8', '-a', 'n=64', '-a', 'k=64', '--budget', '2s', '--json', 'kernels.json');
  for (const name of ['replay', 'kernels']) exported[name] = program('export', `${name}.json`, '--format', 'openmetrics');
  server = createServer((request, answer) => {
    answer.setHeader('Content-Type', openMetrics);
    answer.end(exported[request.url.slice(1)] ?? '# EOF\n');
  });
  const target = await listening(server);
  const port = await freePort();
  const jobs = Object.keys(exported).map((name) => `  - job_name: ${name}
    metrics_path: /${name}
    honor_labels: true
    static_configs: [{targets: ["127.0.0.1:${target}"]}]
`);
  writeFileSync(join(folder, 'prometheus.yml'), `global: {scrape_interval: 1s}\nscrape_configs:\n${jobs.join('')}`);
  address = `http://127.0.0.1:${port}`;
  prometheus = spawn('prometheus', [`--config.file=${join(folder, 'prometheus.yml')}`, `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`, '--log.level=error'], { stdio: ['ignore', 'ignore', 'inherit'] });
  for (const end = Date.now() + patience; Date.now() < end; await pause(250)) {
    const up = await ask('sum(up)').catch(() => []);
    if (up[0]?.value[1] === '2') return;
  }
  throw new Error('Prometheus did not scrape both exports in time');
});

after(async () => {
  if (prometheus && prometheus.exitCode === null) {
    const gone = new Promise((done) => prometheus.once('exit', done));
    prometheus.kill('SIGTERM');
    await gone;
  }
  server?.close();
  rmSync(folder, { recursive: true, force: true });
});

test('promtool reads the export and finds nothing to improve', () => {
  for (const [name, text] of Object.entries(exported)) {
    const tool = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
    assert.equal(tool.status, 0, `${name}: ${tool.stdout}${tool.stderr}`);
  }
});

test('every query of the dashboard has an answer', async () => {
  assert.ok(queries.length > 10);
  for (const query of queries) assert.ok((await ask(query)).length > 0, `no answer to ${query}`);
});

test('numbers in Prometheus are those of the result', async () => {
  const summary = JSON.parse(readFileSync(join(folder, 'replay.json'))).summary;
  const [p50] = await ask('inferbench_ttft_seconds{quantile="0.5"}');
  assert.ok(Math.abs(Number(p50.value[1]) - summary.distributions.ttft_ms.percentiles.p50 / 1e3) < 1e-9);
  const [missed] = await ask('count(inferbench_slo_met == 0) or vector(0)');
  assert.equal(missed.value[1], '1');
  const rows = JSON.parse(readFileSync(join(folder, 'kernels.json'))).rows.filter((row) => row.timing);
  assert.equal((await ask('inferbench_kernel_seconds')).length, rows.length);
});
