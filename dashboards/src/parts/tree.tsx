import type { Json } from '../data/contract.ts';

const most = 200; // of a list, until somebody asks for more in the raw document

function Leaf({ value }: { value: null | boolean | number | string }) {
  return <span class={typeof value === 'string' ? 'leaf-text' : 'num'}>{typeof value === 'string' ? value : String(value)}</span>;
}

// A JSON value to unfold.
export function Tree({ name, value, open = false }: { name: string; value: Json; open?: boolean }) {
  if (value === null || typeof value !== 'object') {
    return <div class="leaf"><span class="key">{name}</span> <Leaf value={value} /></div>;
  }
  const entries: [string, Json][] = Array.isArray(value) ? value.slice(0, most).map((one, i) => [String(i), one]) : Object.entries(value);
  const size = Array.isArray(value) ? value.length : entries.length;
  const simple = Array.isArray(value) && value.every((one) => one === null || typeof one !== 'object');
  if (simple && size <= 24) return <div class="leaf"><span class="key">{name}</span> <span class="leaf-text">{value.map(String).join(' ')}</span></div>;
  return (
    <details class="tree" open={open}>
      <summary><span class="key">{name}</span> <span class="muted">{Array.isArray(value) ? `${size} elements` : `${size} keys`}</span></summary>
      {entries.map(([key, one]) => <Tree key={key} name={key} value={one} />)}
      {size > entries.length && <p class="muted">and {size - entries.length} more in the raw document</p>}
    </details>
  );
}
