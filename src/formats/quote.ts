import { cut, printable } from '../base/printable.ts';

/** Text that a file brought along, fit for one line of an error message: quoted, unprintable characters escaped, cut at 80. */
export function quote(text: string): string {
  return printable(JSON.stringify(cut(text, 80)), Number.POSITIVE_INFINITY);
}

/** Any value that a file brought along: text quoted, plain values as they are, of everything else only what it is. */
export function quoteValue(value: unknown): string {
  if (typeof value === 'string') return quote(value);
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return String(value);
  if (typeof value === 'bigint') return 'a large integer';
  return Array.isArray(value) ? 'a list' : 'an object';
}

/** A shape for a message; of more than eight dimensions the first, and how many there are. */
export function quoteShape(shape: readonly number[]): string {
  return shape.length > 8 ? `[${shape.slice(0, 8)},... ${shape.length} dimensions]` : `[${shape}]`;
}
