import { useMemo } from 'preact/hooks';
import type { Area } from '../chart/brush.ts';
import { Chart } from '../chart/chart.tsx';
import type { Cursor } from '../chart/cursor.ts';
import { nth, symbols } from '../chart/look.ts';
import { measure, measures, Points, type Measure } from '../data/points.ts';
import { count, formatNumber, formatUnit } from '../lib/format.ts';
import { paretoFrontier } from '../lib/pareto.ts';
import { usePage, useChosen } from '../parts/context.ts';
import { DataTable, type TableModel } from '../parts/data_table.tsx';
import { Choice, Empty, Heading, Limit, RunChoice, Switch } from '../parts/small.tsx';
import { frontierOption } from './frontier_option.ts';
import { PairsChart } from './frontier_pairs.tsx';
import { PointDetails } from './frontier_point.tsx';

const groupings = [
  { value: 'tp', text: 'TP' }, { value: 'ep', text: 'EP' }, { value: 'pp', text: 'PP' },
  { value: 'dp', text: 'DP' }, { value: 'cp', text: 'CP' }, { value: 'run', text: 'run' },
  { value: 'method', text: 'method' }, { value: 'none', text: 'nothing' },
];

function parseArea(text: string | undefined): Area | null {
  const [x0, x1, y0, y1] = (text ?? '').split('~').map(Number);
  if (x0 === undefined || x1 === undefined || y0 === undefined || y1 === undefined) return null;
  return [x0, x1, y0, y1].every(Number.isFinite) ? { x0, x1, y0, y1 } : null;
}

const numberOf = (text: string | undefined) => (text && Number.isFinite(Number(text)) ? Number(text) : undefined);

function describe(points: Points, i: number, x: Measure, y: Measure): string {
  return `${formatUnit(points.value(y.column, i), y.unit)} ${y.title} at ${formatUnit(points.value(x.column, i), x.unit)} ${x.title} (${points.label(i)})`;
}

export function frontierCaption(points: Points, candidates: number[], frontier: number[], x: Measure, y: Measure): string {
  const head = `Of ${count(points.n, 'point')} ${candidates.length.toLocaleString('en-US')} fit and meet the limits`;
  const first = frontier[0];
  const last = frontier.at(-1);
  if (first === undefined || last === undefined) return `${head}; there is no frontier.`;
  if (first === last) return `${head}; one is better than all others: ${describe(points, first, x, y)}.`;
  return `${head}; ${frontier.length} are on the frontier, from ${describe(points, first, x, y)} to ${describe(points, last, x, y)}.`;
}

function pointTable(points: Points, shown: number[], onFrontier: Set<number>, pick: (i: number) => void): TableModel {
  const at = (row: number) => shown[row] ?? 0;
  const numbers = [
    ...measures.filter((one) => points.runs.some((run) => run.table('points').has(one.column))),
    { column: 'decodes_per_rank', title: 'decodes per rank', unit: '' },
  ];
  return {
    name: 'frontier',
    label: 'Points of the sweep',
    rows: shown.length,
    rowKey: (row) => points.key(at(row)),
    onRow: (row) => pick(at(row)),
    columns: [
      { name: 'parallel', title: 'parallel', cell: (row) => points.text('parallel', at(row)) },
      { name: 'chunk_tokens', title: 'chunk', cell: (row) => points.value('chunk_tokens', at(row)) },
      ...(points.runs.some((run) => run.table('points').has('load'))
        ? [{ name: 'load', title: 'load', cell: (row: number) => points.value('load', at(row)) }] : []),
      ...numbers.map((one) => ({ name: one.column, title: one.title, unit: one.unit, cell: (row: number) => points.value(one.column, at(row)) })),
      { name: 'on_frontier', title: 'on frontier', cell: (row) => (onFrontier.has(at(row)) ? 'yes' : undefined) },
      ...(shown.some((i) => points.text('why_not', i))
        ? [{ name: 'why_not', title: 'why not', cell: (row: number) => points.text('why_not', at(row)) || undefined }] : []),
      ...(points.runs.length > 1 ? [{ name: 'file', title: 'file', cell: (row: number) => points.of(at(row)).file }] : []),
    ],
  };
}

