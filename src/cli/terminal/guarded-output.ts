import { printableLines } from '../../base/printable.ts';

/** What the program itself writes to a terminal: colours, and moves and erasures of lines that show progress. */
const ownSequence = new RegExp(`(${String.fromCharCode(27)}\\[\\d*[mAJK]|\\r)`);

/** Text as it may reach a stream: whatever a file brought along is shown, not obeyed. Only terminals get sequences of our own. */
export function guarded(text: string, terminal: boolean): string {
  const parts = terminal ? text.split(ownSequence) : [text];
  return parts
    .map((part, i) =>
      i % 2
        ? part
        : part
            .split('\t')
            .map((piece) => printableLines(piece, Number.POSITIVE_INFINITY))
            .join('\t'),
    )
    .join('');
}

interface Output {
  readonly isTTY?: boolean;
  write: (...args: never[]) => boolean;
}

/** The last line of defence: from here on every text that is written to the stream is `guarded`; bytes are left alone. */
export function guardOutput(stream: Output): void {
  const write = stream.write.bind(stream) as (text: unknown, ...more: unknown[]) => boolean;
  stream.write = ((text: unknown, ...more: unknown[]) =>
    write(typeof text === 'string' ? guarded(text, stream.isTTY === true) : text, ...more)) as Output['write'];
}
