/** How a study is handed out, from what options say of it. */
import { resolve } from 'node:path';
import { isRedisUrl, redisChoice } from '../app/queue/index.ts';
import type { StudyOptions } from '../app/study/index.ts';
import { UsageError } from '../base/errors.ts';
import { type QueueRequest, queueChoiceSchema } from '../schema/index.ts';

/** What starts this very Ballast again. */
export const thisProgram = (): string[] => [process.execPath, ...process.execArgv, resolve(process.argv[1]!)];

/** Throws UsageError for options of a bucket without a Redis, and for the address of a bucket that is not named. */
function requireBucketFits({
  queue,
  bucket,
  s3Endpoint,
}: Pick<Partial<QueueRequest>, 'queue' | 'bucket' | 's3Endpoint'>): void {
  if ((queue === undefined || !isRedisUrl(queue)) && (bucket ?? s3Endpoint) !== undefined)
    throw new UsageError('--bucket and --s3-endpoint go with --queue redis://...');
  if (bucket === undefined && s3Endpoint !== undefined) throw new UsageError('--s3-endpoint goes with --bucket');
}

/** How the study is handed out; undefined where it is computed here. Throws UsageError for options that do not go together. */
export function handOutOf(options: Partial<QueueRequest>): NonNullable<StudyOptions['handOut']> | undefined {
  const { queue, partition, time, gpusPerTask, arrayLimit, sbatch, priority: urgency = 0 } = options;
  const slurm = {
    ...(partition === undefined ? {} : { partition }),
    ...(time === undefined ? {} : { seconds: time }),
    ...(gpusPerTask === undefined ? {} : { gpusPerTask }),
    ...(arrayLimit === undefined ? {} : { arrayLimit }),
    ...(sbatch === undefined ? {} : { sbatch }),
  };
  if (queue !== 'slurm' && Object.keys(slurm).length > 0)
    throw new UsageError('--partition, --time, --gpus-per-task, --array-limit and --sbatch go with --queue slurm');
  if ((queue === undefined || !isRedisUrl(queue)) && (options.namespace ?? options.redisCa) !== undefined)
    throw new UsageError('--namespace and --redis-ca go with --queue redis://...');
  requireBucketFits(options);
  if (queue === undefined) return undefined;
  const given = isRedisUrl(queue)
    ? redisChoice(queue, options)
    : queue === 'slurm'
      ? { kind: 'slurm', ...slurm }
      : { kind: queue };
  const choice = queueChoiceSchema.safeParse(given);
  if (choice.success) return { choice: choice.data, program: thisProgram(), priority: urgency };
  const [issue] = choice.error.issues;
  if (issue!.path[0] === 'kind') throw new UsageError(`--queue ${queue}: expected slurm, folder, or redis://host:6379`);
  throw new UsageError(`--${String(issue!.path[0])}: ${issue!.message}`);
}
