import type { Cell } from './table.ts';

/** What a spreadsheet takes for a formula, at the beginning of a text. */
const formula = /^[=+\-@\t\r]/;

/**
 * RFC 4180: quoted where it has to be; nothing for what was not measured. A text that a spreadsheet would compute gets an apostrophe in front,
 * which shows it as text there; numbers stay as they are.
 */
function cellText(cell: Cell): string {
  if (cell === null) return '';
  const text = typeof cell === 'string' && formula.test(cell) ? `'${cell}` : String(cell);
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
