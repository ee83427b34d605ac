/** A schedule of batch, rate, weight decay and beta2 for a trainer: what it is asked for. */
import { z } from 'zod';
import { flags } from '../flags.ts';
import { rateRule } from '../measurements/branches.ts';
import type { Of } from '../readonly.ts';

const known = 'The training that is known to go well';
const changed = 'What is made of it';

const some = (schema: z.ZodType<number>, what: string, value: string, group: string) =>
  schema.optional().describe(what).register(flags, { value, group });
const whole = z.int().min(1);
const positive = z.number().positive();

export const scheduleRequest = z.object({
  strategy: z
    .enum(['adamw', 'seesaw', 'warm-up', 'average'])
    .describe(
      'adamw: the training at another batch size; seesaw: the batch grows where the rate would fall; warm-up: the batch that branches measured; average: a constant rate with averaged weights',
    )
    .register(flags, { positional: true }),
  batchSize: some(whole, 'its batch size', 'n', known),
  rate: some(positive, 'its learning rate', 'rate', known),
  examples: some(z.number().min(1), 'of all of it; tokens where its batch is in tokens', 'n', known),
  weightDecay: some(z.number().min(0), 'its decoupled weight decay', 'd', known),
  beta2: some(z.number().min(0).lt(1), 'its decay rate of the second moment', 'b', known),
  toBatch: some(whole, 'adamw: the other batch size', 'n', changed),
  toExamples: some(z.number().min(1), 'adamw: another length (default: the same)', 'n', changed),
  rateRule: rateRule
    .default('sqrt')
    .describe('adamw: how the rate follows the batch')
    .register(flags, { value: 'rule', group: changed }),
  decay: z
    .enum(['cosine', 'linear'])
    .default('cosine')
    .describe('seesaw: how the rate would fall')
    .register(flags, { value: 'kind', group: changed }),
  mostBatch: some(
    whole,
    'seesaw: the largest batch (default: 16 times the first); the critical one is its bound',
    'n',
    changed,
  ),
  branches: z
    .string()
    .optional()
    .describe('warm-up: what `ballast batch branch` wrote (a folder, or result.json)')
    .register(flags, { value: 'result', group: changed }),
  cautious: z
    .boolean()
    .default(false)
    .describe('warm-up: by the lower ends of the intervals')
    .register(flags, { group: changed }),
  halfLife: z
    .number()
    .gt(0)
    .lt(1)
    .default(0.05)
    .describe('average: of the average, as a share of the training')
    .register(flags, { value: 'share', group: changed }),
  format: z
    .enum(['python', 'yaml', 'json'])
    .default('python')
    .describe('for a trainer')
    .register(flags, { value: 'name', group: changed }),
});

/** Which schedule is asked for. */
export type ScheduleRequest = Of<typeof scheduleRequest>;
