/** What can be measured, as forms: from the descriptions that commands and help are made from. */
import type { z } from 'zod';
import { InputError } from '../../base/errors.ts';
import { allMeasurements } from '../../instrument/index.ts';
import { flags, requestSchemaOf, summaries } from '../../schema/index.ts';
import { type Form, type FormField, planName, planRequest } from '../../schema/serve/index.ts';
import '../measurements/index.ts';

interface Property {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly description?: string;
  readonly anyOf?: readonly Property[];
}

function typeOf({ type, enum: choices, anyOf }: Property): FormField['type'] {
  if (choices) return 'choice';
  switch (type) {
    case 'boolean':
      return 'truth';
    case 'number':
      return 'number';
    case 'integer':
      return 'whole';
    case 'array':
      return 'list';
    default:
      // Of what may be a text or a list, the text says it as a command line does.
      return type === undefined && anyOf && !anyOf.some((p) => p.type === 'string') ? 'list' : 'text';
  }
}

const textOf = (value: unknown): string | null =>
  value === undefined ? null : Array.isArray(value) ? value.join(',') : String(value);

function formOf(name: string, summary: string, request: z.ZodObject): Form {
  const { properties = {}, required = [] } = requestSchemaOf({ kind: name, request }) as unknown as {
    readonly properties?: Readonly<Record<string, Property>>;
    readonly required?: readonly string[];
  };
  const fields = Object.entries(properties).map(
    ([key, property]): FormField => ({
      key,
      group: flags.get(request.shape[key] as z.ZodType)?.group ?? '',
      summary: property.description ?? '',
      type: typeOf(property),
      choices: (property.enum ?? []).map(String),
      fallback: textOf(property.default),
      required: required.includes(key),
    }),
  );
  return { name, summary, fields };
}

/** The forms of all measurements that are known, and of a plan of the batch size. */
export function forms(): Form[] {
  const measurements = allMeasurements().map(({ kind }) =>
    formOf(kind.kind, kind.summary, kind.request as z.ZodObject),
  );
  return [formOf(planName, summaries[planName], planRequest), ...measurements];
}

/** The texts of a filled-in form as a request. Throws InputError for a form that is none. */
export function requestOfForm(name: string, given: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const form = forms().find((f) => f.name === name);
  if (!form)
    throw new InputError(
      'name',
      `expected one of ${forms()
        .map((f) => f.name)
        .join(', ')}`,
    );
  const fields = new Map(form.fields.map((f) => [f.key, f]));
  return Object.fromEntries(
    Object.entries(given).map(([key, value]) => {
      const type = fields.get(key)?.type;
      if (typeof value !== 'string') return [key, value];
      if (type === 'list') return [key, value.split(',').map((part) => numberOrText(part.trim()))];
      if (type === 'number' || type === 'whole') return [key, numberOrText(value)];
      return [key, value];
    }),
  );
}

const numberOrText = (text: string) => (text !== '' && Number.isFinite(Number(text)) ? Number(text) : text);
