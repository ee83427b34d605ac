import { z } from 'zod';
import { flags } from '../flags.ts';
import { folderPath } from '../request.ts';

/** What a demonstration is told. */
export const demoRequest = z.object({
  out: folderPath
    .default('out/demo')
    .describe('where the run and the report go; the same command again goes on')
    .register(flags, { value: 'dir' }),
  seed: z.int().min(0).default(0).describe('seed of the weights and of the images').register(flags, { value: 'n' }),
});
