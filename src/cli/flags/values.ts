/** How the texts of options become values. */
import { InvalidArgumentError, type Option } from 'commander';
import type { z } from 'zod';
import { didYouMean } from '../../base/names.ts';
import { folderPath } from '../../schema/index.ts';

/** A whole number of at least `min`. */
export function wholeNumber(min: number, max = Number.MAX_SAFE_INTEGER) {
  const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
  return (text: string): number => {
    const n = Number(text);
    if (!Number.isSafeInteger(n) || n < min || n > max)
      throw new InvalidArgumentError(`expected a whole number ${range}.`);
    return n;
  };
}

/** An option that takes one of these; of a mistyped one it is said which was meant. */
export function oneOf(option: Option, choices: readonly string[]): Option {
  return option.choices(choices).argParser((text: string) => {
    if (choices.includes(text)) return text;
    throw new InvalidArgumentError(`Allowed choices are ${choices.join(', ')}${didYouMean(text, choices) || '.'}`);
  });
}

/** Different finite numbers, with commas between them: `0,0.5,-1`. */
export function numberList(text: string): number[] {
  const numbers = text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  if (!numbers.every(Number.isFinite)) throw new InvalidArgumentError('expected finite numbers such as 0,0.5,1.');
  if (new Set(numbers).size < numbers.length) throw new InvalidArgumentError('a number is named twice.');
  return numbers;
}

/** A length in pixel units, `2/255` or `0.0078`. */
export function pixelLength(text: string): number {
  const [above, below, ...more] = text.split('/').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  const value = below === undefined ? above! : above! / below;
  if (more.length || !Number.isFinite(value))
    throw new InvalidArgumentError('expected a number such as 2/255 or 0.01.');
  return value;
}

/** The same with commas between them. */
export const pixelLengths = (text: string): number[] => text.split(',').map(pixelLength);

/** `height=224,width=224` */
export function sizesByName(text: string): Record<string, number> {
  return Object.fromEntries(
    text.split(',').map((part) => {
      const at = part.lastIndexOf('=');
      const size = Number(part.slice(at + 1));
      if (at < 1 || !Number.isInteger(size) || size < 1) {
        throw new InvalidArgumentError('expected sizes by name, such as height=224,width=224.');
      }
      return [part.slice(0, at).trim(), size];
    }),
  );
}

/** Where results go: a name that is one. */
export function folderName(text: string): string {
  const found = folderPath.safeParse(text);
  if (found.success) return text;
  throw new InvalidArgumentError(`${found.error.issues[0]!.message}.`);
}

/** A number within bounds. */
export function number(min: number, max = Number.POSITIVE_INFINITY) {
  return (text: string): number => {
    const n = Number(text);
    if (text.trim() !== '' && n >= min && n <= max) return n;
    throw new InvalidArgumentError(
      `expected a number ${max === Number.POSITIVE_INFINITY ? `of at least ${min}` : `from ${min} to ${max}`}.`,
    );
  };
}

/** Texts with commas between them, as their list has them. */
export function textsOf<T>(list: z.ZodType<T>, text: string): T {
  const parsed = list.safeParse(text.split(',').map((part) => part.trim()));
  if (parsed.success) return parsed.data;
  throw new InvalidArgumentError(`${parsed.error.issues[0]!.message}.`);
}

/** Seconds of a time as Slurm writes it: minutes, minutes:seconds, hours:minutes:seconds, each of the last with days before a hyphen, or days-hours. */
export function slurmSeconds(text: string): number {
  const match = /^(?:(\d+)-)?(\d+)(?::(\d+))?(?::(\d+))?$/.exec(text.trim());
  if (!match) throw new InvalidArgumentError('expected a time such as 2:00:00, 90 (minutes) or 1-12:00:00.');
  const [days, first, second, third] = match.slice(1).map((part) => (part === undefined ? undefined : Number(part)));
  let seconds: number;
  if (days !== undefined) seconds = 86_400 * days + 3600 * first! + 60 * (second ?? 0) + (third ?? 0);
  else if (third !== undefined) seconds = 3600 * first! + 60 * second! + third;
  else seconds = 60 * first! + (second ?? 0);
  if (seconds < 60 || seconds > 31_536_000) throw new InvalidArgumentError('expected a time from a minute to a year.');
  return seconds;
}
