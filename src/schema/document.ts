import { readFile } from 'node:fs/promises';
import type { z } from 'zod';
import { FileError, reasonOf } from '../base/errors.ts';
import { didYouMean } from '../base/names.ts';
import { version as ballast } from '../base/version.ts';
import type { Environment } from './common.ts';
import { allKinds, documentOf, type Kind, kindNamed, type StoredDocument, storedDocumentOf } from './kind.ts';
import type { Of } from './readonly.ts';

/** A result with all that is to be known about it, read and checked. */
export interface Document<Result = unknown> {
  readonly kind: Kind;
  /** Null where an older version did not write it. */
  readonly request: Readonly<Record<string, unknown>> | null;
  /** With its environment, as it is in memory. */
  readonly result: Result;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A result as it is stored: plain JSON, the environment beside it. */
export function toDocument<K extends Kind>(
  kind: K,
  request: Of<K['request']> | null,
  result: Of<K['result']>,
): StoredDocument {
  const { environment, ...bare } = isObject(result) ? result : { environment: undefined };
  const {
    ballast: by = ballast,
    date = new Date().toISOString(),
    ...place
  } = (environment ?? {}) as Partial<Environment>;
  return {
    kind: kind.kind,
    version: kind.version,
    ballast: by,
    created: date,
    environment: environment === undefined ? null : place,
    request: request ?? null,
    result: isObject(result) ? bare : result,
  };
}

/** The first thing that a schema has against a value, in one line: where, what was expected. */
export function firstProblem(error: z.ZodError): string {
  const [issue] = error.issues;
  const where = issue?.path.map(String).join('.');
  return `${where ? `${where}: ` : ''}${issue?.message.replace(/^Invalid input: /, '') ?? 'is not as it should be'}`;
}

/** Checks a parsed document, of this version or of an older one. `path` is for messages. Throws FileError for any other. */
export function checkDocument(json: unknown, path: string): Document {
  const stored = isObject(json) && typeof json.kind === 'string' && 'version' in json ? json : beforeDocuments(json);
  if (stored === undefined)
    throw new FileError(
      path,
      `is no result of Ballast; expected one of ${allKinds()
        .map((k) => k.kind)
        .join(', ')}`,
    );
  const named = stored.kind as string;
  const kind = kindNamed(named);
  if (!kind) {
    const names = allKinds().map((k) => k.kind);
    throw new FileError(
      path,
      `has the kind "${named.slice(0, 80)}"; expected ${names.join(', ')}${didYouMean(named, names)}`,
    );
  }
  const { version } = stored;
  if (typeof version !== 'number' || !Number.isInteger(version) || version < 1)
    throw new FileError(
      path,
      `has the version ${JSON.stringify(version)?.slice(0, 80)}; expected a whole number from 1`,
    );
  if (version > kind.version)
    throw new FileError(
      path,
      `is a ${named} of version ${version}, Ballast ${ballast} reads up to ${kind.version}; expected a newer Ballast${typeof stored.ballast === 'string' ? ` (${stored.ballast.slice(0, 40)} wrote it)` : ''}`,
    );
  let current = stored as unknown as StoredDocument;
  for (let v = version; v < kind.version; v++) {
    const migrate = kind.migrations?.[v];
    if (!migrate) throw new FileError(path, `is a ${named} of version ${v}, which this Ballast no longer reads`);
    current = { ...migrate(current), version: v + 1 };
  }
  const checked = storedDocumentOf(kind).safeParse(current);
  if (!checked.success) throw new FileError(path, `is not a whole ${named}: ${firstProblem(checked.error)}`);
  const { created, ballast: by, environment, request, result } = checked.data;
  return {
    kind,
    request: request as Document['request'],
    result:
      environment && isObject(result)
        ? { ...result, environment: { ballast: by, ...environment, date: created } }
        : result,
  };
}

/** What Ballast wrote before results had a kind and a version: the result alone, known by its form. */
function beforeDocuments(json: unknown): Readonly<Record<string, unknown>> | undefined {
  for (const kind of allKinds()) {
    // They had the numbers of version 1.
    const version = kind.migrations?.[1] ? 1 : kind.version;
    // Results of evaluations had no environment.
    const whole = kind.result.safeParse(json);
    if (whole.success) return { ...toDocument(kind, null, whole.data), version };
    const placeless = documentOf(kind).shape.result.safeParse(json);
    if (placeless.success) return { ...toDocument(kind, null, placeless.data), ballast: 'unknown', version };
    const former = kind.former?.safeParse(json);
    if (former?.success) return { ...toDocument(kind, null, former.data), version };
  }
  return undefined;
}

/** Longest file that is read: a spectrum of every unit of a ResNet-110 at ten images has about 20 MB. */
const largestFile = 512 * 2 ** 20;

/** Reads a stored result. Throws FileError for a file that cannot be read, is no JSON or is not as its kind should be. */
export async function readDocument(path: string): Promise<Document> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new FileError(path, `cannot be read (${reasonOf(cause)})`, { cause });
  }
  if (text.length > largestFile)
    throw new FileError(path, `has ${text.length} characters, expected at most ${largestFile}`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new FileError(path, 'is not JSON; expected a result of Ballast such as result.json', { cause });
  }
  return checkDocument(json, path);
}
