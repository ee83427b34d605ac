import { RandomStream } from '../base/random.ts';
import type { TensorData } from '../onnx/index.ts';
import { sizeOf, tensor } from '../onnx/index.ts';

/** How a parameter starts: see `initialize`. `uniform` is a bound b of U(-b, b), `normal` a standard deviation. */
export type Initializer =
  | 'kaimingNormal'
  | 'kaimingNormalFanOut'
  | 'uniformFanIn'
  | 'ones'
  | 'zeros'
  | { readonly uniform: number }
  | { readonly normal: number };

/** Running statistics are kept beside the parameters, as in PyTorch state dicts, but are not trained. */
export interface ParameterSpec {
  /** Name as in the PyTorch state dict of the same network, e.g. `layer1.0.conv1.weight`. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly init: Initializer;
  readonly trainable: boolean;
  /** Another name under which PyTorch's state dict holds the same tensor again, as of a decoder tied to its encoder. */
  readonly alias?: string;
}

/** A flat tree: parameter name to tensor. Names are those of PyTorch state dicts, so checkpoints map one to one. */
export type Params = ReadonlyMap<string, TensorData>;

/**
 * Fresh values for `specs`, deterministic in the seed and independent of the order of the list.
 * kaimingNormal: N(0, 2 / fanIn) and kaimingNormalFanOut: N(0, 2 / fanOut) (He et al. 2015); uniformFanIn:
 * U(-1/sqrt(fanIn), 1/sqrt(fanIn)), PyTorch's default for linear layers and convolutions. fanIn is the product of all
 * dimensions but the first, fanOut of all but the second.
 */
export function initialize(specs: readonly ParameterSpec[], seed: number): Params {
  const params = new Map<string, TensorData>();
  for (const { name, shape, init } of specs) {
    const data = new Float32Array(sizeOf(shape));
    const stream = new RandomStream({ seed, purpose: `init/${name}` });
    const rule = distribution(init, shape);
    if (typeof rule === 'number') data.fill(rule);
    else if ('normal' in rule) stream.fillNormal(data, rule.normal);
    else for (let i = 0; i < data.length; i++) data[i] = (2 * stream.uniform() - 1) * rule.uniform;
    params.set(name, tensor('float32', shape, data));
  }
  return params;
}

/** An initializer at a shape: a constant, or the width of a distribution. */
function distribution(init: Initializer, shape: readonly number[]): number | Exclude<Initializer, string> {
  if (typeof init === 'object') return init;
  switch (init) {
    case 'zeros':
      return 0;
    case 'ones':
      return 1;
    case 'kaimingNormal':
      return { normal: Math.sqrt(2 / sizeOf(shape.slice(1))) };
    case 'kaimingNormalFanOut':
      return { normal: Math.sqrt(2 / sizeOf(shape.filter((_, axis) => axis !== 1))) };
    case 'uniformFanIn':
      return { uniform: 1 / Math.sqrt(sizeOf(shape.slice(1))) };
  }
}

/** Number of trained values. */
export function parameterCount(specs: readonly ParameterSpec[]): number {
  return specs.filter((s) => s.trainable).reduce((n, s) => n + sizeOf(s.shape), 0);
}
