/** What a plan of the batch size is asked for, beside the training. */
import { z } from 'zod';
import { flags } from '../flags.ts';
import type { Of } from '../readonly.ts';
import { clusterKeys } from './cluster.ts';

export const planKeys = {
  steps: z
    .int()
    .min(16)
    .optional()
    .describe(
      'steps of the short run, the training with its schedule drawn together (default: a tenth of them, at least 200)',
    )
    .register(flags, { value: 'n' }),
  timing: z
    .number()
    .min(0)
    .default(20)
    .describe('for timed steps; batch sizes beyond are modelled')
    .register(flags, { value: 'seconds' }),
  batchSizes: z
    .array(z.int().min(1))
    .min(1)
    .optional()
    .describe('of the cost table (default: 8,16,...,8192 as far as the data go)')
    .register(flags, { value: 'list' }),
  command: z
    .string()
    .min(1)
    .optional()
    .describe('plan for a program: the study file that has its command, instead of a model and data')
    .register(flags, { value: 'study' }),
  workload: z
    .string()
    .min(1)
    .optional()
    .describe('with a command: which of the study file')
    .register(flags, { value: 'name' }),
  parameters: z
    .int()
    .min(1)
    .optional()
    .describe('with a command: how many it trains, which several devices have to sum')
    .register(flags, { value: 'n' }),
  against: z
    .string()
    .min(1)
    .optional()
    .describe('compare with a study: the JSON that `ballast batch report` printed of it')
    .register(flags, { value: 'file' }),
  ...clusterKeys,
};

const plan = z.object(planKeys);
/** What a plan is asked for, beside the training. */
export type PlanKeys = Of<typeof plan>;
