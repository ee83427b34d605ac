import { UsageError } from '../errors.ts';
import { type GraphBuilder, tensor, type Value } from '../onnx/index.ts';
import { type FlatEntry, type FlatLayout, flatLayout, flatParts } from './flat.ts';
import type { UpdateRule, UpdateState } from './step.ts';

/** An update rule and how its scalars follow from the step. */
export interface Optimizer extends UpdateRule {
  readonly name: string;
  /** Values of `scalars` at a step (0 for the first) with this learning rate. */
  scalarsAt(step: number, lr: number): Readonly<Record<string, number>>;
}

/** All parameters, or those of two or more dimensions alone: not the biases, nor the scales and shifts of norms. */
export type Extent = 'all' | 'weights';

export interface OptimizerOptions {
  /** SGD and LARS: m of v = m v + g. */
  readonly momentum?: number;
  /** L2 penalty added to the gradient; decoupled from it for AdamW and LAMB. */
  readonly weightDecay?: number;
  /** What weight decay applies to; `all` unless told, as in PyTorch, and for LARS and LAMB what `adaptOn` says. */
  readonly decayOn?: Extent;
  /** LARS and LAMB: what has a rate of its own, `weights` unless told; all the rest moves with the common one. */
  readonly adaptOn?: Extent;
  /** LARS: the share of a weight's norm that a step may change; 0.001 unless told. */
  readonly trust?: number;
  /** Adam's and LAMB's decay rates of the first and second moment. */
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
}

const isWeight = ({ shape }: FlatEntry) => shape.length > 1;

/** d w, where decay applies; undefined without decay. */
function penalty(
  b: GraphBuilder,
  { parameters, layout }: UpdateState,
  { weightDecay = 0, decayOn = 'all' }: OptimizerOptions,
): Value | undefined {
  if (weightDecay === 0) return undefined;
  if (decayOn === 'all' || layout.entries.every(isWeight)) return b.scale(parameters, weightDecay);
  const factors = new Float32Array(layout.length);
  for (const entry of layout.entries)
    if (isWeight(entry)) factors.fill(weightDecay, entry.offset, entry.offset + entry.length);
  return b.mul(parameters, b.constant(tensor('float32', [layout.length], factors), 'decay'));
}

/** g + d w. */
function decayed(b: GraphBuilder, state: UpdateState, options: OptimizerOptions): Value {
  const decay = penalty(b, state, options);
  return decay ? b.add(state.gradient, decay) : state.gradient;
}

/** Stochastic gradient descent as PyTorch has it: v = m v + g, w -= lr v (Nesterov: w -= lr (g + m v)). */
function sgd(name: string, options: OptimizerOptions, nesterov: boolean): Optimizer {
  const { momentum = 0 } = options;
  return {
    name,
    slots: momentum === 0 ? [] : ['momentum'],
    scalars: ['lr'],
    scalarsAt: (_, lr) => ({ lr }),
    apply(b, state) {
      const { parameters, slots, scalars } = state;
      const g = decayed(b, state, options);
      const velocity = slots.momentum && b.add(b.scale(slots.momentum, momentum), g);
      const direction = velocity ? (nesterov ? b.add(g, b.scale(velocity, momentum)) : velocity) : g;
      return {
        parameters: b.sub(parameters, b.mul(direction, scalars.lr!)),
        slots: velocity ? { momentum: velocity } : {},
      };
    },
  };
}

