import type { Command } from 'commander';
import { UsageError } from '../../../../base/errors.ts';
import type { Link } from '../../../../schema/index.ts';
import { number, numberList, wholeNumber } from '../../../flags/values.ts';

/** How many devices there may be, what lies between them and what they cost. */
export interface ClusterOptions {
  readonly devices: number[];
  readonly bandwidth?: number;
  readonly latency?: number;
  readonly price?: number;
}

/** Whole numbers from 1 on, with commas between them. */
export function batchList(text: string): number[] {
  const sizes = numberList(text);
  for (const size of sizes) wholeNumber(1)(String(size));
  return sizes;
}

export function addClusterOptions(command: Command): Command {
  return command
    .option('--devices <list>', 'how many devices there may be, e.g. 1,2,4,8', batchList, [1])
    .option('--bandwidth <GB/s>', 'between devices, for their all-reduce', number(0))
    .option('--latency <us>', 'between devices, in microseconds', number(0))
    .option('--price <p>', 'of an hour of one device, in any currency', number(0));
}

/** Undefined where nothing is said of it. Throws UsageError for a link of which half is missing. */
export function linkOf({ bandwidth, latency }: ClusterOptions): Link | undefined {
  if ((bandwidth === undefined) !== (latency === undefined))
    throw new UsageError('a link between devices has both a --bandwidth and a --latency');
  return bandwidth === undefined || latency === undefined
    ? undefined
    : { bandwidth: bandwidth * 1e9, latency: latency / 1e6, source: 'given' };
}
