/** Changes that know a form: of text, of JSON, of lists of pieces that are held by lengths and checksums. */

import type { RandomStream } from '../src/base/random.ts';
import { mutated } from '../test/support/mutations.ts';
import { pick } from './format.ts';

/** What readers of text do not expect. */
const words = [
  '',
  '0',
  '-0',
  '-1',
  '1e999',
  '-1e-999',
  'NaN',
  'Infinity',
  '9007199254740993',
  '18446744073709551616',
  '1e308',
  '0x10',
  '1_000',
  '1,5',
  '"',
  "'",
  '""',
  '\\',
  '\0',
  '\u001b[2J',
  '\u202e',
  '\ufeff',
  '\ud800',
  '\n',
  '\r',
  '\r\n\r\n',
  '\t',
  ';',
  ',',
  ':',
  ': ',
  '- ',
  '&a',
  '*a',
  '<<: *a',
  '!!binary',
  '!!js/function',
  '|',
  '>',
  '{',
  '}',
  '[',
  ']',
  '[]',
  '{}',
  'null',
  'true',
  '~',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'length',
  '..',
  '../../x',
  '/etc/passwd',
  'a'.repeat(5000),
  '='.repeat(40),
  '9'.repeat(400),
  '[['.repeat(600),
  '(a+)+$',
  'step',
  'loss',
  '%s',
  '#',
  '---',
  '...',
  '2026-01-01T00:00:00Z',
];

/** Characters that repetition may come to. */
const longest = 1 << 20;

/** Text after one to four changes of its words, numbers and signs, or of its lines; sometimes of its bytes. */
export function changedText(bytes: Uint8Array, stream: RandomStream): Uint8Array {
  if (stream.integer(5) === 0) return mutated(bytes, stream);
  let text = Buffer.from(bytes).toString('utf8');
  for (let i = stream.integer(4); i >= 0; i--) {
    const byLines = stream.integer(4) === 0;
    const parts = byLines ? text.split(/(?<=\n)/) : (text.match(/\s+|[\w.+-]+|[^\s\w]/g) ?? ['']);
    const at = stream.integer(parts.length);
    switch (stream.integer(5)) {
      case 0:
        parts.splice(at, 1);
        break;
      case 1:
        parts.splice(at, 0, pick(parts, stream));
        break;
      case 2:
        parts.splice(at, 0, pick(words, stream));
        break;
      case 3:
        parts[at] = parts[at]!.repeat(
          Math.max(1, Math.min(pick([2, 50, 3000], stream), Math.floor(longest / (text.length + 1)))),
        );
        break;
      default:
        parts[at] = pick(words, stream);
    }
    text = parts.join('');
  }
  return Buffer.from(text);
}

const values: readonly (() => unknown)[] = [
  () => null,
  () => true,
  () => 0,
  () => -1,
  () => 1e308,
  () => 2 ** 53,
  () => 0.1,
  () => '',
  () => 'x',
  () => '../../x',
  () => '\u001b]0;x\u0007',
  () => 'x'.repeat(3000),
  () => [],
  () => ({}),
  () => [null],
  () => ({ length: 5 }),
  () => 'NaN',
  () => Array(2000).fill(0),
  () => JSON.parse('{"__proto__":{"x":1},"constructor":null}') as unknown,
  () => JSON.parse('['.repeat(500) + ']'.repeat(500)) as unknown,
];

type Holder = Record<string, unknown>;

/** A value like JSON has, after one to three changes: entries that go, are repeated, renamed, or are of another kind. */
export function changedValue(value: unknown, stream: RandomStream): unknown {
  const root: Holder = { root: structuredClone(value) };
  for (let i = stream.integer(3); i >= 0; i--) {
    const places: [Holder, string][] = [];
    const visit = (holder: Holder, depth: number) => {
      for (const key of Object.keys(holder)) {
        places.push([holder, key]);
        const inner = holder[key];
        if (typeof inner === 'object' && inner !== null && depth < 30) visit(inner as Holder, depth + 1);
      }
    };
    visit(root, 0);
    const [holder, key] = pick(places, stream);
    const other = pick(places, stream);
    switch (stream.integer(6)) {
      case 0:
        if (Array.isArray(holder)) holder.splice(Number(key), 1);
        else if (holder !== root) delete holder[key];
        break;
      case 1:
        holder[key] = structuredClone(other[0][other[1]]);
        break;
      case 2:
        if (Array.isArray(holder)) holder.push(structuredClone(holder[key as never]));
        else if (holder !== root)
          Object.defineProperty(holder, pick(words, stream), {
            value: holder[key],
            enumerable: true,
            configurable: true,
            writable: true,
          });
        break;
      case 3:
        if (typeof holder[key] === 'number')
          holder[key] = (holder[key] as number) * pick([-1, 0, 1e6, 1e300, 0.5], stream);
        else holder[key] = pick(values, stream)();
        break;
      default:
        holder[key] = pick(values, stream)();
    }
  }
  return root.root;
}

/** JSON after changes of its values, or as text. */
export function changedJson(bytes: Uint8Array, stream: RandomStream): Uint8Array {
  if (stream.integer(3) === 0) return changedText(bytes, stream);
  return Buffer.from(JSON.stringify(changedValue(JSON.parse(Buffer.from(bytes).toString('utf8')), stream)) ?? 'null');
}

/** A list after one to three of its pieces went, were repeated, changed places, or were changed themselves. */
export function changedList<T>(pieces: readonly T[], stream: RandomStream, change: (piece: T) => T): T[] {
  const out = [...pieces];
  for (let i = stream.integer(3); i >= 0 && out.length > 0; i--) {
    const at = stream.integer(out.length);
    switch (stream.integer(6)) {
      case 0:
        out.splice(at, 1);
        break;
      case 1:
        out.splice(stream.integer(out.length), 0, out[at]!);
        break;
      case 2:
        [out[at], out[0]] = [out[0]!, out[at]!];
        break;
      default:
        out[at] = change(out[at]!);
    }
  }
  return out;
}
