import type { Files } from './format.ts';
import type { Verdict } from './outcome.ts';
import { judgeAlone } from './run.ts';

/** Trials at most: each is a process. */
const most = 20;

/** Where an error came from, without what differs from input to input. */
const kindOf = ({ outcome, what = '' }: Verdict) => (outcome === 'raw' ? what.replace(/\d+/g, '#') : outcome);

/**
 * A smaller input that fails in the same way: pieces are left out, halves first, as long as it does. Files whose bytes are held by checksums
 * mostly stay as they are.
 */
export async function minimized(format: string, files: Files, verdict: Verdict): Promise<Files> {
  let [found, left] = [files, most];
  const fails = async (candidate: Files) =>
    left-- > 0 && kindOf(await judgeAlone({ format, files: candidate })) === kindOf(verdict);
  for (const name of Object.keys(files)) {
    if (Object.keys(found).length > 1) {
      const without = Object.fromEntries(Object.entries(found).filter(([n]) => n !== name));
      if (await fails(without)) {
        found = without;
        continue;
      }
    }
    for (let piece = Math.ceil(found[name]!.length / 2); piece >= 1 && left > 0; piece = Math.floor(piece / 2)) {
      for (let at = 0; at < found[name]!.length && left > 0; ) {
        const bytes = found[name]!;
        const shorter = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + piece)]);
        if (await fails({ ...found, [name]: shorter })) found = { ...found, [name]: shorter };
        else at += piece;
      }
    }
  }
  return found;
}
