import { useMemo, useState } from 'preact/hooks';
import type { ComponentChildren } from 'preact';
import type { Cell } from '../data/table.ts';
import { csv, download } from '../lib/csv.ts';
import { count, formatUnit } from '../lib/format.ts';

export interface TableColumn {
  name: string; // of the CSV, unit in it
  title: string;
  unit?: string;
  cell(row: number): Cell;
  shown?: (row: number) => ComponentChildren; // where more than the value is shown
}

export interface TableModel {
  name: string; // of the CSV file
  label: string; // for screen readers
  rows: number;
  columns: TableColumn[];
  rowKey?: (row: number) => string;
  onRow?: (row: number) => void;
}

const pageRows = 50;

function compare(a: Cell, b: Cell): number {
  if (a === undefined || b === undefined) return a === b ? 0 : a === undefined ? 1 : -1;
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return String(a).localeCompare(String(b), 'en', { numeric: true });
}

function useSorted(model: TableModel) {
  const [sort, setSort] = useState<{ column: number; down: boolean } | null>(null);
  const order = useMemo(() => {
    const rows = Array.from({ length: model.rows }, (_, i) => i);
    const column = sort && model.columns[sort.column];
    if (!column) return rows;
    // What is absent stays at the end in both directions.
    rows.sort((a, b) => {
      const x = column.cell(a);
      const y = column.cell(b);
      if (x === undefined || y === undefined) return compare(x, y);
      return (sort.down ? -1 : 1) * compare(x, y) || a - b;
    });
    return rows;
  }, [model, sort]);
  const toggle = (column: number) =>
    setSort((now) => (now?.column === column ? { column, down: !now.down } : { column, down: true }));
  return { order, sort, toggle };
}

function cellClass(cell: Cell): string {
  if (typeof cell === 'number') return 'right';
  return (cell ?? '').length > 48 ? 'long' : 'short';
}

function shownCell(column: TableColumn, row: number): ComponentChildren {
  if (column.shown) return column.shown(row);
  const cell = column.cell(row);
  if (cell === undefined) return <span class="absent">–</span>;
  if (typeof cell !== 'number') return cell;
  return <span class="num" data-value={String(cell)} title={String(cell)}>{formatUnit(cell, column.unit ?? '')}</span>;
}

export function DataTable({ model }: { model: TableModel }) {
  const { order, sort, toggle } = useSorted(model);
  const [page, setPage] = useState(0);
  const pages = Math.max(1, Math.ceil(model.rows / pageRows));
  const here = Math.min(page, pages - 1);
  const rows = order.slice(here * pageRows, (here + 1) * pageRows);
  const save = () =>
    download(`${model.name}.csv`,
      csv(model.columns.map((c) => c.name), order.map((row) => model.columns.map((c) => c.cell(row)))),
      'text/csv');
  return (
    <div class="table-box">
      <div class="scroll" tabIndex={0} role="region" aria-label={model.label}>
        <table>
          <thead>
            <tr>
              {model.columns.map((column, i) => (
                <th key={column.name} scope="col"
                  aria-sort={sort?.column === i ? (sort.down ? 'descending' : 'ascending') : 'none'}>
                  <button type="button" onClick={() => { toggle(i); setPage(0); }}>
                    {column.title}<span aria-hidden="true">{sort?.column === i ? (sort.down ? ' ↓' : ' ↑') : ''}</span>
                  </button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={model.rowKey ? model.rowKey(row) : row} class={model.onRow ? 'link' : ''}
                onClick={model.onRow ? () => model.onRow?.(row) : undefined}>
                {model.columns.map((column, i) => (
                  <td key={column.name} class={cellClass(column.cell(row))}>
                    {i === 0 && model.onRow
                      ? <button type="button" class="plain" onClick={(event) => { event.stopPropagation(); model.onRow?.(row); }}>{shownCell(column, row)}</button>
                      : shownCell(column, row)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div class="table-foot">
        <span>{count(model.rows, 'row')}</span>
        {pages > 1 && (
          <span class="pager">
            <button type="button" disabled={here === 0} onClick={() => setPage(here - 1)}>Previous</button>
            {' '}page {here + 1} of {pages.toLocaleString('en-US')}{' '}
            <button type="button" disabled={here + 1 === pages} onClick={() => setPage(here + 1)}>Next</button>
          </span>
        )}
        <button type="button" onClick={save}>CSV</button>
      </div>
    </div>
  );
}
