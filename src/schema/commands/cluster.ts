/** How many devices a training may have, what lies between them and what they cost: for plans and reports of studies. */
import { z } from 'zod';
import { flags } from '../flags.ts';
import type { Of } from '../readonly.ts';

export const clusterKeys = {
  devices: z
    .array(z.int().min(1))
    .min(1)
    .default([1])
    .describe('how many devices there may be, e.g. 1,2,4,8')
    .register(flags, { value: 'list' }),
  bandwidth: z
    .number()
    .positive()
    .optional()
    .describe('between devices, for their all-reduce')
    .register(flags, { value: 'GB/s' }),
  latency: z.number().min(0).optional().describe('between devices, in microseconds').register(flags, { value: 'us' }),
  price: z
    .number()
    .min(0)
    .optional()
    .describe('of an hour of one device, in any currency')
    .register(flags, { value: 'p' }),
};

const cluster = z.object(clusterKeys);
/** Devices, what lies between them (GB/s and microseconds) and what an hour of one costs. */
export type Cluster = Of<typeof cluster>;
