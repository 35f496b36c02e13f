import type { Cell } from '../data/table.ts';

// RFC 4180. A text that a spreadsheet would take for a formula gets an apostrophe in front.
export function csvCell(cell: Cell): string {
  if (cell === undefined) return '';
  if (typeof cell === 'number') return String(cell);
  const text = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function csv(header: string[], rows: Iterable<Cell[]>): string {
  let text = header.map(csvCell).join(',') + '\r\n';
  for (const row of rows) text += row.map(csvCell).join(',') + '\r\n';
  return text;
}

export function download(name: string, content: BlobPart, type: string): void {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
