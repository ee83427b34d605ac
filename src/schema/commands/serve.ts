import { z } from 'zod';
import { flags } from '../flags.ts';
import type { Of } from '../readonly.ts';
import { folderPath } from '../request.ts';

/** What the dashboard is started with. */
export const serveRequest = z.object({
  folder: folderPath
    .default('.')
    .describe('the folder: its studies, results and runs')
    .register(flags, { positional: true, value: 'dir' }),
  port: z
    .int()
    .min(0)
    .max(65_535)
    .default(4747)
    .describe('where it listens; 0 for one that is free')
    .register(flags, { value: 'n' }),
  host: z
    .string()
    .min(1)
    .default('127.0.0.1')
    .describe('who can reach it; elsewhere than on this machine a token is needed')
    .register(flags, { value: 'address' }),
  openapi: z.boolean().default(false).describe('print the OpenAPI document of what it answers, and stop'),
});
/** What the dashboard is started with. */
export type ServeRequest = Of<typeof serveRequest>;
