import { raised } from '../numbers.ts';

/** Elements whose text is to be typed, or is no text; then any tag; then text. */
const parts = /<(style|code|title)\b[^>]*>[\s\S]*?<\/\1>|<[^>]*>|[^<]+/g;

/** A hyphen in front of a number, where no word or number stands before it, as in a range or a date. */
const hyphens = /(^|[\s(|=±,;:])-(?=\.?\d)/g;

/** `9.3e-4`, not within a word or a path. */
const powers = /(?<![\w./])(\d(?:\.\d+)?)e(-?\d{1,3})(?![\w./-])/g;

/** The markup with its numbers set as print has them: minus signs and powers of ten. Commands stay as they are typed. */
export function typeset(markup: string): string {
  return markup.replace(parts, (part) =>
    part.startsWith('<')
      ? part
      : part
          .replace(powers, (_, digits: string, power: string) => `${digits}×10${raised(power)}`)
          .replace(hyphens, '$1−'),
  );
}
