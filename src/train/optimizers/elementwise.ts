import type { GraphBuilder, Value } from '../../onnx/index.ts';
import type { UpdateState } from '../step.ts';
import { changedOn } from './groups.ts';
import type { ParameterGroup } from './names.ts';
import type { Optimizer, OptimizerOptions } from './optimizer.ts';

/** x + d w in the group, x elsewhere: the L2 penalty's gradient added to x. */
export function decayed(
  b: GraphBuilder,
  { layout, parameters }: UpdateState,
  x: Value,
  { weightDecay, group }: { readonly weightDecay: number; readonly group: ParameterGroup },
): Value {
  if (weightDecay === 0) return x;
  return changedOn(b, { layout, group }, [x, parameters], (part, w) => b.add(part!, b.scale(w!, weightDecay)));
}

/** Stochastic gradient descent as PyTorch has it: v = m v + g, w -= lr v (Nesterov: w -= lr (g + m v)), with d w in g. */
export function sgd(name: string, options: OptimizerOptions, nesterov: boolean): Optimizer {
  const { momentum = 0, weightDecay = 0, decayOn: group = 'all' } = options;
  return {
    name,
    slots: momentum === 0 ? [] : ['momentum'],
    scalars: ['lr'],
    scalarsAt: (_, lr) => ({ lr }),
    apply(b, state) {
      const { parameters, slots, scalars } = state;
      const g = decayed(b, state, state.gradient, { weightDecay, group });
      const velocity = slots.momentum && b.add(b.scale(slots.momentum, momentum), g);
      const direction = velocity ? (nesterov ? b.add(g, b.scale(velocity, momentum)) : velocity) : g;
      return {
        parameters: b.sub(parameters, b.mul(direction, scalars.lr!)),
        slots: velocity ? { momentum: velocity } : {},
      };
    },
  };
}

/** How Adam's moments are kept, and what is made of them. */
export interface Moments {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

/** Adam's corrections of the moments' start at 0: of the first, and of the second's root. */
export const momentCorrections = ({ beta1, beta2 }: Moments, step: number) => ({
  first: 1 / (1 - beta1 ** (step + 1)),
  root: 1 / Math.sqrt(1 - beta2 ** (step + 1)),
});

/**
 * The moments m = b1 m + (1 - b1) g and v = b2 v + (1 - b2) g², and their ratio m / (sqrt(v) root + epsilon), in which m is not
 * corrected yet. `state.scalars.root` is that of `momentCorrections`.
 */
export function moments(
  b: GraphBuilder,
  { slots, scalars }: UpdateState,
  g: Value,
  { beta1, beta2, epsilon }: Moments,
) {
  const first = b.add(b.scale(slots.moment1!, beta1), b.scale(g, 1 - beta1));
  const second = b.add(b.scale(slots.moment2!, beta2), b.scale(b.mul(g, g), 1 - beta2));
  const root = b.add(b.mul(b.op('Sqrt', [second]), scalars.root!), b.scalar(epsilon));
  return { ratio: b.div(first, root), slots: { moment1: first, moment2: second } };
}

/**
 * Adam (Kingma and Ba, 1412.6980) and AdamW (Loshchilov and Hutter, 1711.05101) as PyTorch has them:
 * w -= lr / (1 - b1^t) m / (sqrt(v / (1 - b2^t)) + epsilon), with d w in g; AdamW instead after w *= 1 - lr d.
 */
export function adam(name: string, options: OptimizerOptions, decoupled: boolean): Optimizer {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0, decayOn: group = 'all' } = options;
  const kept = { beta1, beta2, epsilon };
  return {
    name,
    slots: ['moment1', 'moment2'],
    scalars: decoupled ? ['rate', 'root', 'keep'] : ['rate', 'root'],
    scalarsAt(step, lr) {
      const { first, root } = momentCorrections(kept, step);
      return { rate: lr * first, root, keep: 1 - lr * weightDecay };
    },
    apply(b, state) {
      const { layout, parameters, gradient, scalars } = state;
      const g = decoupled ? gradient : decayed(b, state, gradient, { weightDecay, group });
      const { ratio, slots } = moments(b, state, g, kept);
      const w = decoupled
        ? changedOn(b, { layout, group }, [parameters], (part) => b.mul(part!, scalars.keep!))
        : parameters;
      return { parameters: b.sub(w, b.mul(ratio, scalars.rate!)), slots };
    },
  };
}
