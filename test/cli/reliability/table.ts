/** The table in docs/reliability.md, as it is seen. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mishaps, usually } from './mishaps.ts';
import { layBase, type Writer, writersWith } from './writers.ts';

const document = new URL('../../../docs/reliability.md', import.meta.url);
const marks = /(<!-- what is seen -->\n)[\s\S]*(<!-- end -->)/;

/** The document with other rows of the table, and the table it has. */
export function documented(): { readonly table: string; with(rows: readonly string[]): string; readonly path: URL } {
  const text = readFileSync(document, 'utf8');
  const table = marks.exec(text)![0].split('\n').slice(1, -1).join('\n');
  const nameOf = (row: string) => row.split(' | ')[0];
  return {
    table,
    path: document,
    with(rows) {
      const known = new Map(table.split('\n').map((row) => [nameOf(row), row]));
      for (const row of rows) known.set(nameOf(row), row);
      const all = [...known.values()].filter((row) => row !== '').join('\n');
      return text.replace(marks, (_, before, after) => `${before}${all}\n${after}`);
    },
  };
}

/** Lets everything happen to every command; those of one name where it is given. */
export async function seen(
  onCell: (writer: string, mishap: string, cell: string) => void = () => {},
  wanted: (writer: string) => boolean = () => true,
): Promise<string> {
  const root = mkdtempSync(join(tmpdir(), 'ballast-reliability-'));
  try {
    const rows: string[] = [];
    for (const writer of await writersWith(root)) {
      if (!wanted(writer.name)) continue;
      const cells = await cellsOf(writer, root, (mishap, cell) => onCell(writer.name, mishap, cell));
      rows.push(`| \`${writer.name}\` | ${cells.join(' | ')} |`);
    }
    const head = ['command', ...mishaps.map(({ name }) => name)];
    return [`| ${head.join(' | ')} |`, `|${' --- |'.repeat(head.length)}`, ...rows].join('\n');
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

async function cellsOf(
  writer: Writer,
  root: string,
  onCell: (mishap: string, cell: string) => void,
): Promise<string[]> {
  const fresh = (name: string) => {
    const out = join(root, name);
    rmSync(out, { recursive: true, force: true });
    return out;
  };
  const laid = (name: string) => {
    const out = fresh(name);
    layBase(writer, out);
    return out;
  };
  const usual = writer.long ? { begun: 0, done: 0, bytes: 0 } : await usually(writer, laid('usual'));
  const cells: string[] = [];
  for (const { name, early, mounts, meet } of mishaps) {
    const cell = writer.long && !early ? '-' : await meet(writer, mounts ? fresh('mount') : laid('out'), usual);
    onCell(name, cell);
    cells.push(cell);
  }
  return cells;
}
