import { Counts } from './counts.ts';
import type { LogValue } from './reader.ts';
import { logValue } from './values.ts';

/** Objects within objects that are followed. */
const deepest = 8;

/** JSON with the NaN and Infinity that Python writes, which become text of that name; undefined for what is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    if (!/NaN|Infinity/.test(text)) return undefined;
  }
  try {
    return JSON.parse(quoted(text));
  } catch {
    return undefined;
  }
}

/** Bare NaN and Infinity in quotes, outside of strings. Goes over the text once, whatever stands in it. */
function quoted(text: string): string {
  const pieces: string[] = [];
  for (let at = 0; at < text.length; ) {
    const open = text.indexOf('"', at);
    pieces.push(text.slice(at, open < 0 ? text.length : open).replace(/-?\b(?:NaN|Infinity)\b/g, '"$&"'));
    if (open < 0) break;
    let end = open + 1;
    while (end < text.length && text[end] !== '"') end += text[end] === '\\' ? 2 : 1;
    pieces.push(text.slice(open, end + 1));
    at = end + 1;
  }
  return pieces.join('');
}

/**
 * Numbers and texts of an object, those of objects within it under `outer.inner`. Truth values are 1 and 0 as text `true`, `false`; null is nothing; lists are counted as unused.
 */
export function valuesOf(object: object, unused: Counts): Map<string, LogValue> {
  const values = new Map<string, LogValue>();
  const walk = (at: object, prefix: string, depth: number) => {
    for (const [key, value] of Object.entries(at)) {
      const name = prefix + key;
      if (value === null) continue;
      if (Array.isArray(value) || (typeof value === 'object' && depth === deepest)) unused.add(name);
      else if (typeof value === 'object') walk(value, `${name}.`, depth + 1);
      else if (typeof value === 'string') {
        const number = logValue(value);
        // Text of digits stays text: it was quoted. Only NaN and the infinities are numbers that JSON has no words for.
        values.set(name, typeof number === 'number' && !Number.isFinite(number) ? number : value);
      } else values.set(name, typeof value === 'number' ? value : String(value));
    }
  };
  walk(object, '', 0);
  return values;
}

/** `valuesOf` where nobody asks what was left out. */
export const valuesOfObject = (object: object): Map<string, LogValue> => valuesOf(object, new Counts());
