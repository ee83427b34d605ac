import { z } from 'zod';
import { flags } from '../flags.ts';
import type { Of } from '../readonly.ts';
import { runtimeKeys } from '../request.ts';

/** One step, and what the linear approximation of the loss promised of it. */
export const linearErrorRow = z.object({
  workload: z.string().describe('name of the workload'),
  strategy: z.string().describe('name of the strategy'),
  batchSize: z.int().describe('of the step'),
  rate: z.number().describe('learning rate of the step'),
  error: z.number().describe('|L - L^| / (rate |g|²): relative error of the linear approximation'),
  absolute: z
    .number()
    .nullable()
    .default(null)
    .describe('|L - L^|, the paper’s, in units of the loss; null in what was measured before it was kept'),
  at: z.string().describe('weights that the step starts from, in words'),
});

/** `linear-errors.json` beside a study. */
export const linearErrorsResult = z.array(linearErrorRow);

export const linearErrorsRequest = z.object({
  folder: z
    .string()
    .describe('folder of a study of `ballast batch run`')
    .register(flags, { value: 'dir', positional: true }),
  data: z
    .string()
    .optional()
    .describe('folder of the data (default: where the study found it)')
    .register(flags, { value: 'dir' }),
  ...runtimeKeys,
});

/** Of which study the steps are looked at. */
export type LinearErrorsRequest = Of<typeof linearErrorsRequest>;
/** One step, and what the linear approximation of the loss promised of it. */
export type LinearErrorRow = Of<typeof linearErrorRow>;
