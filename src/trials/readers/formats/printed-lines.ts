import type { Counts } from '../counts.ts';
import { FileReader } from '../file-reader.ts';
import { headLines } from '../head.ts';
import { parseJson, valuesOf } from '../json-values.ts';
import type { LogFormat, LogOptions, LogRecord, LogSink, LogValue } from '../reader.ts';
import { TextLines } from '../text-lines.ts';
import { logValue } from '../values.ts';
import { namedGroups } from './pattern.ts';

/** Characters of a line that are looked at: nobody prints more on purpose. */
const looked = 1 << 14;

/**
 * Lines that a program printed: `loss: 0.25`, `loss=0.25`, `Train Loss: 0.25 | Val Loss: 0.31`, `step 10: loss 0.25`, a JSON object, or a pattern's named groups; lines of
 * progress bars are told apart at their carriage returns, colours are dropped. A line without a number under a name is passed over.
 */
export const printedLines: LogFormat = {
  name: 'lines',
  title: 'printed lines',
  unit: 'line',
  recognizes(head) {
    return headLines(head).some((line) => namedNumbers(line).size > 0);
  },
  open: (path, options) => new PrintedLinesReader(path, options),
};

class PrintedLinesReader extends FileReader<TextLines> {
  readonly #match: ReturnType<typeof namedGroups> | undefined;
  /** Lines of one `match`: what lies in the other room costs less by the hundred. */
  #batch: { readonly line: string; readonly row: number }[] = [];

  constructor(path: string, { pattern }: LogOptions = {}) {
    super(path, new TextLines(path));
    this.#match = pattern === undefined ? undefined : namedGroups(pattern, 'pattern');
  }

  async read(sink: LogSink, options: { readonly ended?: boolean } = {}): Promise<void> {
    await this.file.read((text) => {
      const row = this.file.count;
      for (const part of text.includes('\r') ? text.split('\r') : [text]) {
        const line = withoutColours(part.length > looked ? part.slice(0, looked) : part);
        if (line.trim() === '') continue;
        if (this.#match) {
          this.#batch.push({ line, row });
          if (this.#batch.length >= 256) this.#flush(sink);
        } else this.#record(row, linesValues(line, this.counts), sink);
      }
    }, options);
    this.#flush(sink);
  }

  #flush(sink: LogSink): void {
    const batch = this.#batch;
    this.#batch = [];
    if (batch.length === 0) return;
    for (const [i, groups] of this.#match!(batch.map((b) => b.line)).entries()) {
      const values = new Map<string, LogValue>();
      for (const [name, text] of groups) {
        const value = logValue(text);
        if (value !== undefined) values.set(name, value);
      }
      this.#record(batch[i]!.row, values, sink);
    }
  }

  #record(row: number, values: LogRecord['values'], sink: LogSink): void {
    if (values.size > 0) sink.record({ row, values });
    else this.counts.add('lines without a number under a name');
  }
}

function linesValues(line: string, unused: Counts): Map<string, LogValue> {
  if (line.trimStart().startsWith('{')) {
    const json = parseJson(line);
    if (typeof json === 'object' && json !== null && !Array.isArray(json)) return valuesOf(json, unused);
  }
  return namedNumbers(line);
}

/** What a line says with marks, and what it says without any. */
function namedNumbers(line: string): Map<string, LogValue> {
  const marked = pairsOf(line);
  return new Map([...spacedPairs(line, marked), ...marked]);
}

const withoutColours = (line: string) => {
  if (!line.includes('\u001b')) return line;
  return line
    .split('\u001b')
    .map((part, i) => (i === 0 ? part : part.replace(/^\[[\d;?]{0,16}[A-Za-z]/, '')))
    .join('');
};

const nameCharacter = /[\w./@%-]/;
/** Not a time (`0:01`), a version (`1.2.3`) or a number in groups (`1,000`). */
const numberAhead = /[+-]?(?:\d+\.?\d*(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?|nan|inf(?:inity)?)(?![\w:]|\.\d|,\d{3})/iy;

/**
 * Numbers with the name before them, `name: 1` or `name=1`. A name may be of up to three words (`Train Loss`), quoted, or have `/`, `.`, `-` in it. Looks at each
 * colon and equals sign once and a bounded way back, so that no line takes more than its length.
 */
function pairsOf(line: string): Map<string, LogValue> {
  const pairs = new Map<string, LogValue>();
  for (let at = 0; at < line.length; at++) {
    const mark = line[at];
    if (mark !== ':' && mark !== '=') continue;
    let from = at + 1;
    while (line[from] === ' ' && from < at + 8) from++;
    numberAhead.lastIndex = from;
    const number = numberAhead.exec(line);
    if (!number) continue;
    const name = nameBefore(line, at);
    if (name === '') continue;
    const value = logValue(number[0]);
    if (typeof value === 'number') pairs.set(name, value);
    at = numberAhead.lastIndex - 1;
  }
  return pairs;
}

/** Counts that tell a line of a log from a sentence with numbers in it. */
const counter = /^(?:global )?(?:step|iter|iteration|epoch|update)$/i;
/** Between clauses of a line; a colon or comma within a number or a time is none. */
const clauseEnd = /[:,;]\s|\s\||\s-\s/;
const wordOfName = /^[A-Za-z_][\w./-]*$/;
const spacedNumber = /^[+-]?(?:\d+\.?\d*(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?|nan|inf(?:inity)?)%?$/i;

/**
 * Numbers with nothing but a space before them, `step 10: train loss 1.9, val loss 2.0`. Only a clause that is names and numbers throughout counts, and only on a line that
 * counts its steps and has another value: `saved 3 files` and `Python 3.11` say nothing. A number with a unit (`12.3ms`) is left out, as it is behind a colon.
 *
 * @param marked What the line says with marks.
 */
function spacedPairs(line: string, marked: ReadonlyMap<string, LogValue>): Map<string, LogValue> {
  const pairs = new Map<string, LogValue>();
  for (const clause of line.split(clauseEnd)) for (const [name, value] of clausePairs(clause)) pairs.set(name, value);
  const names = new Set([...marked.keys(), ...pairs.keys()]);
  return names.size > 1 && [...names].some((name) => counter.test(name)) ? pairs : new Map();
}

function clausePairs(clause: string): [string, LogValue][] {
  const pairs: [string, LogValue][] = [];
  let name: string[] = [];
  for (const word of clause.split(/\s/)) {
    if (word === '') continue;
    if (name.length > 0 && spacedNumber.test(word)) {
      const value = logValue(word.replace('%', ''));
      if (value !== undefined) pairs.push([name.join(' '), value]);
      name = [];
    } else if (name.length < 3 && wordOfName.test(word)) name.push(word);
    else return [];
  }
  return name.length === 0 ? pairs : [];
}

function nameBefore(line: string, end: number): string {
  let at = end;
  while (line[at - 1] === ' ' && at > end - 8) at--;
  if (line[at - 1] === '"' || line[at - 1] === "'") {
    const open = line.lastIndexOf(line[at - 1]!, at - 2);
    return open >= 0 && at - open < 130 ? line.slice(open + 1, at - 1) : '';
  }
  const words: string[] = [];
  while (words.length < 3) {
    let start = at;
    while (start > 0 && at - start < 64 && nameCharacter.test(line[start - 1]!)) start--;
    const word = line.slice(start, at);
    if (!/^[A-Za-z_][\w./@%-]*$/.test(word)) break;
    words.unshift(word);
    if (line[start - 1] !== ' ') break;
    at = start - 1;
  }
  return words.join(' ');
}
