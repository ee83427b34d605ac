import { FileError } from '../base/errors.ts';
import { quote } from './quote.ts';

/** Characters of the longest quoted cell: beyond, a quote was forgotten. */
const longestCell = 1 << 20;

/**
 * Rows of delimited values (RFC 4180, with any one character between cells), line by line: cells may be quoted, with delimiters, line breaks and doubled quotes
 * inside. A quote within a cell that does not begin with one is itself.
 */
export class CsvRows {
  readonly #path: string;
  readonly #delimiter: string;
  #cells: string[] = [];
  /** Of the quoted cell that is open. */
  #pieces: string[] | undefined;
  #length = 0;
  /** The line on which the current row began. */
  start = 0;

  constructor(path: string, delimiter = ',') {
    this.#path = path;
    this.#delimiter = delimiter;
  }

  /** The cells of the row that ends with this line; undefined while a quoted cell is open. Throws FileError that names the line for text after a closing quote. */
  push(line: string, number: number): readonly string[] | undefined {
    let at = 0;
    if (this.#pieces) {
      this.#add('\n');
      at = this.#quoted(line, 0);
      if (at < 0) return undefined;
      if (at === line.length) return this.#finish();
      at++;
    } else {
      this.start = number;
      if (!line.includes('"')) return withoutReturn(line).split(this.#delimiter);
    }
    for (;;) {
      if (line[at] === '"') {
        this.#pieces = [];
        this.#length = 0;
        at = this.#quoted(line, at + 1);
        if (at < 0) return undefined;
        if (at === line.length) return this.#finish();
      } else {
        const end = line.indexOf(this.#delimiter, at);
        this.#cells.push(end < 0 ? withoutReturn(line.slice(at)) : line.slice(at, end));
        if (end < 0) return this.#finish();
        at = end;
      }
      at++;
    }
  }

  /** Throws FileError where the text ends within a quoted cell. */
  end(): void {
    if (this.#pieces) throw new FileError(this.#path, `line ${this.start}: a quote is opened and not closed`);
  }

  #finish(): readonly string[] {
    const cells = this.#cells;
    this.#cells = [];
    return cells;
  }

  #add(piece: string): void {
    this.#pieces!.push(piece);
    this.#length += piece.length;
    if (this.#length > longestCell)
      throw new FileError(
        this.#path,
        `line ${this.start}: a quote is opened and not closed within ${longestCell} characters`,
      );
  }

  /** From within a quoted cell: where the delimiter after it is, or the end of the line; -1 where the cell goes on. */
  #quoted(line: string, from: number): number {
    for (let at = from; ; ) {
      const end = line.indexOf('"', at);
      this.#add(end < 0 ? line.slice(at) : line.slice(at, end));
      if (end < 0) return -1;
      at = end + 1;
      if (line[at] !== '"') {
        this.#cells.push(this.#pieces!.join(''));
        this.#pieces = undefined;
        if (line[at] === '\r' && at === line.length - 1) return line.length;
        if (at < line.length && line[at] !== this.#delimiter)
          throw new FileError(
            this.#path,
            `line ${this.start}: text after a closing quote; expected ${delimiterName(this.#delimiter)} or the end of the line`,
          );
        return at;
      }
      this.#add('"');
      at++;
    }
  }
}

const withoutReturn = (text: string) => (text.endsWith('\r') ? text.slice(0, -1) : text);

const delimiterNames: Readonly<Record<string, string>> = { ',': 'a comma', ';': 'a semicolon', '\t': 'a tab' };

/** `a comma`. */
export const delimiterName = (delimiter: string): string => delimiterNames[delimiter] ?? quote(delimiter);

/**
 * Names of columns from the cells of a first row, trimmed; a nameless one is called by its place. Throws FileError for a name that comes twice.
 */
export function columnNames(cells: readonly string[], path: string): string[] {
  const names = cells.map((c, i) => c.trim() || `column ${i + 1}`);
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) throw new FileError(path, `column ${quote(name)} comes twice`);
    seen.add(name);
  }
  return names;
}

/**
 * The cells of a row, as many as there are columns; empty ones beyond are left out. Throws FileError that names the line for a row of another length.
 */
export function cellsOfRow(cells: readonly string[], columns: number, line: number, path: string): readonly string[] {
  if (cells.length === columns) return cells;
  if (cells.length > columns && cells.slice(columns).every((c) => c.trim() === '')) return cells.slice(0, columns);
  throw new FileError(path, `line ${line} has ${cells.length} cells; expected ${columns}, as the first line has`);
}
