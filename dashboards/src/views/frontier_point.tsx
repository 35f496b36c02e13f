import type { ComponentChildren } from 'preact';
import { at, listAt, numberAt, textAt } from '../data/contract.ts';
import { explanationOf } from '../data/explanation.ts';
import { measures, type Points } from '../data/points.ts';
import type { Run } from '../data/runs.ts';
import { nth } from '../chart/look.ts';
import { formatBytes, formatMs, formatPercent } from '../lib/format.ts';
import { usePage } from '../parts/context.ts';
import { DataTable } from '../parts/data_table.tsx';
import { Facts, Method, Num } from '../parts/small.tsx';
import { opTable, partNames } from './op_table.tsx';

const carried = ['--precision', '--profile', '--domain', '--memory-fraction', '--runtime-reserve-gb',
  '--expert-skew', '--routing', '--cuda-graph', '--offload', '--lora', '--model-context'];

// A step like those of a point: one chunk of a prompt, half of it cached, beside decodes half done.
function stepOf(run: Run, chunk: number, decodes: number) {
  const isl = numberAt(run.document, 'configuration', 'isl_tokens') ?? 0;
  const osl = numberAt(run.document, 'configuration', 'osl_tokens') ?? 0;
  return {
    prefill: chunk, cached: Math.round(Math.max(0, isl - chunk) / 2),
    decodes: Math.max(1, Math.round(decodes)), context: Math.round(isl + osl / 2),
  };
}

// The command that takes this point's step apart, with the options that its sweep was given.
export function explainCommand(run: Run, parallel: string, chunk: number, decodes: number): string {
  const line = listAt(run.document, 'provenance', 'command_line').map(String);
  const step = stepOf(run, chunk, decodes);
  const words = ['inferbench explain', '--model', textAt(run.document, 'configuration', 'model') ?? '',
    '--gpu', textAt(run.document, 'configuration', 'gpu') ?? '', '--parallel', parallel.toLowerCase()];
  line.forEach((word, i) => {
    if (carried.includes(word)) words.push(word, line[i + 1] ?? '');
  });
  words.push('--prefill', String(step.prefill), '--prefill-context', String(step.cached));
  words.push('--decodes', String(step.decodes), '--context', String(step.context));
  return words.join(' ');
}

// The point's step op by op, where its explanation is among the files; else the command that makes it.
function PointOps({ run, parallel, chunk, decodes }: { run: Run; parallel: string; chunk: number; decodes: number }) {
  const { runs, href } = usePage();
  const found = explanationOf(runs, run, { parallel, ...stepOf(run, chunk, decodes) });
  if (!found) {
    return (
      <>
        <p>A step like it, op by op; with <code>--json step.json</code>, and that file beside this one, the table stands here:</p>
        <pre><code>{explainCommand(run, parallel, chunk, decodes)}</code></pre>
      </>
    );
  }
  return (
    <>
      <h3>A step like it, op by op <Method of={found.method} /></h3>
      <DataTable model={opTable(found)} />
      <p><a href={href('step', { run: found.id })}>The step: {found.file}</a></p>
    </>
  );
}

function Memory({ points, i }: { points: Points; i: number }) {
  const has = points.value('memory_available_bytes', i);
  const needed = points.value('memory_needed_bytes', i);
  const weights = points.value('weights_bytes', i) ?? 0;
  const kv = points.value('kv_bytes', i) ?? 0;
  if (!has || !needed) return null;
  const parts: [string, number][] = [['weights', weights], ['KV cache', kv], ['other', Math.max(0, needed - weights - kv)]];
  const whole = Math.max(has, needed);
  return (
    <div class="memory">
      <h3>Memory of a GPU</h3>
      <div class="bar" aria-hidden="true">
        {parts.map(([name, bytes], n) => <span key={name} class={`part part-${n}`} style={{ width: `${(100 * bytes) / whole}%` }} />)}
      </div>
      <p class="muted">{parts.map(([name, bytes]) => `${name} ${formatBytes(bytes)}`).join(', ')} of {formatBytes(has)} per GPU</p>
    </div>
  );
}

const partColors = 8;

// What one stage spends its time on, each part alone; beyond the stage's own time is overlap.
function StageParts({ points, i }: { points: Points; i: number }) {
  const { look } = usePage();
  const stage = points.value('stage_s', i);
  const names = ['gemm', 'moe', 'attention', 'elementwise', 'scale_up', 'scale_out', 'host'];
  const parts = names.map((name) => ({ name: partNames[name] ?? name, s: points.value(`stage_parts_s.${name}`, i) ?? 0 })).filter((part) => part.s > 0);
  const whole = parts.reduce((sum, part) => sum + part.s, 0);
  if (!stage || whole === 0) return null;
  const hidden = Math.max(0, whole - stage);
  return (
    <div class="memory">
      <h3>Where a step's time goes</h3>
      <div class="bar tall" aria-hidden="true">
        {parts.map((part, n) => <span key={part.name} style={{ width: `${(100 * part.s) / whole}%`, background: nth(look.palette, n % partColors) }} />)}
      </div>
      <ul class="legend">
        {parts.map((part, n) => (
          <li key={part.name}><span class="swatch" style={{ background: nth(look.palette, n % partColors) }} aria-hidden="true" />
            {part.name} <Num value={part.s} unit="s" /> ({formatPercent(part.s / whole)})</li>
        ))}
      </ul>
      <p class="muted">Of one micro-batch in the slowest stage, each part alone: {formatMs(whole * 1000)} together{hidden > stage * 1e-9 ? `, of which ${formatMs(hidden * 1000)} are hidden by overlap` : ''}; the stage takes {formatMs(stage * 1000)}.</p>
    </div>
  );
}

export function PointDetails({ points, i, onFrontier }: { points: Points; i: number; onFrontier: boolean }) {
  const { go, href } = usePage();
  const run = points.of(i);
  const parallel = points.text('parallel', i);
  const facts: [string, ComponentChildren][] = measures.filter((one) => points.value(one.column, i) !== undefined)
    .map((one) => [one.title, <Num value={points.value(one.column, i)} unit={one.unit} />]);
  facts.push(['decodes per rank', <Num value={points.value('decodes_per_rank', i)} />]);
  facts.push(['one stage', <Num value={points.value('stage_s', i)} unit="s" />]);
  const explained = at(run.document, 'configuration', 'model') !== undefined;
  return (
    <section class="details" aria-label={`Point ${points.label(i)}`}>
      <div class="section-head">
        <h2>{points.label(i)} <Method of={run.method} /> {onFrontier && <span class="tag">on the frontier</span>}</h2>
        <button type="button" onClick={() => go({ point: '' })}>Close</button>
      </div>
      <Facts facts={facts} />
      <StageParts points={points} i={i} />
      <Memory points={points} i={i} />
      {points.text('why_not', i) && <p class="bad">{points.text('why_not', i)}</p>}
      {explained && <PointOps run={run} parallel={parallel} chunk={points.value('chunk_tokens', i) ?? 0} decodes={points.value('decodes_per_rank', i) ?? 1} />}
      <p><a href={href('run', { run: run.id })}>The run: {run.file}</a></p>
    </section>
  );
}