export function Frontier() {
  const { route, go, look } = usePage();
  const { runs, run } = useChosen((one) => one.has('points'));
  const p = route.params;
  const overlay = p['all'] === '1';
  const points = useMemo(() => new Points(overlay ? runs : run ? [run] : []), [overlay, run]);
  const x = measure(p['x'] ?? '', 'tokens_per_s_user');
  const y = measure(p['y'] ?? '', 'tokens_per_s_gpu');
  const logX = p['lx'] !== '0';
  const logY = p['ly'] === '1';
  const by = p['by'] ?? (overlay ? 'run' : 'tp');
  const perGroup = p['groups'] === '1';
  const area = useMemo(() => parseArea(p['area']), [p['area']]);
  const maxTtft = numberOf(p['ttft']);
  const minUser = numberOf(p['user']);

  const computed = useMemo(() => {
    const xs = points.column(x.column);
    const ys = points.column(y.column);
    const candidates = points.within({ maxTtft, minUser });
    const frontier = paretoFrontier(xs, ys, x.better, y.better, candidates);
    const groups = points.groups(by);
    const lines = perGroup
      ? groups.names.map((_, g) => paretoFrontier(xs, ys, x.better, y.better, candidates.filter((i) => groups.of[i] === g)))
      : [];
    return { xs, ys, candidates, frontier, groups, lines };
  }, [points, x, y, by, perGroup, maxTtft, minUser]);

  const selected = useMemo(() => {
    if (!area) return null;
    const { xs, ys } = computed;
    return computed.candidates.filter((i) =>
      (xs[i] ?? NaN) >= area.x0 && (xs[i] ?? NaN) <= area.x1 && (ys[i] ?? NaN) >= area.y0 && (ys[i] ?? NaN) <= area.y1);
  }, [area, computed]);

  const option = useMemo(
    () => frontierOption({ points, ...computed, x, y, logX, logY, area, maxTtft, minUser, look }),
    [points, computed, x, y, logX, logY, area, maxTtft, minUser, look]);

  const pick = (i: number) => go({ point: points.key(i) });
  const cursor: Cursor = useMemo(() => {
    const xs = new Float64Array(points.n).fill(NaN);
    for (const i of computed.candidates) xs[i] = computed.xs[i] ?? NaN;
    return {
      x: xs,
      y: computed.ys,
      order: [...computed.frontier].sort((a, b) => (computed.xs[a] ?? 0) - (computed.xs[b] ?? 0)),
      say: (i) => [
        points.label(i),
        `${formatUnit(computed.ys[i], y.unit)} ${y.title}`,
        `${formatUnit(computed.xs[i], x.unit)} ${x.title}`,
        `TTFT ${formatUnit(points.value('ttft_s', i), 's')}, ${formatNumber(points.value('decodes_per_rank', i))} decodes per rank`,
        ...(points.runs.length > 1 ? [points.of(i).file] : []),
      ],
      pick,
    };
  }, [points, computed, x, y]);
  const brush = useMemo(() => ({
    area,
    select: (chosen: Area | null) =>
      go({ area: chosen ? [chosen.x0, chosen.x1, chosen.y0, chosen.y1].map((v) => v.toPrecision(6)).join('~') : '' }),
  }), [area, route]);

  const listed = selected ?? (p['rows'] === 'all' ? Array.from({ length: points.n }, (_, i) => i) : computed.frontier);
  const table = useMemo(
    () => pointTable(points, listed, new Set(computed.frontier), pick),
    [points, selected, p['rows'], computed, route]);

  if (!run) {
    return (
      <>
        <header class="heading"><h1>Frontier</h1></header>
        <Empty what="No sweep is among the files." command={'inferbench sweep --model gpt-moe-1.8t --gpu gb200-nvl72 --gpus 64 --json sweep.json'} />
      </>
    );
  }
  const caption = frontierCaption(points, computed.candidates, computed.frontier, x, y);
  const known = measures.filter((one) => run.table('points').has(one.column))
    .map((one) => ({ value: one.column, text: one.title }));
  const picked = p['point'] ? points.find(p['point']) : -1;
  return (
    <>
      <Heading title="Frontier" run={run}>{run.label || run.file}</Heading>
      <div class="controls">
        <RunChoice runs={runs} run={run} />
        {runs.length > 1 && <Switch label="All runs" name="all" on={overlay} />}
        <Choice label="y" name="y" value={y.column} fallback="tokens_per_s_gpu" options={known} />
        <Choice label="x" name="x" value={x.column} fallback="tokens_per_s_user" options={known} />
        <Choice label="Colour" name="by" value={by} fallback={overlay ? 'run' : 'tp'} options={groupings} />
        <Switch label="Frontier per group" name="groups" on={perGroup} />
        <Choice label="x axis" name="lx" value={logX ? '1' : '0'} fallback="1" options={[{ value: '1', text: 'log' }, { value: '0', text: 'linear' }]} />
        <Choice label="y axis" name="ly" value={logY ? '1' : '0'} fallback="0" options={[{ value: '1', text: 'log' }, { value: '0', text: 'linear' }]} />
        <Limit label="TTFT at most, s" name="ttft" value={p['ttft'] ?? ''} />
        <Limit label="tokens/s/user at least" name="user" value={p['user'] ?? ''} />
      </div>
      <Chart name="frontier" title={`${y.title} over ${x.title}`} caption={caption} option={option} height={470}
        table={table} cursor={cursor} brush={brush}
        legend={computed.groups.names.map((name, g) => ({ name, color: nth(look.palette, g), symbol: nth(symbols, g) }))} />
      {overlay && <PairsChart points={points} y={y} />}
      {picked >= 0 && <PointDetails points={points} i={picked} onFrontier={computed.frontier.includes(picked)} />}
      <section>
        <div class="section-head">
          <h2>{selected ? `${count(selected.length, 'point')} in the selection` : p['rows'] === 'all' ? 'All points' : 'Points on the frontier'}</h2>
          {selected
            ? <button type="button" onClick={() => go({ area: '' })}>Clear the selection</button>
            : <button type="button" onClick={() => go({ rows: p['rows'] === 'all' ? '' : 'all' })}>{p['rows'] === 'all' ? 'Frontier only' : 'All points'}</button>}
        </div>
        <DataTable model={table} />
      </section>
    </>
  );
}
