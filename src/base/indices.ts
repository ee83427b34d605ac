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

/** The inverse: `0-2,7` for 0, 1, 2, 7. */
export function formatIndices(indices: readonly number[]): string {
  const parts: string[] = [];
  for (let i = 0; i < indices.length; ) {
    let end = i;
    while (indices[end + 1] === indices[end]! + 1) end++;
    parts.push(end > i ? `${indices[i]}-${indices[end]}` : String(indices[i]));
    i = end + 1;
  }
  return parts.join(',');
}
