/** A command's options, made from the schema of its request. */
import { Argument, type Command, InvalidArgumentError, Option } from 'commander';
import { z } from 'zod';
import { checkRequest, type Flag, flags, type Of, openNamesOf, suggestionsOf } from '../../schema/index.ts';
import { hyphenated } from './hyphenated.ts';
import {
  numberList,
  oneOf,
  pixelLength,
  pixelLengths,
  sizesByName,
  slurmSeconds,
  textsOf,
  wholeNumber,
} from './values.ts';

interface Unwrapped {
  readonly inner: z.ZodType;
  readonly fallback: unknown;
  readonly optional: boolean;
}

/** A key's schema without what says that it may be left out. */
function unwrap(schema: z.ZodType): Unwrapped {
  if (schema instanceof z.ZodDefault) {
    const { inner } = unwrap(schema.unwrap() as z.ZodType);
    return { inner, fallback: schema.def.defaultValue, optional: true };
  }
  if (schema instanceof z.ZodOptional)
    return { ...unwrap(schema.unwrap() as z.ZodType), fallback: undefined, optional: true };
  return { inner: schema, fallback: undefined, optional: false };
}

const isWhole = (schema: z.ZodType) => schema instanceof z.ZodNumber && schema.format?.includes('int') === true;

/** How the text of an option becomes a value of this schema. */
function parserOf(inner: z.ZodType, { unit }: Flag): ((text: string) => unknown) | undefined {
  if (inner instanceof z.ZodNumber) {
    if (unit === 'pixels') return pixelLength;
    if (unit === 'slurm time') return slurmSeconds;
    return isWhole(inner)
      ? wholeNumber(inner.minValue ?? Number.MIN_SAFE_INTEGER, inner.maxValue ?? undefined)
      : (text) => (text.trim() === '' ? Number.NaN : Number(text));
  }
  if (inner instanceof z.ZodRecord) return sizesByName;
  if (inner instanceof z.ZodUnion && inner.options.every((option) => option instanceof z.ZodLiteral)) return Number;
  if (inner instanceof z.ZodArray && inner.element instanceof z.ZodString) return (text) => textsOf(inner, text);
  if (inner instanceof z.ZodArray && inner.element instanceof z.ZodEnum) return (text) => textsOf(inner, text);
  if (inner instanceof z.ZodArray) return unit === 'pixels' ? pixelLengths : numberList;
  return undefined;
}

/** A length in pixel units as people write it: `2/255`. */
function pixelText(value: number): string {
  const steps = 255 * value;
  return Math.abs(steps - Math.round(steps)) < 1e-9 ? `${Math.round(steps)}/255` : String(value);
}

/** A value as it is written on the command line. */
function textOf(value: unknown, { unit }: Flag): string {
  const one = (v: unknown) => (unit === 'pixels' && typeof v === 'number' ? pixelText(v) : String(v));
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return Object.entries(value)
      .map(([name, size]) => `${name}=${size}`)
      .join(',');
  return Array.isArray(value) ? value.map(one).join(',') : one(value);
}

/** What a key says of itself, with the names that there are for it at this moment. */
function descriptionOf(schema: z.ZodType): string {
  const described = schema.description ?? '';
  const suggestions = suggestionsOf(unwrap(schema).inner);
  return suggestions ? `${described}: ${suggestions.shown().join(', ')}` : described;
}

function optionOf(key: string, schema: z.ZodType): Option {
  const flag = flags.get(schema) ?? {};
  const { inner, fallback, optional } = unwrap(schema);
  const name = flag.flag ?? hyphenated(key);
  const described = descriptionOf(schema);
  if (inner instanceof z.ZodBoolean) {
    const off = fallback === true;
    return new Option(off ? `--no-${name}` : `--${name}`, off ? `leave out: ${described}` : described);
  }
  const option = new Option(`--${name} <${flag.value ?? 'value'}${flag.several === 'words' ? '...' : ''}>`, described);
  if (inner instanceof z.ZodEnum) oneOf(option, inner.options.map(String));
  // Told, and left to the check of the request, which knows what they are names of.
  const names = openNamesOf(inner)?.names();
  if (names) option.argChoices = [...names];
  if (flag.several === 'times')
    option.argParser((text: string, before: readonly string[] | undefined) => [...(before ?? []), text]);
  const parse = flag.several === undefined ? parserOf(inner, flag) : undefined;
  if (parse) option.argParser((text: string) => parse(text));
  if (fallback !== undefined) option.default(fallback, textOf(fallback, flag));
  return optional ? option : option.makeOptionMandatory();
}

