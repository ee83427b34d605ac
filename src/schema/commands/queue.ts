/** Where the trials of a study are computed, and what is done with a study that is handed out. */
import { z } from 'zod';
import { flags } from '../flags.ts';
import { bucketSchema, namespaceSchema, s3EndpointSchema, slurmOptionsSchema } from '../queue-choice.ts';
import type { Of } from '../readonly.ts';

const slurm = slurmOptionsSchema.shape;

/** What says where the trials of a study, or the pieces of a measurement, are computed. */
export const queueKeysOf = (what: 'trials' | 'pieces') => ({
  queue: z
    .string()
    .min(1)
    .optional()
    .describe(
      `hand the ${what} out: slurm (a job array), redis://host:6379 (to workers anywhere), or folder (to every \`ballast worker\` on ${what === 'trials' ? 'the same folder' : 'handed-out in it'}); docs/cluster.md`,
    )
    .register(flags, { value: 'where' }),
  namespace: namespaceSchema
    .optional()
    .describe('of the keys in Redis (default: default)')
    .register(flags, { value: 'name' }),
  redisCa: z
    .string()
    .min(1)
    .optional()
    .describe('certificate that signs that of Redis, for rediss://')
    .register(flags, { value: 'file' }),
  partition: slurm.partition.describe('of Slurm').register(flags, { value: 'name' }),
  time: slurm.seconds
    .describe('of a task of the array, such as 2:00:00 (default: that of the partition)')
    .register(flags, { value: 'limit', unit: 'slurm time' }),
  gpusPerTask: slurm.gpusPerTask.describe('graphics processors of a task of the array').register(flags, { value: 'n' }),
  arrayLimit: slurm.arrayLimit
    .unwrap()
    .optional()
    .describe('tasks of the array at a time (default: 50)')
    .register(flags, { value: 'n' }),
  sbatch: slurm.sbatch
    .unwrap()
    .optional()
    .describe('an option for sbatch, such as --account=lab; may be given several times')
    .register(flags, { value: 'option', several: 'times' }),
  priority: z
    .int()
    .min(-1000)
    .max(1000)
    .default(0)
    .describe(`of its ${what} against those of other studies, higher ones first`)
    .register(flags, { value: 'n' }),
});

/** Of files that go to a bucket. */
export const bucketKeys = {
  bucket: bucketSchema
    .optional()
    .describe(
      'with Redis: files of trials go to this bucket, s3://NAME/PREFIX, while they run and at their end; needs @aws-sdk/client-s3; docs/cluster.md',
    )
    .register(flags, { value: 'url' }),
  s3Endpoint: s3EndpointSchema
    .optional()
    .describe('of the bucket, where it is not at Amazon: http://host:9000')
    .register(flags, { value: 'url' }),
};

export const queueKeys = { ...queueKeysOf('trials'), ...bucketKeys };

const queue = z.object(queueKeys);
/** Where the trials of a study are computed; `time` in seconds. */
export type QueueRequest = Of<typeof queue>;

const folder = z.string().min(1).describe('the study on disk').register(flags, { positional: true, value: 'dir' });

export const drainRequest = z.object({
  folder,
  off: z.boolean().default(false).describe('give out trials again'),
});

export const retryRequest = z.object({
  folder,
  trials: z
    .array(z.string().min(1))
    .default([])
    .describe('beginnings of the ids of failed trials (default: all of them)')
    .register(flags, { positional: true }),
});

/** Of what needs to be told nothing but the study on disk. */
export const studyFolderRequest = z.object({ folder });
