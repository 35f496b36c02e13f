// What the tests of the page have in common: real result files, a browser without network.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';

const require = createRequire(new URL('../../dashboards/package.json', import.meta.url));
const { chromium } = require('playwright-core');

export const axeSource = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
export const emptyPage = new URL('../../dashboards/page.html', import.meta.url).pathname;
export const folder = mkdtempSync(join(tmpdir(), 'inferbench-page-'));

export const program = (...args) =>
  execFileSync(process.env.INFERBENCH, args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
export const path = (name) => join(folder, name);
export const readJson = (name) => JSON.parse(readFileSync(path(name), 'utf8'));
export const writeJson = (name, json) => writeFileSync(path(name), JSON.stringify(json));

export function makeReport(files, name = 'report.html') {
  program('dashboard', ...files, '-o', name);
  return path(name);
}

// A replay with everything it can be asked for, a sweep.
export function makeResults() {
  program('replay', '--model', 'llama-3-70b', '--gpu', 'h100', '--parallel', 'tp4', '--workload', 'sample:chat-burst',
    '--slo', 'ttft_p90=2s,tpot_p90=50ms', '--decompose', '--json', 'replay.json', '--records', 'replay.jsonl',
    '--timeline', 'replay.trace.json');
  program('sweep', '--model', 'gpt-moe-1.8t', '--gpu', 'gb200-nvl72', '--gpus', '64', '--json', 'sweep.json');
}

let browser;
export async function open(file, { hash = '', theme = 'light', width = 1280, height = 900, plain = false } = {}) {
  browser ??= await chromium.launch({ executablePath: process.env.BROWSER, args: ['--no-sandbox'] });
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: theme, acceptDownloads: true });
  const page = await context.newPage();
  page.problems = [];
  page.on('pageerror', (error) => page.problems.push(error.message));
  page.on('console', (message) => message.type() === 'error' && page.problems.push(message.text()));
  page.on('request', (request) => {
    if (!/^(file|blob|data):/.test(request.url())) page.problems.push(`asked for ${request.url()}`);
  });
  await context.setOffline(true);
  await page.goto(`file://${file}${hash}`);
  if (!plain) await page.waitForSelector('main h1');
  return page;
}

// After what was asked for has been painted.
export const painted = (page) =>
  page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now())))));

// Goes to another view without loading the page again.
export async function show(page, hash) {
  await page.evaluate((to) => { location.hash = to; }, hash);
  await painted(page);
  await painted(page);
}

export const textOf = (page, selector) => page.locator(selector).first().innerText();

after(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});
