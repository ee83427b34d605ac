import { InputError } from './errors.ts';

/**
 * Image indices as people write them: `0,7,4321`, `0-199`, or both mixed, in the order given. Throws InputError of `key` for anything
 * else, for an index beyond `count` - 1, and for one that is named twice (it would weigh double in every mean).
 */
export function parseIndices(text: string, count: number, key = 'images'): number[] {
  const seen = new Set<number>();
  for (const part of text.split(',')) {
    const match = /^\s*(\d+)(?:\s*-\s*(\d+))?\s*$/.exec(part);
    if (!match) throw new InputError(key, `expected a list such as 0,7,4321 or 0-199, got "${part.trim()}"`);
    const first = Number(match[1]);
    const last = Number(match[2] ?? match[1]);
    if (first > last) throw new InputError(key, `the range ${part.trim()} goes backwards`);
    if (last >= count) {
      throw new InputError(
        key,
        `image index ${first >= count ? first : last} is out of range: expected 0 to ${count - 1}`,
      );
    }
    for (let index = first; index <= last; index++) {
      if (seen.has(index)) throw new InputError(key, `image index ${index} is named twice`);
      seen.add(index);
    }
  }
  return [...seen];
}

/** Runs of neighbours, each with its first and its last. */
function runsOf<T>(items: readonly T[], follows: (a: T, b: T) => boolean): (readonly [T, T])[] {
  const runs: [T, T][] = [];
  for (const item of items) {
    const run = runs.at(-1);
    if (run && follows(run[1], item)) run[1] = item;
    else runs.push([item, item]);
  }
  return runs;
}

/** The inverse: `0-2,7` for 0, 1, 2, 7. */
export function formatIndices(indices: readonly number[]): string {
  return runsOf(indices, (a, b) => b === a + 1)
    .map(([first, last]) => (first === last ? String(first) : `${first}-${last}`))
    .join(',');
}

/** Names that end in a number, runs of three and more by the first and the last: `layer1.0 to layer1.2, layer2.7, layer2.8`. */
export function formatNumbered(names: readonly string[]): string {
  const parts = names.map((name) => /^(.*?)(\d*)$/.exec(name)!);
  return runsOf(parts, (a, b) => a[1] === b[1] && a[2] !== '' && Number(b[2]) === Number(a[2]) + 1)
    .map(([first, last]) => {
      if (first === last) return first[0];
      return `${first[0]}${Number(last[2]) === Number(first[2]) + 1 ? ', ' : ' to '}${last[0]}`;
    })
    .join(', ');
}
