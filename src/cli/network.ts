import { loadNetwork as load, type Network, type NetworkRequest } from '../models/index.ts';

/** The network that the options name; what is to be known of its weights goes to standard error, a line each. */
export async function loadNetwork(request: NetworkRequest): Promise<Network> {
  const network = await load(request);
  for (const note of network.notes ?? []) process.stderr.write(`note: ${note}\n`);
  return network;
}
