import { UsageError } from '../base/errors.ts';
import type { GraphBuilder, Value } from '../onnx/index.ts';

/**
 * A gradient of squared 2-norm `square`, scaled down to the norm `bound` where it is longer: g min(1, bound / (|g| + 1e-6)), as
 * PyTorch's clip_grad_norm_ has it (Pascanu, Mikolov and Bengio 2012, 1211.5063). Throws UsageError for a bound that is not positive.
 */
export function clipped(b: GraphBuilder, gradient: Value, square: Value, bound: number): Value {
  if (!(bound > 0 && Number.isFinite(bound)))
    throw new UsageError(`the gradient's norm can be clipped to a positive number, not to ${bound}`);
  const norm = b.add(b.op('Sqrt', [square]), b.scalar(1e-6));
  return b.mul(gradient, b.op('Min', [b.div(b.scalar(bound), norm), b.scalar(1)]));
}
