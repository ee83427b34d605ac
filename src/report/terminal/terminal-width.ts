/** What a report for the terminal may be told of it. */
export interface TerminalOptions {
  /** See `wantsColor`. */
  readonly color: boolean;
  /** Columns of the terminal; those of standard output unless told. Without a terminal nothing is left out and nothing is broken. */
  readonly width?: number | undefined;
}

/** Nothing can be read that is narrower. */
const narrowest = 40;

/** Columns of what goes to a stream; undefined where it is no terminal: a pipe or a file takes lines of any length. */
export function terminalWidth(
  stream: { readonly isTTY?: boolean; readonly columns?: number } = process.stdout,
): number | undefined {
  return stream.isTTY === true && stream.columns ? Math.max(narrowest, stream.columns) : undefined;
}

/** Sequences that paint, which take no room. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: an escape sequence begins with the escape character
const painted = /\u001b\[\d+m/g;

/** Text without its paint. */
export const unpainted = (text: string): string => text.replace(painted, '');

/** Characters of a line that are seen. */
export const visibleLength = (line: string): number => unpainted(line).length;

/** A line broken at blanks so that no part is wider, the parts after the first indented two blanks further than it. */
function broken(line: string, width: number): string[] {
  if (visibleLength(line) <= width) return [line];
  const indent = /^ */.exec(unpainted(line))![0].length;
  const hang = ' '.repeat(Math.min(indent + 2, Math.floor(width / 2)));
  const parts: string[] = [];
  let part = ' '.repeat(indent);
  let empty = true;
  for (const word of line.trim().split(/ +/)) {
    if (!empty && visibleLength(part) + 1 + visibleLength(word) > width) {
      parts.push(part);
      part = hang + word;
    } else part = empty ? part + word : `${part} ${word}`;
    empty = false;
  }
  return [...parts, part];
}

/** Text with its lines broken for a terminal of so many columns; tables and plots must fit already. */
export const fitted = (text: string, width: number | undefined): string =>
  width === undefined
    ? text
    : text
        .split('\n')
        .flatMap((line) => broken(line, width))
        .join('\n');

/** Sentences are read in lines of this length, also where nothing else is broken. */
const readable = 100;

/** The sentences that a report opens with, as lines. */
export const opening = (sentences: readonly string[], width: number | undefined): string[] =>
  sentences.flatMap((s) => fitted(s, Math.min(readable, width ?? readable)).split('\n'));
