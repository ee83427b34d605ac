import { InputError } from '../../base/errors.ts';
import type { Cluster, Link } from '../../schema/index.ts';

/** What lies between devices, from gigabytes a second and microseconds; undefined where nothing is said of it. Throws InputError where half of it is missing. */
export function linkOf({ bandwidth, latency }: Partial<Pick<Cluster, 'bandwidth' | 'latency'>>): Link | undefined {
  if ((bandwidth === undefined) !== (latency === undefined))
    throw new InputError(
      bandwidth === undefined ? 'latency' : 'bandwidth',
      'a link between devices has both a bandwidth and a latency',
    );
  return bandwidth === undefined || latency === undefined
    ? undefined
    : { bandwidth: bandwidth * 1e9, latency: latency / 1e6, source: 'given' };
}
