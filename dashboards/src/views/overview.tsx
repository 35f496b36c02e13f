import { headlines, mainView } from '../data/headlines.ts';
import { kindName, type Run } from '../data/runs.ts';
import { count } from '../lib/format.ts';
import { usePage } from '../parts/context.ts';
import { Empty, Method, Num, Verdict } from '../parts/small.tsx';

// "2 runs are valid, 1 is not. Modelled: 2; measured-host: 1."
export function overviewSentence(runs: Run[]): string {
  const judged = runs.filter((run) => run.valid !== null);
  const bad = judged.filter((run) => run.valid === false);
  const remarks = judged.reduce((sum, run) => sum + run.reasons.filter((r) => !r.invalidates).length, 0);
  const methods = new Map<string, number>();
  for (const run of runs) if (run.method) methods.set(run.method, (methods.get(run.method) ?? 0) + 1);
  const verdict = judged.length === 0
    ? `${count(runs.length, 'file')}, none with a verdict.`
    : bad.length === 0
      ? `${judged.length === 1 ? 'The run is' : `All ${judged.length} runs with a verdict are`} valid${remarks ? `, with ${count(remarks, 'remark')}` : ''}.`
      : `${bad.length} of ${count(judged.length, 'run')} ${bad.length === 1 ? 'does' : 'do'} not count: ${bad.map((run) => run.file).join(', ')}.`;
  const said = [...methods].map(([method, n]) => `${n} ${method}`).join(', ');
  return said ? `${verdict} ${said[0]?.toUpperCase()}${said.slice(1)}.` : verdict;
}

function Card({ run }: { run: Run }) {
  const { href } = usePage();
  const reasons = run.reasons;
  return (
    <article class="card" aria-labelledby={`card-${run.id}`}>
      <p class="card-kind">{kindName(run)} <Method of={run.method} /></p>
      <h2 id={`card-${run.id}`}><a href={href(mainView(run), { run: run.id })}>{run.file}</a></h2>
      <p class="muted">{run.label}</p>
      <dl class="big">
        {headlines(run).map((one) => (
          <div key={one.name}>
            <dd><a href={href(one.view, { run: run.id })}><Num value={one.value} unit={one.unit} /></a></dd>
            <dt>{one.name}</dt>
          </div>
        ))}
      </dl>
      <p class="card-foot"><a href={href('run', { run: run.id })}><Verdict run={run} />{run.valid === null && 'Provenance'}</a></p>
      {reasons.length > 0 && (
        <ul class="reasons">{reasons.map((reason) => <li key={reason.id} class={reason.invalidates ? 'bad' : ''}>{reason.text}</li>)}</ul>
      )}
    </article>
  );
}

export function Overview() {
  const { runs, data } = usePage();
  if (runs.length === 0) {
    return (
      <>
        <header class="heading"><h1>Overview</h1></header>
        <Empty what="This page holds no results." command={'inferbench replay --model llama-3-70b --gpu h100 --workload sample:chat-burst \\\n  --json run.json --records run.jsonl\ninferbench dashboard run.json -o report.html'} />
      </>
    );
  }
  return (
    <>
      <header class="heading">
        <h1>Overview</h1>
        <p class="lead">{overviewSentence(runs)}</p>
      </header>
      <div class="cards">{runs.map((run) => <Card key={run.id} run={run} />)}</div>
      {data.left_out.length > 0 && (
        <section>
          <h2>Left out</h2>
          <ul class="reasons">{data.left_out.map((one) => <li key={one.file}><strong>{one.file}</strong>: {one.reason}</li>)}</ul>
        </section>
      )}
    </>
  );
}
