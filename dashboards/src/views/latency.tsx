import { useMemo } from 'preact/hooks';
import { distributions, latencyMetrics, latencyParts, percentileNames, slos } from '../data/latency.ts';
import { hasLoads } from '../data/loads.ts';
import type { Run } from '../data/runs.ts';
import { useChosen, usePage } from '../parts/context.ts';
import { DataTable, type TableModel } from '../parts/data_table.tsx';
import { Choice, Empty, Heading, Num, RunChoice, Switch } from '../parts/small.tsx';
import { formatMs } from '../lib/format.ts';
import { EcdfChart } from './latency_ecdf.tsx';
import { LoadSweep } from './latency_load.tsx';
import { PartsChart } from './latency_parts.tsx';
import { RequestsChart, WorstRequests } from './latency_requests.tsx';

function quantileTable(run: Run): TableModel {
  const all = distributions(run);
  const names = percentileNames(all).filter((p) => Number(p.slice(1)) >= 10);
  const at = (row: number) => all[row];
  return {
    name: 'latency_quantiles',
    label: 'Quantiles of each metric',
    rows: all.length,
    columns: [
      { name: 'metric', title: 'metric', cell: (row) => at(row)?.key,
        shown: (row) => <span title={at(row)?.definition}>{at(row)?.id}</span> },
      { name: 'count', title: 'samples', cell: (row) => at(row)?.count },
      { name: 'mean', title: 'mean', cell: (row) => at(row)?.mean, shown: (row) => <Num value={at(row)?.mean} unit={at(row)?.unit ?? ''} /> },
      ...names.map((p) => ({
        name: p, title: p, cell: (row: number) => at(row)?.percentiles.get(p),
        shown: (row: number) => {
          const value = at(row)?.percentiles.get(p);
          return value === undefined
            ? <span class="absent" title={at(row)?.absent.get(p)}>–</span>
            : <Num value={value} unit={at(row)?.unit ?? ''} />;
        },
      })),
      { name: 'max', title: 'max', cell: (row) => at(row)?.max, shown: (row) => <Num value={at(row)?.max} unit={at(row)?.unit ?? ''} /> },
    ],
  };
}

function SloList({ run }: { run: Run }) {
  const all = slos(run);
  if (all.length === 0) return null;
  return (
    <ul class="slos">
      {all.map((slo) => (
        <li key={slo.constraint}>
          <span class={slo.met ? 'verdict good' : 'verdict bad'}>{slo.met ? '✓ met' : '✕ missed'}</span>{' '}
          {slo.constraint}: {slo.attained === undefined ? 'no number' : <>attained <Num value={slo.attained} unit="ms" /></>}
          {slo.share !== undefined && <>, <Num value={slo.share} unit="share" /> of requests within</>}
        </li>
      ))}
    </ul>
  );
}

function lead(run: Run): string {
  const ttft = distributions(run).find((one) => one.id === 'ttft');
  const tpot = distributions(run).find((one) => one.id === 'tpot');
  const median = (one: typeof ttft) => formatMs(one?.percentiles.get('p50') ?? one?.mean);
  return `${run.label || run.file}: a median request waits ${median(ttft)} for its first token, then ${median(tpot)} for each further one.`;
}

export function Latency() {
  const { route, runs: everything } = usePage();
  const { runs, run } = useChosen((one) => one.kind === 'replay');
  const swept = everything.filter(hasLoads);
  const p = route.params;
  const quantiles = useMemo(() => (run ? quantileTable(run) : null), [run]);
  if (!run || !quantiles) {
    return (
      <>
        <header class="heading"><h1>Latency</h1></header>
        <LoadSweep runs={swept} />
        <Empty what="No replay is among the files." command={'inferbench replay --model llama-3-70b --gpu h100 --workload sample:chat-burst \\\n  --json run.json --records run.jsonl'} />
      </>
    );
  }
  const metric = latencyMetrics.find((one) => one.id === p['metric']) ?? latencyMetrics[0]!;
  const shown = p['all'] === '1' ? runs.filter((one) => one.has(`ecdf_${metric.id}`)) : [run];
  return (
    <>
      <Heading title="Latency" run={run}>{lead(run)}</Heading>
      <div class="controls">
        <RunChoice runs={runs} run={run} />
        {runs.length > 1 && <Switch label="All runs" name="all" on={p['all'] === '1'} />}
        <Choice label="Metric" name="metric" value={metric.id} fallback="ttft" options={latencyMetrics.map((one) => ({ value: one.id, text: one.title }))} />
        <Choice label="Share" name="tail" value={p['tail'] ?? '1'} fallback="1" options={[{ value: '1', text: 'tail, log' }, { value: '0', text: 'linear' }]} />
        <Choice label="Latency" name="lx" value={p['lx'] ?? '1'} fallback="1" options={[{ value: '1', text: 'log' }, { value: '0', text: 'linear' }]} />
      </div>
      {run.has(`ecdf_${metric.id}`)
        ? <EcdfChart runs={shown} run={run} metric={metric} tail={p['tail'] !== '0'} log={p['lx'] !== '0'} />
        : <Empty what="The distribution needs the request records, which are not beside the result." command={`inferbench replay ... --json ${run.file} --records ${run.file.replace(/\.json$/, '')}.jsonl`} />}
      <SloList run={run} />
      <section>
        <h2>Quantiles</h2>
        <DataTable model={quantiles} />
      </section>
      {swept.length > 0
        ? <LoadSweep runs={swept} />
        : <p class="muted">Latency over load, with its knee, is of a sweep with <code>--method replay --rates 1,2,4,8</code>, or <code>--users</code>.</p>}
      {latencyParts(run).length > 0
        ? <PartsChart run={run} />
        : <p class="muted">What latencies went to is not known of this run; <code>inferbench replay ... --decompose</code> takes them apart.</p>}
      {run.has('requests') && <RequestsChart run={run} metric={metric.id === 'itl' ? latencyMetrics[0]! : metric} />}
      {run.has('worst') && <WorstRequests run={run} />}
    </>
  );
}
