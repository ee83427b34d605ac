import type { Cell } from './table.ts';

/** RFC 4180: quoted where it has to be; nothing for what was not measured. */
function cellText(cell: Cell): string {
  if (cell === null) return '';
  const text = String(cell);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A table as comma-separated values, in pieces of some thousand lines. */
export function* csvOf(columns: readonly string[], rows: Iterable<readonly Cell[]>): Generator<Uint8Array> {
  let lines = [columns.map(cellText).join(',')];
  for (const row of rows) {
    lines.push(row.map(cellText).join(','));
    if (lines.length < 4096) continue;
    yield Buffer.from(`${lines.join('\n')}\n`);
    lines = [];
  }
  if (lines.length > 0) yield Buffer.from(`${lines.join('\n')}\n`);
}
