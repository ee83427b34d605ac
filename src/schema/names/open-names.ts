import { z } from 'zod';
import { InputError } from '../../base/errors.ts';
import { didYouMean } from '../../base/names.ts';

/** Names with what they stand for, to which users of the library may add their own. */
export interface OpenNames {
  /** What the names are of, for messages: `attack`. */
  readonly of: string;
  names(): readonly string[];
  what(name: string): string | undefined;
  /** Throws InputError for a name that is taken. */
  add(name: string, what: string): void;
  /** One of the names, whichever there are when it is checked. */
  readonly schema: z.ZodType<string, string>;
}

const known = new WeakMap<z.core.$ZodType, OpenNames>();

/** The open names behind a schema, where it is one of theirs, or one that was given another description. */
export function openNamesOf(schema: z.ZodType): OpenNames | undefined {
  for (let at: z.core.$ZodType | undefined = schema; at; at = at._zod.parent) {
    const found = known.get(at);
    if (found) return found;
  }
  return undefined;
}

/** Names that `entries` begins with. */
export function openNames(of: string, entries: Readonly<Record<string, string>>): OpenNames {
  const all = new Map(Object.entries(entries));
  const names = () => [...all.keys()];
  const schema = z.string().superRefine((name, context) => {
    if (!all.has(name))
      context.addIssue({
        code: 'custom',
        message: `unknown ${of} "${name}"; expected ${names().join(', ')}${didYouMean(name, names())}`,
      });
  });
  const made: OpenNames = {
    of,
    names,
    what: (name) => all.get(name),
    add(name, what) {
      if (all.has(name)) throw new InputError(of, `there is a ${of} "${name}" already`);
      all.set(name, what);
    },
    schema,
  };
  known.set(schema, made);
  return made;
}

/** Names that a text may be, among others: told in the help and as examples of a JSON Schema, and not checked. */
export interface SuggestedNames {
  /** As the help tells them: patterns, where there are endless ones. */
  shown(): readonly string[];
  examples(): readonly string[];
}

const suggested = new WeakMap<z.core.$ZodType, SuggestedNames>();

/** The suggestions behind a schema, where it has some, or is one that was given another description. */
export function suggestionsOf(schema: z.ZodType): SuggestedNames | undefined {
  for (let at: z.core.$ZodType | undefined = schema; at; at = at._zod.parent) {
    const found = suggested.get(at);
    if (found) return found;
  }
  return undefined;
}

/** A text for which names are suggested, whichever there are when they are asked for. */
export function suggestedNames(
  shown: SuggestedNames['shown'],
  examples: SuggestedNames['examples'],
): z.ZodType<string, string> {
  const schema = z.string().min(1);
  suggested.set(schema, { shown, examples });
  return schema;
}
