/** What a worker is started with. */
import { z } from 'zod';
import { flags } from '../flags.ts';
import type { Of } from '../readonly.ts';
import { folderPath, runtimeKeys } from '../request.ts';
import { studyRunKeys } from '../studies/progress.ts';
import { bucketKeys, queueKeys } from './queue.ts';

const folders = z.array(z.string().min(1)).min(1).optional();

export const workerRequest = z.object({
  queue: z
    .string()
    .min(1)
    .describe(
      'folder of a study that is handed out, which this machine sees as well, or redis://host:6379 (password in BALLAST_REDIS_PASSWORD)',
    )
    .register(flags, { value: 'where' }),
  namespace: queueKeys.namespace,
  redisCa: queueKeys.redisCa,
  data: folders
    .describe('with Redis: folders of data, which are known by their content')
    .register(flags, { value: 'dirs', several: 'words' }),
  shared: folders
    .describe('with Redis: folders that the coordinator sees as well, under the same path')
    .register(flags, { value: 'dirs', several: 'words' }),
  scratch: folderPath
    .optional()
    .describe('with Redis: for files of trials whose study lies in no shared folder')
    .register(flags, { value: 'dir' }),
  bucket: bucketKeys.bucket
    .describe(
      'with Redis: files of trials whose study names the same bucket go there, s3://NAME/PREFIX (keys in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile)',
    )
    .register(flags, { value: 'url' }),
  s3Endpoint: bucketKeys.s3Endpoint,
  maxParallel: z
    .int()
    .min(1)
    .default(1)
    .describe('trials at a time; the threads are divided among them')
    .register(flags, { value: 'n' }),
  threads: studyRunKeys.threads
    .describe('threads of all trials together (default: those that Slurm gives, else all cores)')
    .register(flags, { value: 'n' }),
  device: runtimeKeys.device.describe('cpu, webgpu or cuda').register(flags, { value: 'name' }),
  gpus: studyRunKeys.gpus
    .describe('graphics processors for commands, such as 0,1 (default: those that Slurm gives)')
    .register(flags, { value: 'list' }),
  allowCommands: z
    .boolean()
    .default(false)
    .describe('run commands of studies as well: whoever can write to the queue can run programs here'),
  seconds: z
    .int()
    .min(1)
    .optional()
    .describe('then save what runs, give it back, and end')
    .register(flags, { value: 'n' }),
  untilIdle: z.boolean().default(false).describe('end when nothing waits, instead of looking again'),
});
/** What a worker is started with. */
export type WorkerRequest = Of<typeof workerRequest>;
