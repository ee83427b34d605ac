import { FileError } from '../../../base/errors.ts';
import { CsvRows, cellsOfRow, columnNames, delimiterName, quote } from '../../../formats/index.ts';
import { FileReader } from '../file-reader.ts';
import { headLines } from '../head.ts';
import type { LogFormat, LogSink, LogValue } from '../reader.ts';
import { TextLines } from '../text-lines.ts';
import { logValue } from '../values.ts';

const delimiters = [',', '\t', ';', '|'];
const decimalComma = /^[+-]?\d+,\d+(?:[eE][+-]?\d+)?$/;
const decimalPoint = /^[+-]?\d*\.\d+(?:[eE][+-]?\d+)?$/;

/**
 * Tables of text: comma, tab, semicolon or bar between cells, decimal points or (where no comma is between cells) decimal commas, one row an evaluation with empty cells for what was not
 * logged in it; also a chart of Weights & Biases as CSV, with a column for each run and metric (`run - metric`, beside its `__MIN` and `__MAX`).
 */
export const csv: LogFormat = {
  name: 'csv',
  title: 'CSV',
  unit: 'row',
  recognizes(head, path) {
    const [first, second] = headLines(head);
    if (first === undefined || /^[[{]/.test(first)) return false;
    const delimiter = delimiterOf(first, second, path);
    const names = first.split(delimiter);
    if (/\.(csv|tsv|tab)$/i.test(path)) return true;
    return (
      names.length > 1 &&
      second !== undefined &&
      second.split(delimiter).length === names.length &&
      names.every((n) => typeof logValue(n) !== 'number' && !/[:=]/.test(n))
    );
  },
  open: (path) => new CsvReader(path),
};

/** The delimiter under which the first two rows have equally many cells, and most of them. */
function delimiterOf(head: string, next: string | undefined, path: string): string {
  const declared = /^sep=(.)$/.exec(head.trim());
  if (declared) return declared[1]!;
  const width = (line: string, delimiter: string) => {
    try {
      return new CsvRows(path, delimiter).push(line, 1)?.length ?? 1;
    } catch {
      return 1;
    }
  };
  const candidates = delimiters.map((delimiter) => {
    const cells = width(head, delimiter);
    return { delimiter, cells, even: next === undefined || width(next, delimiter) === cells };
  });
  const best = candidates.reduce((a, b) => {
    if (b.cells > 1 && b.even !== a.even && a.cells > 1) return b.even ? b : a;
    return b.cells > a.cells ? b : a;
  });
  return best.delimiter;
}

/** Where a cell goes: to every run of its row, to one run, or nowhere. */
type Column =
  | { readonly kind: 'shared'; readonly name: string }
  | { readonly kind: 'own'; readonly run: string; readonly name: string }
  | { readonly kind: 'none'; readonly name: string };

/** What columns are. A name with ` - ` is a run's metric where the file is a chart: it has such a column with its `__MIN` beside it, or a `Step` first. */
function columnsOf(names: readonly string[]): Column[] {
  const own = names.map((n) => /^(.+) - (.+)$/.exec(n));
  const all = new Set(names);
  const chart =
    names.some((n) => n.includes(' - ') && all.has(`${n}__MIN`)) ||
    (/^(step|_step|relative time|wall time)/i.test(names[0]!) && names.length > 1 && own.slice(1).every((m) => m));
  return names.map((name, i): Column => {
    const base = /^(.+)__(?:MIN|MAX)$/.exec(name);
    if (base && all.has(base[1]!)) return { kind: 'none', name: name.slice(-5) };
    const match = own[i];
    return chart && match ? { kind: 'own', run: match[1]!, name: match[2]! } : { kind: 'shared', name };
  });
}

class CsvReader extends FileReader<TextLines> {
  /** The first row while the delimiter is not known. */
  #held: { readonly line: string; readonly number: number; readonly whole: boolean }[] = [];
  #rows: CsvRows | undefined;
  #delimiter = ',';
  #header: readonly string[] = [];
  #columns: readonly Column[] | undefined;
  #runs = 0;
  #comma: number | undefined;
  #point: number | undefined;

  constructor(path: string) {
    super(path, new TextLines(path));
  }

  async read(sink: LogSink, { ended = false }: { readonly ended?: boolean } = {}): Promise<void> {
    const take = (line: string, whole: boolean) => this.#line(line, this.file.count, whole, sink);
    await this.file.read(take, { ended, onRewritten: () => this.#restart() });
    if (!ended) return;
    this.#open(sink);
    this.#rows?.end();
    if (!this.#columns) throw new FileError(this.path, 'is empty; expected a line with the names of columns');
  }

  #restart(): void {
    this.#held = [];
    this.#rows = this.#columns = this.#comma = this.#point = undefined;
  }

  #line(line: string, number: number, whole: boolean, sink: LogSink): void {
    if (this.#rows) {
      this.#push(line, number, whole, sink);
      return;
    }
    if (line.trim() === '') return;
    this.#held.push({ line, number, whole });
    if (this.#held.length > 1) this.#open(sink);
  }

  /** Chooses the delimiter by the first two lines, and takes them. */
  #open(sink: LogSink): void {
    const [first, second] = this.#held;
    if (this.#rows || !first) return;
    this.#delimiter = delimiterOf(first.line, second?.line, this.path);
    this.#rows = new CsvRows(this.path, this.#delimiter);
    const held = this.#held;
    this.#held = [];
    const skip = /^sep=.$/.test(first.line.trim()) ? 1 : 0;
    for (const { line, number, whole } of held.slice(skip)) this.#push(line, number, whole, sink);
  }

  #push(line: string, number: number, whole: boolean, sink: LogSink): void {
    const rows = this.#rows!;
    const cells = rows.push(line, number);
    if (!cells || (cells.length === 1 && cells[0]!.trim() === '')) return;
    const row = rows.start;
    if (!this.#columns) {
      this.#head(cells, row);
      return;
    }
    if (cells.length < this.#columns.length && !whole) {
      this.notes.add(`line ${row}, the last one, is cut off and does not count`);
      return;
    }
    if (cells.length === this.#header.length && cells.every((c, i) => c.trim() === this.#header[i])) {
      this.notes.add(`line ${row} repeats the names of the columns: the log was begun again there`);
      return;
    }
    if (!whole) this.notes.add(`line ${row}, the last one, has no line end and is taken as whole`);
    this.#record(cellsOfRow(cells, this.#columns.length, row, this.path), row, sink);
  }

  #head(cells: readonly string[], row: number): void {
    this.#header = columnNames(cells, this.path);
    if (this.#header.every((n) => typeof logValue(n) === 'number'))
      throw new FileError(
        this.path,
        `line ${row} has numbers alone (${quote(this.#header.slice(0, 4).join(', '))}); expected the names of the columns`,
      );
    this.#columns = columnsOf(this.#header);
    this.#runs = this.#columns.filter((c) => c.kind === 'own').length;
  }

  #record(cells: readonly string[], row: number, sink: LogSink): void {
    const shared = new Map<string, LogValue>();
    const own = this.#runs > 0 ? new Map<string, Map<string, LogValue>>() : undefined;
    for (let i = 0; i < cells.length; i++) {
      const text = cells[i]!;
      if (text === '') continue;
      const column = this.#columns![i]!;
      if (column.kind === 'none') {
        this.counts.add(column.name);
        continue;
      }
      const value = this.#delimiter === ',' ? logValue(text) : this.#localValue(text, row);
      if (value === undefined) continue;
      if (column.kind === 'shared') shared.set(column.name, value);
      else {
        const values = own!.get(column.run) ?? new Map<string, LogValue>();
        own!.set(column.run, values.set(column.name, value));
      }
    }
    if (!own) sink.record({ row, values: shared });
    else for (const [run, values] of own) sink.record({ row, run, values: new Map([...shared, ...values]) });
  }

  /** Where commas may be decimal ones; they are not where points are. */
  #localValue(text: string, row: number): LogValue | undefined {
    const cell = text.trim();
    if (decimalPoint.test(cell)) this.#point ??= row;
    if (!decimalComma.test(cell)) return logValue(cell);
    this.#comma ??= row;
    if (this.#point !== undefined)
      throw new FileError(
        this.path,
        `line ${row} has ${quote(cell)} with a comma and line ${this.#point} has a number with a point, with ${delimiterName(this.#delimiter)} between cells; expected one of them for decimals`,
      );
    return logValue(cell.replace(',', '.'));
  }
}
