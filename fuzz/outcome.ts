import { BallastError } from '../src/base/errors.ts';
import { printable } from '../src/base/printable.ts';
import { RandomStream } from '../src/base/random.ts';
import { changeFiles, type Files, type FuzzFormat, type Place } from './format.ts';

/**
 * What became of an input. Accepted: it was read, and what came fits; refused: by an error of ours in one printable line. All others are failures:
 * an error that is none of ours, the end of the process, 10 seconds or more, a gigabyte or more of resident memory.
 */
export const outcomes = ['accepted', 'refused', 'raw', 'abort', 'hang', 'memory'] as const;
export type Outcome = (typeof outcomes)[number];

export interface Verdict {
  readonly outcome: Outcome;
  /** Of a failure: the error, or how the process ended. */
  readonly what?: string;
}

/** Seconds that an input may take. */
export const patience = 10;
/** Bytes of resident memory that an input may take. */
export const mostMemory = 2 ** 30;

const longest = 4000;

/** Input number `n` of a format. The first ones are the whole ones. */
export function inputOf(format: FuzzFormat, whole: readonly Files[], seed: number, n: number): Files {
  if (n < whole.length) return whole[n]!;
  const stream = new RandomStream({ seed, purpose: `fuzz/${format.name}`, index: n });
  const files = whole[stream.integer(whole.length)]!;
  return (format.change ?? changeFiles)(files, stream);
}

/** Reads one input in this process. */
export async function judge(format: FuzzFormat, files: Files, place: Place): Promise<Verdict> {
  try {
    await format.read(files, place);
    return { outcome: 'accepted' };
  } catch (error) {
    if (!(error instanceof BallastError)) return { outcome: 'raw', what: told(error) };
    const { message } = error;
    if (message === printable(message) && message.length <= longest) return { outcome: 'refused' };
    return { outcome: 'raw', what: `a message of ${message.length} characters that is no printable line: ${message}` };
  }
}

/** An error and the place in our sources where it came from. */
function told(error: unknown): string {
  if (!(error instanceof Error)) return `thrown ${String(error)}`;
  const at = error.stack?.split('\n').find((line) => /\/(?:src|fuzz)\//.test(line)) ?? '';
  return printable(
    `${error.name}: ${error.message.split('\n')[0]} ${at.trim().replace(/\(?(?:file:\/\/)?\/.*\/(src|fuzz)\//, '($1/')}`,
  ).slice(0, 400);
}
