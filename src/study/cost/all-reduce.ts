import { UsageError } from '../../base/errors.ts';
import type { Link } from '../../schema/index.ts';

export type { Link };

/**
 * Seconds of a ring all-reduce of `bytes` on `devices` devices: 2 (D - 1) rounds, in each of which every device sends a D-th part,
 * 2 (D - 1)/D bytes/bandwidth + 2 (D - 1) latency (Patarasuk and Yuan 2009; bandwidth-optimal). Nothing is assumed to
 * overlap with computing, so it is an upper bound for frameworks that send while they differentiate. 0 for one device.
 */
export function ringAllReduceSeconds(devices: number, bytes: number, { bandwidth, latency }: Link): number {
  if (!(Number.isInteger(devices) && devices >= 1))
    throw new UsageError(`expected a whole number of devices of at least 1, got ${devices}`);
  if (!(bandwidth > 0 && latency >= 0))
    throw new UsageError(`expected a positive bandwidth and a latency of at least 0, got ${bandwidth} and ${latency}`);
  const rounds = 2 * (devices - 1);
  return (rounds / devices) * (bytes / bandwidth) + rounds * latency;
}
