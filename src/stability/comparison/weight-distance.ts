import type { Network } from '../../models/index.ts';
import { toNumbers } from '../../onnx/index.ts';

/**
 * Euclidean distance of what is trained of a network from what it is in another one, over the norm of the latter: ‖w − w₀‖ / ‖w₀‖. Running statistics are not trained. Null where a file
 * does not say what is trained, for networks of other shapes, and where w₀ is 0.
 */
export function weightDistance(from: Network, to: Network): number | null {
  if (!from.builtFrom || !to.builtFrom) return null;
  const { model, params: origin } = from.builtFrom;
  const own = to.builtFrom.params;
  let [apart, length] = [0, 0];
  for (const { name } of model.parameters.filter((p) => p.trainable)) {
    const [a, b] = [origin.get(name), own.get(name)];
    if (!a || !b || a.data.length !== b.data.length) return null;
    const [before, after] = [toNumbers(a), toNumbers(b)];
    for (let i = 0; i < before.length; i++) {
      apart += (after[i]! - before[i]!) ** 2;
      length += before[i]! ** 2;
    }
  }
  return length > 0 ? Math.sqrt(apart / length) : null;
}
