import { graphIdentity } from '../onnx/identity.ts';
import type { Network } from './network.ts';

const known = new WeakMap<Network, string>();

/**
 * The content identity of a network, in 64 hexadecimal digits: the SHA-256 of its graph for one example, weights, normalization and all. What its
 * weights are called and where they lie is no part of it. Computed once for each network.
 */
export function networkIdentity(network: Network): string {
  const before = known.get(network);
  if (before !== undefined) return before;
  const found = graphIdentity(network.graph(1));
  known.set(network, found);
  return found;
}
