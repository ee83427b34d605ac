/** What is asked about models, data sets, kinds of results and shells. */
import { z } from 'zod';
import { flags } from '../flags.ts';
import type { Of } from '../readonly.ts';
import { splitName } from '../request.ts';

export const modelsRequest = z.object({
  name: z
    .string()
    .min(1)
    .optional()
    .describe('any member of a family, e.g. resnet110, unet32, lstm1x650')
    .register(flags, { positional: true }),
});

export const datasetsRequest = z.object({
  name: z.string().min(1).optional().describe('the one to describe').register(flags, { positional: true }),
  data: z
    .string()
    .min(1)
    .optional()
    .describe('read the named data set from here (procedural ones are made without)')
    .register(flags, { value: 'dir' }),
  split: splitName.optional().describe('read this split alone (default: all)').register(flags, { value: 'name' }),
});

export const schemaRequest = z.object({
  kind: z
    .string()
    .min(1)
    .optional()
    .describe('the one to print as JSON Schema 2020-12')
    .register(flags, { positional: true }),
  request: z
    .boolean()
    .default(false)
    .describe('the schema of its request, in which what has a default can be left out'),
});

export const completionRequest = z.object({
  shell: z.enum(['bash', 'zsh', 'fish']).describe('the shell that completes').register(flags, { positional: true }),
});

/** Which data set is described. */
export type DatasetsRequest = Of<typeof datasetsRequest>;
