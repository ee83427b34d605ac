/** Devices that train together, as a command line, a form and a slider ask for them. */
import { z } from 'zod';
import { InputError } from '../../base/errors.ts';
import { flags } from '../flags.ts';
import type { Of } from '../readonly.ts';
import type { Link } from './cost.ts';

/** What lies between devices, and what an hour of one costs. */
export const linkKeys = {
  bandwidth: z
    .number()
    .positive()
    .optional()
    .describe('between devices, for their all-reduce, in GB/s')
    .register(flags, { value: 'GB/s' }),
  latency: z.number().min(0).optional().describe('between devices, in microseconds').register(flags, { value: 'us' }),
  price: z
    .number()
    .min(0)
    .optional()
    .describe('of an hour of one device, in any currency')
    .register(flags, { value: 'p' }),
};

/** The same for several numbers of devices. */
export const clusterKeys = {
  devices: z
    .array(z.int().min(1))
    .min(1)
    .default([1])
    .describe('how many devices there may be, e.g. 1,2,4,8')
    .register(flags, { value: 'list' }),
  ...linkKeys,
};

/** How many devices there may be, what lies between them and what they cost. */
export type ClusterOptions = Of<z.ZodObject<typeof clusterKeys>>;

/** What lies between devices, in bytes a second and seconds; undefined where nothing is said of it. Throws InputError for a link of which half is missing. */
export function linkOf({ bandwidth, latency }: Pick<ClusterOptions, 'bandwidth' | 'latency'>): Link | undefined {
  if (bandwidth === undefined && latency === undefined) return undefined;
  if (latency === undefined) throw new InputError('bandwidth', 'goes with the latency between devices');
  if (bandwidth === undefined) throw new InputError('latency', 'goes with the bandwidth between devices');
  return { bandwidth: bandwidth * 1e9, latency: latency / 1e6, source: 'given' };
}
