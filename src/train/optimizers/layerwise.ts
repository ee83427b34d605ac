import { decayed, momentCorrections, moments } from './elementwise.ts';
import { scaledByTensor } from './groups.ts';
import type { Optimizer, OptimizerOptions } from './optimizer.ts';

/**
 * LARS (You, Gitman and Ginsburg 2017, 1708.03888, algorithm 1): v = m v + lr λ (g + d w), w -= v, with a rate
 * λ = trust |w| / (|g| + d |w|) for each tensor, 1 where either norm is 0. Outside `adaptOn` λ = 1 and d = 0.
 */
export function lars(options: OptimizerOptions): Optimizer {
  const { momentum = 0.9, weightDecay = 0, trust = 0.001, adaptOn: group = 'weights' } = options;
  return {
    name: 'lars',
    slots: ['momentum'],
    scalars: ['lr'],
    scalarsAt: (_, lr) => ({ lr }),
    apply(b, state) {
      const { layout, parameters, gradient, slots, scalars } = state;
      const direction = decayed(b, state, gradient, { weightDecay, group });
      const norms = [parameters, gradient] as const;
      const local = scaledByTensor(b, { layout, group, norms }, direction, (w, g) =>
        b.div(b.scale(w, trust), weightDecay === 0 ? g : b.add(g, b.scale(w, weightDecay))),
      );
      const velocity = b.add(b.scale(slots.momentum!, momentum), b.mul(local, scalars.lr!));
      return { parameters: b.sub(parameters, velocity), slots: { momentum: velocity } };
    },
  };
}

/**
 * LAMB (You et al. 2019, 1904.00962, algorithm 2): u = m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + epsilon) + d w with Adam's moments,
 * w -= lr |w| / |u| u for each tensor, with ratio 1 where either norm is 0. Outside `adaptOn` the ratio is 1 and d = 0.
 */
export function lamb(options: OptimizerOptions): Optimizer {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-6, weightDecay = 0, adaptOn: group = 'weights' } = options;
  const kept = { beta1, beta2, epsilon };
  return {
    name: 'lamb',
    slots: ['moment1', 'moment2'],
    scalars: ['lr', 'first', 'root'],
    scalarsAt: (step, lr) => ({ lr, ...momentCorrections(kept, step) }),
    apply(b, state) {
      const { layout, parameters, gradient, scalars } = state;
      const { ratio, slots } = moments(b, state, gradient, kept);
      const direction = decayed(b, state, b.mul(ratio, scalars.first!), { weightDecay, group });
      const norms = [parameters, direction] as const;
      const local = scaledByTensor(b, { layout, group, norms }, direction, (w, u) => b.div(w, u));
      return { parameters: b.sub(parameters, b.mul(local, scalars.lr!)), slots };
    },
  };
}
