import type { ComponentChildren } from 'preact';
import { formatUnit } from '../lib/format.ts';
import { kindName, type Run } from '../data/runs.ts';
import { usePage } from './context.ts';

// A number as people read it; the exact one stands in its title.
export function Num({ value, unit = '' }: { value: number | undefined; unit?: string }) {
  if (value === undefined || Number.isNaN(value)) return <span class="absent">–</span>;
  return <span class="num" data-value={String(value)} title={`${value} ${unit}`.trim()}>{formatUnit(value, unit)}</span>;
}

const methodMeaning: Record<string, string> = {
  modelled: 'a cost model on a simulated clock; nothing was measured',
  'measured-host': 'CPU kernels timed on this machine',
  'measured-device': 'GPU kernels timed on this machine',
  emulated: 'measured on a stand-in for the system named',
};

export function Method({ of }: { of: string }) {
  if (!of) return null;
  return <span class={`method method-${of.split('-')[0]}`} title={methodMeaning[of] ?? of}>{of}</span>;
}

const isTest = (run: Run) => run.kind === 'selftest' || run.kind.endsWith('comparison');

export function Verdict({ run }: { run: Run }) {
  const valid = run.valid;
  if (valid === null) return null;
  const reasons = run.reasons.length;
  if (!valid) return <span class="verdict bad">✕ {isTest(run) ? 'failed' : 'invalid'}</span>;
  return <span class="verdict good">✓ {isTest(run) ? 'passed' : 'valid'}
    {reasons > 0 && <span class="muted"> with {reasons} {reasons === 1 ? 'remark' : 'remarks'}</span>}</span>;
}

export function Empty({ what, command, children }: { what: string; command: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p><strong>{what}</strong></p>
      {children}
      <p>This makes the data:</p>
      <pre><code>{command}</code></pre>
    </div>
  );
}

export function Heading({ title, run, children }: { title: string; run?: Run | undefined; children: ComponentChildren }) {
  return (
    <header class="heading">
      <h1>{title} {run && <Method of={run.method} />}</h1>
      <p class="lead">{children}</p>
    </header>
  );
}

// One choice of a few that is kept in the hash.
export function Choice({ label, name, value, options, fallback }: {
  label: string; name: string; value: string; fallback: string;
  options: { value: string; text: string }[];
}) {
  const { go } = usePage();
  const choose = (event: { currentTarget: HTMLSelectElement }) => {
    const chosen = event.currentTarget.value;
    go({ [name]: chosen === fallback ? '' : chosen });
  };
  return (
    <label class="choice">
      <span>{label}</span>
      <select value={value} onChange={choose}>
        {options.map((option) => <option key={option.value} value={option.value}>{option.text}</option>)}
      </select>
    </label>
  );
}

export function Switch({ label, name, on }: { label: string; name: string; on: boolean }) {
  const { go } = usePage();
  return (
    <label class="choice switch">
      <input type="checkbox" checked={on} onChange={() => go({ [name]: on ? '' : '1' })} />
      <span>{label}</span>
    </label>
  );
}

// A limit typed by the user; '' is none.
export function Limit({ label, name, value }: { label: string; name: string; value: string }) {
  const { go } = usePage();
  return (
    <label class="choice">
      <span>{label}</span>
      <input type="number" min="0" step="any" value={value} size={7}
        onChange={(event) => go({ [name]: event.currentTarget.value })} />
    </label>
  );
}

export function RunChoice({ runs, run }: { runs: Run[]; run: Run | undefined }) {
  if (runs.length < 2 || !run) return null;
  return (
    <Choice label="Run" name="run" value={run.id} fallback={runs[0]?.id ?? ''}
      options={runs.map((one) => ({ value: one.id, text: `${one.file} (${kindName(one).toLowerCase()})` }))} />
  );
}

export function Facts({ facts }: { facts: [string, ComponentChildren][] }) {
  return (
    <dl class="facts">
      {facts.map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}
    </dl>
  );
}
