import { z } from 'zod';
import { InputError } from '../base/errors.ts';
import { environment } from './common.ts';
import { openNamesOf } from './names/open-names.ts';

/** What a kind of stored result is: how it is asked for, what it holds, and what became of it from version to version. */
export interface Kind<Request extends z.ZodType = z.ZodType, Result extends z.ZodType = z.ZodType> {
  readonly kind: string;
  /** Of the form of its request and result: raised when a reader of the old one could not read the new one. */
  readonly version: number;
  readonly summary: string;
  readonly request: Request;
  /** As it is in memory. In a document the environment stands beside it. */
  readonly result: Result;
  /** The result alone as it was written before there were documents, where that differs; made into one of today. */
  readonly former?: z.ZodType;
  /** By the version that it reads: what a document of that version becomes in the next. */
  readonly migrations?: Readonly<Record<number, (old: StoredDocument) => StoredDocument>>;
}

/** A document as it is stored, of a form that is not known yet. */
export interface StoredDocument {
  readonly kind: string;
  readonly version: number;
  readonly ballast: string;
  readonly created: string;
  readonly environment: unknown;
  readonly request: unknown;
  readonly result: unknown;
}

/** What a document says about where it was measured: the version and the date stand beside it. */
const placeKeys = { ballast: true, date: true } as const;
export const place = environment.omit(placeKeys).nullable();

/** A result without the environment that a document keeps beside it; results inside of results keep theirs. */
function bare(result: z.ZodType): z.ZodType {
  if (result instanceof z.ZodDiscriminatedUnion)
    return z.union(result.options.map((option) => bare(option as z.ZodType)) as [z.ZodType, z.ZodType]);
  return result instanceof z.ZodObject && 'environment' in result.shape ? result.omit({ environment: true }) : result;
}

/** The form of a document of this kind. */
export function documentOf({ kind, version, summary, request, result }: Kind) {
  return z
    .object({
      kind: z.literal(kind).describe('what it is'),
      version: z.literal(version).describe('of the form of its request and result'),
      ballast: z.string().describe('version of Ballast that wrote it'),
      created: z.string().describe('when, ISO 8601'),
      environment: place.describe('where it was measured; null where it was not said'),
      request: request.nullable().describe('what was asked for; null where it was not said'),
      result: bare(result).describe('what was measured'),
    })
    .describe(summary);
}

/**
 * The same for a document that is read back: names to which users may add are any text there, for the one who reads need not know what was registered where it
 * was written.
 */
export function storedDocumentOf(kind: Kind) {
  const form = documentOf(kind);
  const { request } = kind;
  return request instanceof z.ZodObject ? form.extend({ request: withAnyNames(request).nullable() }) : form;
}

function withAnyNames(request: z.ZodObject): z.ZodObject {
  const keys = Object.entries(request.shape).map(([key, schema]) => [key, anyName(schema as z.ZodType)] as const);
  return request.extend(Object.fromEntries(keys.filter(([, schema]) => schema !== undefined)));
}

/** The key of a name, with any text for it; undefined for other keys. */
function anyName(schema: z.ZodType): z.ZodType | undefined {
  if (schema instanceof z.ZodDefault) return anyName(schema.unwrap() as z.ZodType)?.default(schema.def.defaultValue);
  if (schema instanceof z.ZodOptional) return anyName(schema.unwrap() as z.ZodType)?.optional();
  return openNamesOf(schema) && z.string();
}

const kinds = new Map<string, Kind>();

/** Makes a kind known, so that it is listed, read and checked. Throws InputError where there is one of its name. */
export function registerKind<K extends Kind>(kind: K): K {
  if (kinds.has(kind.kind)) throw new InputError('kind', `there is a kind "${kind.kind}" already`);
  kinds.set(kind.kind, kind);
  return kind;
}

/** The kind of this name; undefined where there is none. */
export const kindNamed = (name: string): Kind | undefined => kinds.get(name);
/** All kinds of documents that are known, in the order of their registration. */
export const allKinds = (): readonly Kind[] => [...kinds.values()];
