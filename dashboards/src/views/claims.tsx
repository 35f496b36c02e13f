import { useMemo } from 'preact/hooks';
import { at, entriesAt, listAt, textAt, type Json } from '../data/contract.ts';
import { useChosen, usePage } from '../parts/context.ts';
import { DataTable, type TableModel } from '../parts/data_table.tsx';
import { Choice, Empty, Heading, RunChoice } from '../parts/small.tsx';
import { Tree } from '../parts/tree.tsx';

function claimTable(claims: Json[], pick: (id: string) => void): TableModel {
  const text = (i: number, key: string) => textAt(claims[i], key);
  return {
    name: 'claims', label: 'Claims', rows: claims.length, onRow: (i) => pick(text(i, 'id') ?? ''), rowKey: (i) => text(i, 'id') ?? String(i),
    columns: [
      { name: 'id', title: 'id', cell: (i) => text(i, 'id') },
      { name: 'label', title: 'what comes out', cell: (i) => text(i, 'label') },
      { name: 'says', title: 'says', cell: (i) => text(i, 'says') },
      { name: 'comes_out', title: 'here', cell: (i) => text(i, 'comes_out') },
      { name: 'document', title: 'document', cell: (i) => text(i, 'document') },
    ],
  };
}

function ClaimDetails({ claim }: { claim: Json }) {
  const { go } = usePage();
  const groups = listAt(claim, 'groups');
  return (
    <section class="details" aria-label={`Claim ${textAt(claim, 'id')}`}>
      <div class="section-head">
        <h2>{textAt(claim, 'id')}: {textAt(claim, 'label')}</h2>
        <button type="button" onClick={() => go({ claim: '' })}>Close</button>
      </div>
      <p><strong>It says.</strong> {textAt(claim, 'says')}</p>
      <p><strong>Here.</strong> {textAt(claim, 'comes_out')}</p>
      <p class="muted">{textAt(claim, 'document')}</p>
      {groups.map((group, g) => {
        const checks = listAt(group, 'checks');
        const model: TableModel = {
          name: 'checks', label: `Checks, ${textAt(group, 'name')}`, rows: checks.length,
          columns: [
            ...['quantity', 'wanted', 'found'].map((key) => ({ name: key, title: key, cell: (i: number) => textAt(checks[i], key) })),
            { name: 'passed', title: 'passed', cell: (i) => (at(checks[i], 'passed') === true ? '✓ yes' : '✕ no') },
          ],
        };
        return <section key={g}><h3>{textAt(group, 'name')}</h3><DataTable model={model} /></section>;
      })}
      <Tree name="runs" value={at(claim, 'runs') ?? null} />
    </section>
  );
}

export function Claims() {
  const { route, go } = usePage();
  const { runs, run } = useChosen((one) => one.kind === 'claims');
  const p = route.params;
  const label = p['label'] ?? '';
  const claims = useMemo(() => (run ? listAt(run.document, 'claims').filter((one) => !label || textAt(one, 'label') === label) : []), [run, label]);
  const table = useMemo(() => claimTable(claims, (id) => go({ claim: id })), [claims, route]);
  if (!run) {
    return (
      <>
        <header class="heading"><h1>Claims</h1></header>
        <Empty what="No table of claims is among the files." command="inferbench claims --json claims.json" />
      </>
    );
  }
  const counts = entriesAt(run.document, 'counts');
  const picked = listAt(run.document, 'claims').find((one) => textAt(one, 'id') === p['claim']);
  return (
    <>
      <Heading title="Claims" run={run}>
        Of {listAt(run.document, 'claims').length} published claims {counts.map(([name, n]) => `${n} ${name === 'reproduces' ? 'reproduce' : name === 'does not' ? 'do not' : name}`).join(', ')}.
      </Heading>
      <div class="controls">
        <RunChoice runs={runs} run={run} />
        <Choice label="What comes out" name="label" value={label} fallback="" options={[{ value: '', text: 'all' }, ...counts.map(([name]) => ({ value: name, text: name }))]} />
      </div>
      {picked !== undefined && <ClaimDetails claim={picked} />}
      <DataTable model={table} />
    </>
  );
}
