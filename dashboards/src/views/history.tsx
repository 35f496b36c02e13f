import { useMemo } from 'preact/hooks';
import { hasRatios, historyOf, openOnes, type History as Store } from '../data/history.ts';
import { count, formatSigned } from '../lib/format.ts';
import { useChosen, usePage } from '../parts/context.ts';
import { DataTable, type TableModel } from '../parts/data_table.tsx';
import { Choice, Empty, Heading, RunChoice } from '../parts/small.tsx';
import { HistoryMatrix } from './history_matrix.tsx';
import { SeriesChart } from './history_series.tsx';

// "2 open suspicions in 24 series of 90 runs, the largest +5.1 % in smoke/kernel/gemm since 2026-10-02."
export function historySentence(store: Store): string {
  const open = openOnes(store);
  const of = `${count(store.series.length, 'series', 'series')} of ${count(store.nights.length, 'run')}`;
  if (open.length === 0) return `No open suspicion in ${of}.`;
  const worst = open.reduce((a, b) => (Math.abs(b.change) > Math.abs(a.change) ? b : a));
  return `${count(open.length, 'open suspicion')} in ${of}, the largest ${formatSigned(worst.change)} in ${store.series[worst.series]?.name} since ${store.nights[worst.at]?.day}.`;
}

function suspicionTable(store: Store, pick: (series: number) => void): TableModel {
  const all = store.suspicions;
  return {
    name: 'suspicions', label: 'Suspicions', rows: all.length, onRow: (i) => pick(all[i]?.series ?? 0), rowKey: (i) => String(i),
    columns: [
      { name: 'series', title: 'series', cell: (i) => store.series[all[i]?.series ?? 0]?.name },
      { name: 'change', title: 'change', unit: 'share', cell: (i) => all[i]?.change },
      { name: 'direction', title: 'for the', cell: (i) => (all[i]?.worse ? 'worse' : 'better') },
      { name: 'since', title: 'since', cell: (i) => store.nights[all[i]?.at ?? 0]?.day },
      { name: 'commit', title: 'commit', cell: (i) => store.nights[all[i]?.at ?? 0]?.commit },
      { name: 'before', title: 'before', cell: (i) => store.nights[all[i]?.before ?? 0]?.commit },
      { name: 'basis', title: 'of', cell: (i) => all[i]?.basis },
      { name: 'p', title: 'p', cell: (i) => all[i]?.p },
      { name: 'state', title: 'state', cell: (i) => all[i]?.state },
    ],
  };
}

function noteTable(store: Store): TableModel {
  const { notes } = store;
  return {
    name: 'notes', label: 'Notes', rows: notes.length,
    columns: [
      { name: 'time', title: 'from', cell: (i) => new Date(notes[i]?.time ?? 0).toISOString().slice(0, 16).replace('T', ' ') },
      { name: 'kind', title: 'kind', cell: (i) => notes[i]?.kind },
      { name: 'series', title: 'series', cell: (i) => notes[i]?.series || 'all' },
      { name: 'text', title: 'text', cell: (i) => notes[i]?.text },
      { name: 'link', title: 'link', cell: (i) => notes[i]?.link },
    ],
  };
}

export function History() {
  const { route, go } = usePage();
  const { runs, run } = useChosen((one) => one.kind === 'history');
  const store = useMemo(() => (run ? historyOf(run) : null), [run]);
  const pick = (n: number) => go({ series: store?.series[n]?.key ?? '' });
  const suspicions = useMemo(() => (store ? suspicionTable(store, pick) : null), [store, route]);
  if (!run || !store || !suspicions || store.series.length === 0) {
    return (
      <>
        <header class="heading"><h1>History</h1></header>
        <Empty what="No store of nightly results is among the files." command={'inferbench compare --baseline ANCHOR --candidate NEW --json night.json\ninferbench history add STORE night.json\ninferbench dashboard STORE -o report.html'} />
      </>
    );
  }
  // What is suspected first is what one came for.
  const chosen = store.series.findIndex((one) => one.key === route.params['series']);
  const n = chosen >= 0 ? chosen : (openOnes(store)[0]?.series ?? 0);
  const series = store.series[n]!;
  const ratios = hasRatios(series);
  const basis = ratios && route.params['of'] !== 'value' ? 'ratio' : 'value';
  const confirm = [...new Set(store.suspicions.filter((one) => one.series === n && one.state === 'open').map((one) => one.confirm))];
  return (
    <>
      <Heading title="History" run={run}>{historySentence(store)}</Heading>
      <div class="controls">
        <RunChoice runs={runs} run={run} />
        <Choice label="Series" name="series" value={series.key} fallback="" options={store.series.map((one) => ({ value: one.key, text: one.name }))} />
        {ratios && <Choice label="Show" name="of" value={basis} fallback="ratio" options={[{ value: 'ratio', text: 'ratio to the anchor' }, { value: 'value', text: `value, ${series.unit || 'as counted'}` }]} />}
      </div>
      <SeriesChart store={store} series={series} basis={basis} index={n} />
      {confirm.length > 0 && <section><h2>To confirm or refute</h2>{confirm.map((command) => <pre key={command}><code>{command}</code></pre>)}</section>}
      <HistoryMatrix store={store} pick={pick} />
      {store.suspicions.length > 0 && <section><h2>Suspicions</h2><DataTable model={suspicions} /></section>}
      {store.notes.length > 0 && <section><h2>Notes</h2><DataTable model={noteTable(store)} /></section>}
    </>
  );
}
