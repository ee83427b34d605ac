import { FileError } from '../errors.ts';
import { quote } from './quote.ts';
import { readBytes } from './read-bytes.ts';

/** A table of text: every row has as many cells as there are columns. */
export interface CsvTable {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/**
 * Comma-separated values (RFC 4180): cells may be quoted, with commas, line breaks and doubled quotes inside. The first row names the columns.
 * Empty lines are skipped. Throws FileError that names the line for a row of another length, an open quote and a name that comes twice.
 */
export function parseCsv(text: string, path: string): CsvTable {
  const rows: { readonly line: number; readonly cells: string[] }[] = [];
  let [at, line] = [text.startsWith('\ufeff') ? 1 : 0, 1];
  while (at < text.length) {
    const start = line;
    const cells: string[] = [];
    for (let more = true; more; ) {
      let cell = '';
      if (text[at] === '"') {
        const pieces: string[] = [];
        for (at++; ; ) {
          const end = text.indexOf('"', at);
          if (end < 0) throw new FileError(path, `line ${start}: a quote is opened and not closed`);
          pieces.push(text.slice(at, end));
          at = end + 1;
          if (text[at] !== '"') break;
          pieces.push('"');
          at++;
        }
        cell = pieces.join('');
        line += cell.split('\n').length - 1;
      } else {
        const from = at;
        while (at < text.length && text[at] !== ',' && text[at] !== '\n') at++;
        cell = text.slice(from, at).replace(/\r$/, '');
      }
      cells.push(cell);
      if (text[at] === '\r') at++;
      more = text[at] === ',';
      if (!more && at < text.length && text[at] !== '\n')
        throw new FileError(path, `line ${start}: text after a closing quote; expected a comma or the end of the line`);
      at++;
    }
    line++;
    if (cells.length > 1 || cells[0] !== '') rows.push({ line: start, cells });
  }
  const [head, ...body] = rows;
  if (!head) throw new FileError(path, 'is empty; expected a line with the names of columns');
  const columns = head.cells.map((c) => c.trim());
  const seen = new Set<string>();
  const twice = columns.find((c) => seen.size === seen.add(c).size);
  if (twice !== undefined) throw new FileError(path, `column ${quote(twice)} comes twice`);
  for (const { line: where, cells } of body)
    if (cells.length !== columns.length)
      throw new FileError(
        path,
        `line ${where} has ${cells.length} cells; expected ${columns.length}, as the first line has`,
      );
  return { columns, rows: body.map((r) => r.cells) };
}

/** Reads a file as `parseCsv` does. */
export async function readCsv(path: string): Promise<CsvTable> {
  const bytes = await readBytes(path, 'a CSV file');
  return parseCsv(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'), path);
}
