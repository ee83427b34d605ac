import type { Command } from 'commander';
import { z } from 'zod';
import { type ClusterOptions, checkRequest, clusterKeys, type Link, linkOf } from '../../../../schema/index.ts';
import { addRequestOptions, requestFrom } from '../../../flags/request-options.ts';
import { numberList, wholeNumber } from '../../../flags/values.ts';

/** Whole numbers from 1 on, with commas between them. */
export function batchList(text: string): number[] {
  const sizes = numberList(text);
  for (const size of sizes) wholeNumber(1)(String(size));
  return sizes;
}

const cluster = z.object(clusterKeys);

export const addClusterOptions = (command: Command): Command => addRequestOptions(command, cluster);

/** How many devices there may be, what lies between them and what they cost, out of all that a command was called with. Throws InputError. */
export function clusterFrom(
  options: ClusterOptions,
): Pick<ClusterOptions, 'devices' | 'price'> & { readonly link: Link | undefined } {
  const { devices, price, ...link } = checkRequest(cluster, requestFrom(cluster, { ...options }, []));
  return { devices, price, link: linkOf(link) };
}
