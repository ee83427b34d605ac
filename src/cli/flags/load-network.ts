import { loadNetwork, type Network, type NetworkRequest } from '../../models/index.ts';
import { noteToUser } from '../terminal/notes.ts';

/** Loads a network and says on standard error what was changed of its file. */
export async function networkOf(request: NetworkRequest): Promise<Network> {
  const network = await loadNetwork(request);
  for (const note of network.notes ?? []) noteToUser(`${network.name}: ${note}`);
  return network;
}
