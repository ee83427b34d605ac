import { z } from 'zod';
import { nameProblem, quote } from '../../formats/index.ts';
import { type Fence, fenceSchema, firstProblem } from '../../schema/index.ts';
import { processNote } from '../../trials/index.ts';
import { FilesRefused, keptFolder } from '../trial-files.ts';

/** What files a list is of: those that somebody else goes on from, or those that an ended trial leaves. */
export type ListName = 'checkpoint' | 'result';

/** Folders in one another. */
const deepest = 20;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const fileSchema = z.strictObject({
  /** Names of folders and of the file. */
  path: z.array(z.string()).min(1).max(deepest),
  bytes: z.int().nonnegative(),
  sha256,
});
export type ListedFile = Readonly<z.infer<typeof fileSchema>>;

/** Files of a trial. */
export const mostFiles = 10_000;

const manifestSchema = z.strictObject({
  kind: z.literal('files of a trial'),
  study: z.string(),
  ...fenceSchema.shape,
  files: z.array(fileSchema).max(mostFiles),
});
/** A list of files: written when all of them are in the bucket, and all that a reader looks at. */
export type Manifest = Readonly<z.infer<typeof manifestSchema>>;

/** Bytes of a list. */
export const longestManifest = 1 << 24;

/** Where objects lie: `STUDY/TRIAL/ATTEMPT/`, files by their content, so that none is ever written over. */
export const studyPrefix = (study: string): string => `${study}/`;
export const trialPrefix = (study: string, trial: string): string => `${study}/${trial}/`;
export const attemptPrefix = (study: string, { trial, attempt }: Fence): string => `${study}/${trial}/${attempt}/`;
export const fileKey = (study: string, fence: Fence, hash: string): string =>
  `${attemptPrefix(study, fence)}files/${hash}`;
export const listKey = (study: string, fence: Fence, list: ListName): string =>
  `${attemptPrefix(study, fence)}${list}.json`;
/** What tells workers that the coordinator means the same bucket. */
export const markKey = (study: string): string => `${study}/study.json`;

/** The number of the attempt that a key of a trial is of; undefined for a key that is none. */
export function attemptOfKey(key: string): number | undefined {
  const digits = key.split('/')[2];
  return digits !== undefined && /^[1-9]\d{0,6}$/.test(digits) ? Number(digits) : undefined;
}

/** Of what the queue keeps, only these go with a checkpoint. */
const keptNames = new Set(['curve.jsonl']);

/** Whether a file goes to a bucket: none that is half written, and none that is about a process of this machine. */
export function isCarried(names: readonly string[], list: ListName): boolean {
  const [first, second] = names;
  const name = names.at(-1)!;
  if (/^\..*\.tmp$/.test(name) || (names.length === 1 && name === processNote)) return false;
  return first !== keptFolder || (list === 'checkpoint' && names.length === 2 && keptNames.has(second!));
}

/** What is wrong with the names of a file; undefined for those that are fit. */
export const namesProblem = (names: readonly string[]): string | undefined =>
  names.length > deepest
    ? `expected at most ${deepest} folders`
    : names.map(nameProblem).find((problem) => problem !== undefined);

/** A list as it was read, checked. Throws FilesRefused for one that is none, is of another attempt, or has files that lead elsewhere. */
export function manifestOf(data: Uint8Array, study: string, fence: Fence, list: ListName): Manifest {
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(data).toString('utf8'));
  } catch (cause) {
    throw new FilesRefused('their list is no JSON', { cause });
  }
  const parsed = manifestSchema.safeParse(json);
  if (!parsed.success) throw new FilesRefused(`their list: ${firstProblem(parsed.error)}`, { cause: parsed.error });
  const manifest = parsed.data;
  if (manifest.study !== study || manifest.trial !== fence.trial || manifest.attempt !== fence.attempt)
    throw new FilesRefused('their list is that of another attempt');
  const seen = new Set(manifest.files.map(({ path }) => path.join('/')));
  if (seen.size < manifest.files.length) throw new FilesRefused('a file is listed twice');
  for (const { path } of manifest.files) {
    const shown = quote(path.join('/'));
    const problem = namesProblem(path);
    if (problem !== undefined) throw new FilesRefused(`${shown}: ${problem}`);
    if (!isCarried(path, list)) throw new FilesRefused(`${shown} is no file of a trial`);
    if (path.some((_, i) => i > 0 && seen.has(path.slice(0, i).join('/'))))
      throw new FilesRefused(`${shown} lies in what is a file as well`);
  }
  return manifest;
}
