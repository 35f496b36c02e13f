import type { ComponentChildren } from 'preact';
import { useMemo } from 'preact/hooks';
import { at, entriesAt, listAt, textAt, type Json } from '../data/contract.ts';
import { mainView } from '../data/headlines.ts';
import { kindName, type Run } from '../data/runs.ts';
import { download } from '../lib/csv.ts';
import { formatBytes } from '../lib/format.ts';
import { useChosen, usePage } from '../parts/context.ts';
import { DataTable, type TableModel } from '../parts/data_table.tsx';
import { Empty, Facts, Heading, Num, RunChoice, Verdict } from '../parts/small.tsx';
import { Tree } from '../parts/tree.tsx';

function VerdictSection({ run }: { run: Run }) {
  if (run.valid === null) return null;
  return (
    <section>
      <h2>Does it count?</h2>
      <p><Verdict run={run} /></p>
      {run.reasons.length === 0
        ? run.kind !== 'selftest' && <p class="muted">Nothing stands against it.</p>
        : <ul class="reasons">{run.reasons.map((one) => <li key={one.id} class={one.invalidates ? 'bad' : ''}><code>{one.id}</code> {one.text}</li>)}</ul>}
    </section>
  );
}

interface Scalar { window: string; key: string; json: Json }

function scalars(run: Run): Scalar[] {
  const out: Scalar[] = entriesAt(run.document, 'summary', 'scalars').map(([key, json]) => ({ window: '', key, json }));
  const windows = at(run.document, 'summary', 'windows');
  for (const window of Array.isArray(windows) ? windows : []) {
    const name = textAt(window, 'name') ?? '';
    for (const [key, json] of entriesAt(window, 'rates')) out.push({ window: name, key, json });
  }
  return out;
}

function Scalars({ run }: { run: Run }) {
  const all = useMemo(() => scalars(run), [run]);
  const model: TableModel = useMemo(() => ({
    name: 'scalars', label: 'Numbers of the run', rows: all.length,
    columns: [
      { name: 'metric', title: 'metric', cell: (row) => all[row]?.key, shown: (row) => <span title={textAt(all[row]?.json, 'definition')}>{all[row]?.key}</span> },
      { name: 'window', title: 'window', cell: (row) => all[row]?.window || undefined },
      { name: 'value', title: 'value', cell: (row) => { const v = at(all[row]?.json, 'value'); return typeof v === 'number' ? v : undefined; },
        shown: (row) => {
          const value = at(all[row]?.json, 'value');
          return typeof value === 'number' ? <Num value={value} /> : <span class="absent" title={textAt(all[row]?.json, 'absent', 'value')}>–</span>;
        } },
      { name: 'unit', title: 'unit', cell: (row) => { const unit = textAt(all[row]?.json, 'unit'); return unit === '1' ? undefined : unit; } },
      { name: 'definition', title: 'definition', cell: (row) => textAt(all[row]?.json, 'definition') },
    ],
  }), [all]);
  if (all.length === 0) return null;
  return <section><h2>Numbers</h2><DataTable model={model} /></section>;
}

function Provenance({ run }: { run: Run }) {
  const from = at(run.document, 'provenance');
  if (!from) return null;
  const host = at(from, 'host');
  const facts: [string, ComponentChildren][] = [];
  const add = (name: string, value: string | undefined) => value && facts.push([name, value]);
  add('started', textAt(from, 'started_utc'));
  add('finished', textAt(from, 'finished_utc'));
  add('version', textAt(from, 'build', 'version'));
  add('commit', `${textAt(from, 'build', 'git_commit') ?? 'unknown'}${at(from, 'build', 'git_dirty') === true ? ', with changes' : ''}`);
  add('compiler', textAt(from, 'build', 'compiler'));
  add('seed', String(at(from, 'seed') ?? ''));
  add('processor', textAt(host, 'cpu'));
  add('cores', at(host, 'allowed_cpus') === undefined ? undefined : `${at(host, 'allowed_cpus')} of ${at(host, 'logical_cpus')}`);
  const memory = at(host, 'memory_bytes');
  add('memory', typeof memory === 'number' ? formatBytes(memory) : undefined);
  add('load at the start', textAt(host, 'load_average'));
  add('system', [textAt(host, 'distribution'), textAt(host, 'kernel')].filter(Boolean).join(', '));
  return (
    <section>
      <h2>Where it comes from</h2>
      <pre><code>{listAt(from, 'command_line').map(String).join(' ')}</code></pre>
      <Facts facts={facts} />
    </section>
  );
}

function NotMeasured({ run }: { run: Run }) {
  const missing = listAt(run.document, 'not_measured');
  if (missing.length === 0) return null;
  return (
    <section>
      <h2>Not measured</h2>
      <ul class="reasons">{missing.map((one, i) => <li key={i}><strong>{textAt(one, 'what')}</strong>: {textAt(one, 'reason')}</li>)}</ul>
    </section>
  );
}

function Checks({ run }: { run: Run }) {
  const checks = listAt(run.document, 'checks');
  if (checks.length === 0) return null;
  const text = (row: number, key: string) => textAt(checks[row], key);
  const model: TableModel = {
    name: 'checks', label: 'Checks', rows: checks.length,
    columns: ['outcome', 'group', 'name', 'expected', 'found'].map((key) => ({ name: key, title: key, cell: (row) => text(row, key) })),
  };
  return <section><h2>Checks</h2><DataTable model={model} /></section>;
}

export function RunView() {
  const { href } = usePage();
  const { runs, run } = useChosen(() => true);
  if (!run) {
    return (
      <>
        <header class="heading"><h1>Run</h1></header>
        <Empty what="This page holds no results." command="inferbench dashboard run.json -o report.html" />
      </>
    );
  }
  const view = mainView(run);
  const save = () => download(run.file, JSON.stringify({ ...run.document, tables: run.raw.tables }, null, 2), 'application/json');
  return (
    <>
      <Heading title={run.file} run={run}>{kindName(run)}{run.label ? `: ${run.label}` : ''}</Heading>
      <div class="controls">
        <RunChoice runs={runs} run={run} />
        {view !== 'run' && <a class="button" href={href(view, { run: run.id })}>Show its charts</a>}
        <button type="button" onClick={save}>Download with its tables</button>
      </div>
      <VerdictSection run={run} />
      {run.notes.length > 0 && <ul class="reasons">{run.notes.map((note) => <li key={note}>{note}</li>)}</ul>}
      <Checks run={run} />
      <Scalars run={run} />
      <Provenance run={run} />
      <NotMeasured run={run} />
      <section>
        <h2>The document</h2>
        {Object.entries(run.document).map(([key, value]) => <Tree key={key} name={key} value={value} open={key === 'configuration'} />)}
        {Object.entries(run.raw.tables).map(([name, table]) => (
          <p key={name} class="muted">table <code>{name}</code>: {table.rows.toLocaleString('en-US')} rows, {Object.keys(table.columns).length} columns</p>
        ))}
      </section>
    </>
  );
}
