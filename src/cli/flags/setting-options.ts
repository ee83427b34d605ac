import { type Command, InvalidArgumentError, Option } from 'commander';
import { z } from 'zod';
import { defaultText, factsOf, formOf, type SettingTable } from '../../app/training/settings.ts';
import { openNamesOf } from '../../schema/index.ts';
import { oneOf } from './values.ts';

/** `weightDecay` as `--weight-decay`. */
export const flagOf = (name: string) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** Parts with commas between them. */
export const list = (text: string): string[] => text.split(',').map((part) => part.trim());

/** A flag for every setting of a table that has none of its own: form, range, default and line of help are the table's. */
export function addSettingOptions(command: Command, table: SettingTable): Command {
  for (const [name, schema] of Object.entries(table)) {
    if (factsOf(schema).ownFlags === undefined) command.addOption(settingOption(name, schema));
  }
  return command;
}

function settingOption(name: string, schema: z.ZodType): Option {
  const form = formOf(schema);
  const { about, argument = 'value', default: usual, zeroForNone = false } = factsOf(schema);
  if (form instanceof z.ZodBoolean) {
    // What is on by default has a flag that turns it off.
    return usual === true
      ? new Option(flagOf(name).replace('--', '--no-'), `without ${about}`)
      : new Option(flagOf(name), about);
  }
  const text = defaultText(schema);
  // Commander tells a plain default itself.
  const plain = typeof usual === 'number' || typeof usual === 'string';
  const option = new Option(
    `${flagOf(name)} <${argument}>`,
    plain || text === undefined ? about : `${about} (default: ${text})`,
  );
  if (plain) option.default(usual);
  const choices = form instanceof z.ZodEnum ? form.options.map(String) : openNamesOf(form)?.names();
  if (choices) return oneOf(option, choices);
  return option.argParser((given) => parsed(form, given, zeroForNone));
}

/** The value that a text on the command line stands for. Throws InvalidArgumentError with what was expected. */
function parsed(form: z.ZodType, text: string, zeroForNone: boolean): unknown {
  const number = form instanceof z.ZodNumber;
  const value = number
    ? text.trim() === ''
      ? Number.NaN
      : Number(text)
    : form instanceof z.ZodArray
      ? list(text)
      : text;
  if (number && zeroForNone && value === 0) return 0;
  const result = form.safeParse(value);
  if (result.success) return result.data;
  throw new InvalidArgumentError(number ? `expected ${rangeOf(form)}.` : `${result.error.issues[0]!.message}.`);
}

/** `a number from 0 to 1`, `a whole number of at least 1`. */
function rangeOf(form: z.ZodType): string {
  const { type, ...bounds } = z.toJSONSchema(form) as Record<string, unknown>;
  const what = type === 'integer' ? 'a whole number' : 'a number';
  const bound = (key: string) => {
    const value = bounds[key];
    return typeof value === 'number' && Math.abs(value) < Number.MAX_SAFE_INTEGER ? value : undefined;
  };
  const [min, above] = [bound('minimum'), bound('exclusiveMinimum')];
  const [max, below] = [bound('maximum'), bound('exclusiveMaximum')];
  if (type === 'integer' && above === 0 && max === undefined) return `${what} of at least 1`;
  const from = min !== undefined ? `from ${min}` : above !== undefined ? `above ${above}` : undefined;
  const to = max !== undefined ? `to ${max}` : below !== undefined ? `to below ${below}` : undefined;
  if (to === undefined) return `${what} ${min === undefined ? (from ?? 'that is finite') : `of at least ${min}`}`;
  return `${what} ${from ?? ''} ${to}`.replace('  ', ' ');
}