/** The moving averages of the gradient and of its square that Adam and LAMB keep. */
const moments = {
  slots: ['moment1', 'moment2'],
  /** 1 / (1 - b^t): what a moving average that began at 0 is divided by. */
  corrections: (step: number, { beta1 = 0.9, beta2 = 0.999 }: OptimizerOptions) => ({
    correction1: 1 / (1 - beta1 ** (step + 1)),
    correction2: 1 / Math.sqrt(1 - beta2 ** (step + 1)),
  }),
  /** The next moments, and m̂ / (sqrt(v̂) + epsilon) but for the first's correction. */
  next(b: GraphBuilder, { slots, scalars }: UpdateState, gradient: Value, options: OptimizerOptions, epsilon: number) {
    const { beta1 = 0.9, beta2 = 0.999 } = options;
    const moment1 = b.add(b.scale(slots.moment1!, beta1), b.scale(gradient, 1 - beta1));
    const moment2 = b.add(b.scale(slots.moment2!, beta2), b.scale(b.mul(gradient, gradient), 1 - beta2));
    const root = b.add(b.mul(b.op('Sqrt', [moment2]), scalars.correction2!), b.scalar(epsilon));
    return { slots: { moment1, moment2 }, direction: b.div(moment1, root) };
  },
};

/**
 * Adam (Kingma and Ba, 1412.6980) and AdamW (Loshchilov and Hutter, 1711.05101) as PyTorch has them:
 * w -= lr / (1 - b1^t) m / (sqrt(v / (1 - b2^t)) + epsilon), AdamW after w -= lr d w.
 */
function adam(name: string, options: OptimizerOptions, decoupled: boolean): Optimizer {
  return {
    name,
    slots: moments.slots,
    scalars: ['lr', 'rate', 'correction2'],
    scalarsAt: (step, lr) => {
      const { correction1, correction2 } = moments.corrections(step, options);
      return { lr, rate: lr * correction1, correction2 };
    },
    apply(b, state) {
      const { parameters, scalars } = state;
      const gradient = decoupled ? state.gradient : decayed(b, state, options);
      const { slots, direction } = moments.next(b, state, gradient, options, options.epsilon ?? 1e-8);
      const decay = decoupled ? penalty(b, state, options) : undefined;
      const kept = decay ? b.sub(parameters, b.mul(decay, scalars.lr!)) : parameters;
      return { parameters: b.sub(kept, b.mul(direction, scalars.rate!)), slots };
    },
  };
}

/** The 2-norm of each parameter in a vector, [parameters]. */
function norms(b: GraphBuilder, layout: FlatLayout, flat: Value): Value {
  const squares = flatParts(b, layout, flat).map((part) => b.op('ReduceSumSquare', [part, b.integers([0])]));
  return b.op('Sqrt', [b.concat(squares, 0)]);
}

/** `numerator / denominator` of two lists of norms and sums of them; 1 where `present` is 0, and for what has no rate of its own. */
function rates(
  b: GraphBuilder,
  layout: FlatLayout,
  adaptOn: Extent,
  { numerator, denominator, present }: { numerator: Value; denominator: Value; present: Value },
): Value {
  const adapted = layout.entries.map((entry) => (adaptOn === 'all' || isWeight(entry) ? 1 : 0));
  const mask = b.constant(tensor('float32', [adapted.length], Float32Array.from(adapted)), 'adapted');
  const own = b.op('Greater', [b.mul(present, mask), b.scalar(0)]);
  const one = b.scalar(1);
  return b.where(own, b.div(numerator, b.where(own, denominator, one)), one);
}

/** Each parameter of a vector times its own factor of `factors` [parameters]. */
function scaledEach(b: GraphBuilder, layout: FlatLayout, flat: Value, factors: Value): Value {
  const each = flatParts(b, flatLayout(layout.entries.map(({ name }) => ({ name, shape: [1] }))), factors);
  return b.concat(
    flatParts(b, layout, flat).map((part, i) => b.mul(part, each[i]!)),
    0,
  );
}

/**
 * LARS (You, Gitman, Ginsburg 2017, 1708.03888, algorithm 1): each weight has the rate lr r with r = trust ‖w‖ / (‖g‖ + d ‖w‖), or
 * r = 1 where a norm is 0; v = m v + lr r (g + d w), w -= v. Biases and norms have r = 1 and no decay, unless `adaptOn` is `all`.
 */