const fromSchemas = new WeakSet<Option | Argument>();

/** Whether an option, or what stands in front of them, is made from a schema. */
export const isOfRequest = (given: Option | Argument): boolean => fromSchemas.has(given);

/** Gives a command the options (and what stands in front of them) of a request. */
export function addRequestOptions(command: Command, request: z.ZodObject): Command {
  for (const [key, field] of Object.entries(request.shape)) {
    const schema = field as z.ZodType;
    const { positional, value = key, group } = flags.get(schema) ?? {};
    if (positional) {
      const { inner, fallback, optional } = unwrap(schema);
      const several = inner instanceof z.ZodArray ? '...' : '';
      const argument = new Argument(optional ? `[${value}${several}]` : `<${value}${several}>`, descriptionOf(schema));
      // Told, and left to the check of the request.
      if (inner instanceof z.ZodEnum) argument.argChoices = inner.options.map(String);
      if (fallback !== undefined && several === '') argument.default(fallback);
      fromSchemas.add(argument);
      command.addArgument(argument);
      continue;
    }
    const option = optionOf(key, schema);
    if (group) option.helpGroup(`${group}:`);
    fromSchemas.add(option);
    command.addOption(option);
    const { inner, fallback } = unwrap(schema);
    // So that what is so anyway can be said.
    if (inner instanceof z.ZodBoolean && fallback === false)
      command.addOption(new Option(`--no-${hyphenated(key)}`).hideHelp());
  }
  return command;
}

/** The value of a key that somebody typed. Throws InvalidArgumentError with what was expected. */
export function valueTyped<T>(schema: z.ZodType<T>, text: string): NonNullable<T> {
  const { inner } = unwrap(schema);
  const parse = parserOf(inner, flags.get(schema) ?? {});
  const found = inner.safeParse(parse ? parse(text) : text);
  if (found.success) return found.data as NonNullable<T>;
  throw new InvalidArgumentError(`${found.error.issues[0]!.message.replace(/^Invalid input: /, '')}.`);
}

/** `final-relu` -> `finalRelu`, as commander has it. */
const camelCased = (flag: string) => flag.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());

/** The request that a command was called with: keys that were given or have a default. */
export function requestFrom(
  request: z.ZodObject,
  options: Readonly<Record<string, unknown>>,
  positional: readonly unknown[],
): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  let next = 0;
  for (const [key, field] of Object.entries(request.shape)) {
    const { positional: inFront, flag = hyphenated(key) } = flags.get(field as z.ZodType) ?? {};
    const value = inFront ? positional[next++] : options[camelCased(flag)];
    if (value !== undefined) found[key] = value;
  }
  return found;
}

/** The request that a command was called with, checked and with its defaults. Throws InputError. */
export const requestOf = <Request extends z.ZodObject>(command: Command, request: Request): Of<Request> =>
  checkRequest(request, requestFrom(request, command.opts(), command.processedArgs));

/** What in a shell stands for a text. */
const quoted = (text: string) => (/^[\w./,:|=@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

/** The words that give a request on the command line; keys at their defaults are left out. */
export function wordsOf(request: z.ZodObject, given: Readonly<Record<string, unknown>>): string[] {
  const front: string[] = [];
  const words: string[] = [];
  for (const [key, field] of Object.entries(request.shape)) {
    const schema = field as z.ZodType;
    const flag = flags.get(schema) ?? {};
    const { fallback } = unwrap(schema);
    const value = given[key];
    if (value === undefined || JSON.stringify(value) === JSON.stringify(fallback)) continue;
    const name = flag.flag ?? hyphenated(key);
    if (flag.positional) front.push(quoted(textOf(value, flag)));
    else if (typeof value === 'boolean') words.push(value ? `--${name}` : `--no-${name}`);
    else words.push(`--${name}`, quoted(textOf(value, flag)));
  }
  return [...front, ...words];
}

/** A row for each key of a request: the key, its option, its default and what it says. */
export function requestTable(request: z.ZodObject): string[][] {
  return Object.entries(request.shape).map(([key, field]) => {
    const schema = field as z.ZodType;
    const flag = flags.get(schema) ?? {};
    const { inner, fallback, optional } = unwrap(schema);
    const option = flag.positional ? `<${flag.value ?? key}>` : optionOf(key, schema).flags;
    const usual = fallback === undefined ? (optional ? '' : 'needed') : textOf(fallback, flag);
    return [
      `\`${key}\``,
      `\`${option}\``,
      inner instanceof z.ZodBoolean ? String(fallback ?? false) : usual,
      descriptionOf(schema),
    ];
  });
}
