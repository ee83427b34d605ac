import { z } from 'zod';

/** `linear-errors.json` beside a study. */
export const linearErrorsResult = z.array(
  z.object({
    workload: z.string().describe('name of the workload'),
    strategy: z.string().describe('name of the strategy'),
    batchSize: z.int().describe('of the step'),
    rate: z.number().describe('learning rate of the step'),
    error: z.number().describe('relative error of the linear approximation'),
    at: z.string().describe('weights that the step starts from'),
  }),
);
