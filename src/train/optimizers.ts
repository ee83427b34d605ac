import { UsageError } from '../errors.ts';
import type { GraphBuilder, Value } from '../onnx/index.ts';
import type { UpdateRule, UpdateState } from './step.ts';

/** An update rule and how its scalars follow from the step. */
export interface Optimizer extends UpdateRule {
  readonly name: string;
  /** Values of `scalars` at a step (0 for the first) with this learning rate. */
  scalarsAt(step: number, lr: number): Readonly<Record<string, number>>;
}

export interface OptimizerOptions {
  /** SGD with momentum: m of v = m v + g. */
  readonly momentum?: number;
  /** L2 penalty added to the gradient; decoupled from it for AdamW. */
  readonly weightDecay?: number;
  /** Adam's decay rates of the first and second moment. */
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
}

/** g + d w. */
function decayed(b: GraphBuilder, { gradient, parameters }: UpdateState, decay: number): Value {
  return decay === 0 ? gradient : b.add(gradient, b.scale(parameters, decay));
}

/** Stochastic gradient descent as PyTorch has it: v = m v + g, w -= lr v (Nesterov: w -= lr (g + m v)). */
function sgd(name: string, { momentum = 0, weightDecay = 0 }: OptimizerOptions, nesterov: boolean): Optimizer {
  return {
    name,
    slots: momentum === 0 ? [] : ['momentum'],
    scalars: ['lr'],
    scalarsAt: (_, lr) => ({ lr }),
    apply(b, state) {
      const { parameters, slots, scalars } = state;
      const g = decayed(b, state, weightDecay);
      const velocity = slots.momentum && b.add(b.scale(slots.momentum, momentum), g);
      const direction = velocity ? (nesterov ? b.add(g, b.scale(velocity, momentum)) : velocity) : g;
      return {
        parameters: b.sub(parameters, b.mul(direction, scalars.lr!)),
        slots: velocity ? { momentum: velocity } : {},
      };
    },
  };
}

/**
 * Adam (Kingma and Ba, 1412.6980) and AdamW (Loshchilov and Hutter, 1711.05101) as PyTorch has them:
 * w -= lr / (1 - b1^t) m / (sqrt(v / (1 - b2^t)) + epsilon), AdamW after w *= 1 - lr d.
 */
function adam(name: string, options: OptimizerOptions, decoupled: boolean): Optimizer {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0 } = options;
  return {
    name,
    slots: ['moment1', 'moment2'],
    scalars: ['rate', 'correction', 'keep'],
    scalarsAt: (step, lr) => ({
      rate: lr / (1 - beta1 ** (step + 1)),
      correction: 1 / Math.sqrt(1 - beta2 ** (step + 1)),
      keep: decoupled ? 1 - lr * weightDecay : 1,
    }),
    apply(b, state) {
      const { slots, scalars } = state;
      const g = decoupled ? state.gradient : decayed(b, state, weightDecay);
      const first = b.add(b.scale(slots.moment1!, beta1), b.scale(g, 1 - beta1));
      const second = b.add(b.scale(slots.moment2!, beta2), b.scale(b.mul(g, g), 1 - beta2));
      const root = b.add(b.mul(b.op('Sqrt', [second]), scalars.correction!), b.scalar(epsilon));
      const kept = b.mul(state.parameters, scalars.keep!);
      const moved = b.sub(kept, b.mul(b.div(first, root), scalars.rate!));
      return { parameters: moved, slots: { moment1: first, moment2: second } };
    },
  };
}

const made: Readonly<Record<string, (options: OptimizerOptions) => Optimizer>> = {
  sgd: (o) => sgd('sgd', o, false),
  momentum: (o) => sgd('momentum', { momentum: 0.9, ...o }, false),
  nesterov: (o) => sgd('nesterov', { momentum: 0.9, ...o }, true),
  adam: (o) => adam('adam', o, false),
  adamw: (o) => adam('adamw', { weightDecay: 0.01, ...o }, true),
};

export const optimizerNames = Object.keys(made);

/** The optimiser of this name. Throws UsageError for an unknown one. */
export function optimizerNamed(name: string, options: OptimizerOptions = {}): Optimizer {
  const make = Object.hasOwn(made, name) ? made[name] : undefined;
  if (!make) throw new UsageError(`unknown optimiser "${name}"; expected ${optimizerNames.join(', ')}`);
  return make(options);
}
