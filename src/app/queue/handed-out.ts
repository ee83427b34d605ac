/** What a study's folder keeps of how it is handed out, and the way to its queue. */
import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { FileError, UsageError } from '../../base/errors.ts';
import { makeFolder, pathBelow, quote, writeFileAtomic } from '../../formats/index.ts';
import {
  connect,
  FolderQueue,
  openBucket,
  RedisQueue,
  SlurmQueue,
  StudyBucket,
  type TrialQueue,
} from '../../queue/index.ts';
import { type QueueChoice, queueChoiceSchema } from '../../schema/index.ts';
import { dataToFind } from './trial-place.ts';

const handedOutSchema = z.strictObject({
  choice: queueChoiceSchema,
  /** What starts Ballast on a compute node. */
  program: z.array(z.string()).min(1),
  /** Of its trials, against those of other studies; higher ones first. */
  priority: z.int(),
  /** Whether trials are commands of the study. */
  commands: z.boolean(),
});
export type HandedOut = Readonly<z.infer<typeof handedOutSchema>>;

const pathIn = (study: string) => join(study, 'queue', 'handed-out.json');

/** How the study in a folder is handed out; undefined where it is not. Throws FileError. */
export async function handedOutIn(study: string): Promise<HandedOut | undefined> {
  const path = pathIn(study);
  if (!existsSync(path)) return undefined;
  try {
    return handedOutSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (cause) {
    throw new FileError(path, 'does not say how the study is handed out; remove it to compute the study here', {
      cause,
    });
  }
}

/** The same for a study that has to be. Throws UsageError. */
export async function requireHandedOut(study: string): Promise<HandedOut> {
  const found = await handedOutIn(study);
  if (found === undefined)
    throw new UsageError(`${quote(study)} is not handed out to a queue; nothing of it waits there`);
  return found;
}

/** Throws UsageError for a study whose trials others may be at. */
export async function requireNotHandedOut(study: string): Promise<void> {
  const found = await handedOutIn(study);
  if (found === undefined) return;
  throw new UsageError(
    `${quote(study)} is handed out (${found.choice.kind}): go on with the same queue, or take its trials back first, ballast queue cancel ${quote(study)}`,
  );
}

/** The same way as before for a study that is handed out already. Throws UsageError where that was another one: whoever works on it would not know. */
export async function goingOn(study: string, choice: QueueChoice): Promise<QueueChoice> {
  const before = (await handedOutIn(study))?.choice;
  if (before === undefined) return choice;
  if (choice.kind === 'redis' && before.kind === 'redis') {
    if (before.bucket !== choice.bucket)
      throw new UsageError(
        `${quote(study)} is handed out already ${before.bucket === undefined ? 'without a bucket' : `with the bucket ${before.bucket}`}; take its trials back first, ballast queue cancel ${quote(study)}`,
      );
    if (before.url === choice.url && before.namespace === choice.namespace) return { ...choice, study: before.study };
  } else if (choice.kind === before.kind) return choice;
  throw new UsageError(
    `${quote(study)} is handed out already (${before.kind}); take its trials back first, ballast queue cancel ${quote(study)}`,
  );
}

export async function noteHandedOut(study: string, handed: HandedOut): Promise<void> {
  await makeFolder(join(study, 'queue'));
  await writeFileAtomic(pathIn(study), `${JSON.stringify(handed, null, 1)}\n`);
}

/** Nothing of it waits with anybody any more. */
export const forgetHandedOut = (study: string): Promise<void> => rm(pathIn(study), { force: true });

type RedisChoice = Extract<QueueChoice, { kind: 'redis' }>;

async function openStudyBucket({ bucket, s3Endpoint, study }: RedisChoice): Promise<StudyBucket> {
  return new StudyBucket(await openBucket({ url: bucket!, endpoint: s3Endpoint }), study);
}

/** Makes sure that the bucket of a study is there and takes what is written to it; nothing for one without. Throws BallastError with what is wrong with it. */
export async function requireBucket(choice: QueueChoice): Promise<void> {
  if (choice.kind !== 'redis' || choice.bucket === undefined) return;
  const own = await openStudyBucket(choice);
  try {
    await own.bucket.check();
    await own.mark();
  } finally {
    own.bucket.close();
  }
}

/** The way to whoever computes the study in a folder. */
export async function openQueue(
  study: string,
  { choice, program, commands }: HandedOut,
  onNote: ((note: string) => void) | undefined,
): Promise<TrialQueue> {
  switch (choice.kind) {
    case 'folder':
      return new FolderQueue(study);
    case 'slurm':
      return new SlurmQueue(study, { slurm: choice, program, commands, onNote });
    case 'redis':
      return new RedisQueue({
        redis: await connect(choice),
        namespace: choice.namespace,
        study: choice.study,
        folderOf: (trial) => pathBelow(join(study, 'trials'), trial.slice(0, 16)),
        dataOf: dataToFind,
        ...(choice.bucket === undefined ? {} : { bucket: { url: choice.bucket, open: () => openStudyBucket(choice) } }),
        onNote,
      });
  }
}
