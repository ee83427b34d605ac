import type { LogValue } from './reader.ts';

const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const infinite = /^([+-]?)inf(?:inity)?$/i;
const nothing = /^(?:null|none|na|n\/a|<na>)?$/i;
/** More digits than a number holds exactly, or a leading zero: a name, not a quantity. */
const nameOfDigits = /^(?:[+-]?0\d+|\d{16,})$/;

/** What a cell of text says: a number (NaN and infinities by any of their names), text, or undefined for nothing. Runs named `007` keep their names. */
export function logValue(text: string): LogValue | undefined {
  const cell = text.trim();
  const first = cell.charCodeAt(0);
  // Digits, signs and points come by far most often.
  if (first >= 43 && first <= 57 && decimal.test(cell)) return nameOfDigits.test(cell) ? cell : Number(cell);
  if (nothing.test(cell)) return undefined;
  if (/^[+-]?nan$/i.test(cell)) return Number.NaN;
  const sign = infinite.exec(cell);
  if (sign) return sign[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return cell;
}

/** A value as a number, where it is one: what was kept as text for its leading zeros too. */
export function asNumber(value: LogValue | undefined): number | undefined {
  if (typeof value !== 'string') return value;
  return decimal.test(value) ? Number(value) : undefined;
}
