import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { FileError, UsageError } from '../base/errors.ts';
import { printable } from '../base/printable.ts';
import { ownFolder, writeFileAtomic } from '../formats/index.ts';
import { checkDocument, folderRequestKind, type Of, toDocument } from '../schema/index.ts';
import { requestFile } from './beside-results.ts';

/** What a folder is made for, which `request.json` in it says. */
export interface OutputRequest {
  /** Of what computes, such as `spectrum`. */
  readonly kind: string;
  /** All that decides the result, as JSON; what only decides how fast or where is left out. */
  readonly request: Readonly<Record<string, unknown>>;
}

export interface OutputFolder {
  readonly folder: string;
  /** Whether the same was begun, or done, there before. */
  readonly begun: boolean;
  release(): void;
}

/** As versions before documents wrote it. */
const formerSchema = z.object({ kind: z.string(), request: z.record(z.string(), z.unknown()) });

/** What folders hold that were made for something without a `request.json`, by the file that tells. */
const others: Readonly<Record<string, string>> = {
  'config.json': 'a training run',
  'study.sqlite': 'a batch study',
  'plan.json': 'a batch plan',
  'measured.json': 'an imported study',
  'result.json': 'a result of an earlier version',
};

/**
 * The one rule for a folder that exists: the same request goes on in it, or draws its pages again; another one is refused and leaves it as it was.
 * The folder is this process's until `release`.
 *
 * @param doing For whoever comes second, such as `ballast spectrum`.
 * Throws UsageError for a folder of another request, FolderOwned for one that another process writes, FileError for one that cannot be written.
 */
export async function openOutput(
  folder: string,
  { kind, request }: OutputRequest,
  doing: string,
): Promise<OutputFolder> {
  // As it will be read back.
  const asked = formerSchema.parse(JSON.parse(JSON.stringify({ kind, request })));
  const before = existsSync(folder) ? await requestIn(folder) : undefined;
  if (before) requireSameRequest(folder, before, asked);
  const owner = await ownFolder(folder, { doing });
  try {
    // Somebody may have been faster.
    const found = await requestIn(folder);
    if (found) requireSameRequest(folder, found, asked);
    else {
      const document = toDocument(folderRequestKind, null, { of: asked.kind, request: asked.request });
      await writeFileAtomic(join(folder, requestFile), `${JSON.stringify(document, null, 2)}\n`);
    }
    return { folder, begun: found !== undefined, release: () => owner.release() };
  } catch (cause) {
    owner.release();
    throw cause;
  }
}

/** What a folder was made for; undefined for one without anything of ours. Throws UsageError for one that is something else's. */
async function requestIn(folder: string): Promise<OutputRequest | undefined> {
  const path = join(folder, requestFile);
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT' || cause.code === 'ENOTDIR') return undefined;
    throw new FileError(path, `cannot be read (${cause.code})`, { cause });
  });
  if (text === undefined) {
    requireNone(folder, Object.keys(others));
    return undefined;
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // Said below.
  }
  if (typeof json === 'object' && json !== null && 'version' in json) {
    const { kind, result } = checkDocument(json, path);
    if (kind === folderRequestKind) {
      const { of, request } = result as Of<typeof folderRequestKind.result>;
      return { kind: of, request };
    }
  }
  const parsed = formerSchema.safeParse(json);
  if (!parsed.success)
    throw new FileError(
      path,
      'is no record of what the folder was made for; choose another folder, or remove this one',
    );
  return parsed.data;
}

function requireNone(folder: string, names: readonly string[]): void {
  const other = names.find((name) => existsSync(join(folder, name)));
  if (other === undefined) return;
  const what = others[other] ?? 'the result of a measurement';
  throw new UsageError(`${folder}: holds ${what} (${other}); choose another folder, or remove this one`);
}

/**
 * The rule for those who keep a record of their own, such as a training run its `config.json`: that the folder holds nothing else of ours.
 * Throws UsageError.
 *
 * @param own Names of the files that are theirs.
 */
export function requireFree(folder: string, own: readonly string[]): void {
  requireNone(
    folder,
    [requestFile, ...Object.keys(others)].filter((name) => !own.includes(name)),
  );
}

function requireSameRequest(folder: string, found: OutputRequest, asked: OutputRequest): void {
  if (found.kind !== asked.kind)
    throw new UsageError(
      `${folder}: holds the result of ${printable(found.kind)}; choose another folder, or remove this one`,
    );
  const keys = [...new Set([...Object.keys(found.request), ...Object.keys(asked.request)])];
  const shown = (value: unknown) => {
    const text = JSON.stringify(value) ?? 'not set';
    return text.length > 80 ? `${text.slice(0, 77)}...` : text;
  };
  const differences = keys
    .filter((key) => JSON.stringify(found.request[key]) !== JSON.stringify(asked.request[key]))
    .map((key) => `${printable(key)} is ${shown(found.request[key])}, not ${shown(asked.request[key])}`);
  if (differences.length > 0)
    throw new UsageError(
      `${folder}: holds the result of another request (${differences.slice(0, 5).join('; ')}); choose another folder, or remove this one`,
    );
}
