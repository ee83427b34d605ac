import { RandomStream, type StreamKey } from '../../base/random.ts';
import { orthonormalize } from '../vectors.ts';

/** `count` orthonormal vectors that span a uniformly random subspace of n dimensions. */
export function randomBasis(n: number, count: number, key: StreamKey): Float64Array[] {
  const stream = new RandomStream(key);
  const fresh = () => stream.fillNormal(new Float64Array(n));
  const basis: Float64Array[] = [];
  while (basis.length < Math.min(count, n)) basis.push(orthonormalize(fresh(), basis, fresh));
  return basis;
}