function lars(options: OptimizerOptions): Optimizer {
  const { momentum = 0.9, trust = 0.001, weightDecay = 0, adaptOn = 'weights', decayOn = adaptOn } = options;
  return {
    name: 'lars',
    slots: ['momentum'],
    scalars: ['lr'],
    scalarsAt: (_, lr) => ({ lr }),
    apply(b, state) {
      const { layout, parameters, gradient, slots, scalars } = state;
      const [w, g] = [norms(b, layout, parameters), norms(b, layout, gradient)];
      const local = rates(b, layout, adaptOn, {
        numerator: b.scale(w, trust),
        denominator: b.add(g, b.scale(w, weightDecay)),
        present: b.mul(w, g),
      });
      const direction = decayed(b, state, { weightDecay, decayOn });
      const scaled = b.mul(scaledEach(b, layout, direction, local), scalars.lr!);
      const velocity = b.add(b.scale(slots.momentum!, momentum), scaled);
      return { parameters: b.sub(parameters, velocity), slots: { momentum: velocity } };
    },
  };
}

/**
 * LAMB (You et al. 2019, 1904.00962, algorithm 2): u = m̂ / (sqrt(v̂) + epsilon) + d w with Adam's corrected moments,
 * w -= lr ‖w‖ / ‖u‖ u, the ratio being 1 where a norm is 0. Biases and norms have the ratio 1 and no decay, unless `adaptOn` is `all`.
 */
function lamb(options: OptimizerOptions): Optimizer {
  const { weightDecay = 0, adaptOn = 'weights', decayOn = adaptOn } = options;
  return {
    name: 'lamb',
    slots: moments.slots,
    scalars: ['lr', 'correction1', 'correction2'],
    scalarsAt: (step, lr) => ({ lr, ...moments.corrections(step, options) }),
    apply(b, state) {
      const { layout, parameters, gradient, scalars } = state;
      const { slots, direction } = moments.next(b, state, gradient, options, options.epsilon ?? 1e-6);
      const corrected = b.mul(direction, scalars.correction1!);
      const decay = penalty(b, state, { weightDecay, decayOn });
      const u = decay ? b.add(corrected, decay) : corrected;
      const [w, d] = [norms(b, layout, parameters), norms(b, layout, u)];
      const ratio = rates(b, layout, adaptOn, { numerator: w, denominator: d, present: b.mul(w, d) });
      return { parameters: b.sub(parameters, b.mul(scaledEach(b, layout, u, ratio), scalars.lr!)), slots };
    },
  };
}

interface Kind {
  readonly make: (options: OptimizerOptions) => Optimizer;
  /** Options that it takes beside the decay's. */
  readonly takes: readonly (keyof OptimizerOptions)[];
}

const adaptive = ['beta1', 'beta2', 'epsilon'] as const;

const kinds: Readonly<Record<string, Kind>> = {
  sgd: { make: (o) => sgd('sgd', o, false), takes: ['momentum'] },
  momentum: { make: (o) => sgd('momentum', { momentum: 0.9, ...o }, false), takes: ['momentum'] },
  nesterov: { make: (o) => sgd('nesterov', { momentum: 0.9, ...o }, true), takes: ['momentum'] },
  adam: { make: (o) => adam('adam', o, false), takes: adaptive },
  adamw: { make: (o) => adam('adamw', { weightDecay: 0.01, ...o }, true), takes: adaptive },
  lars: { make: lars, takes: ['momentum', 'trust', 'adaptOn'] },
  lamb: { make: lamb, takes: [...adaptive, 'adaptOn'] },
};

export const optimizerNames = Object.keys(kinds);

/** The optimiser of this name. Throws UsageError for an unknown one, and for an option that it does not take. */
export function optimizerNamed(name: string, options: OptimizerOptions = {}): Optimizer {
  const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
  if (!kind) throw new UsageError(`unknown optimiser "${name}"; expected ${optimizerNames.join(', ')}`);
  const takes: readonly string[] = ['weightDecay', 'decayOn', ...kind.takes];
  const other = Object.keys(options).find((key) => !takes.includes(key));
  if (other) throw new UsageError(`the optimiser ${name} has no ${other}; it takes ${takes.join(', ')}`);
  return kind.make(options);
}
