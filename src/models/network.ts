import { UsageError } from '../errors.ts';
import type { Params } from '../nn/index.ts';
import type { Dim, Graph } from '../onnx/index.ts';
import { cifarNormalization, imagenetNormalization, type Model, type Normalization, type Task } from './model.ts';

/** A network with its weights: what every measurement starts from. */
export interface Network {
  readonly name: string;
  /** Where the weights come from, for tables and reports. */
  readonly weights: string;
  /** SHA-256 of the weights' file, or `random/SEED`. */
  readonly identity: string;
  /** What was changed of what a user's own file says, for whoever reads the results: a Softmax taken off, halves computed in float32, ... */
  readonly notes?: readonly string[];
  /** Only so many examples go through the network at a time, where its file is for one and more cannot be followed. */
  readonly largestBatch?: number;
  /** A user's own ONNX file is taken for a classifier. */
  readonly task: Task;
  readonly inputShape: readonly number[];
  readonly classes: number;
  /** Width of the state of a recurrent language model. */
  readonly state?: number;
  /** What a built-in network is made of; a user's own file does not say what is trained. */
  readonly builtFrom?: { readonly model: Model; readonly params: Params };
  /** Inputs and outputs by task: see `Task`. `length`: tokens of a sequence, for language. */
  graph(batch: Dim, length?: number): Graph;
}

export interface NetworkRequest {
  /** A built-in model's name, or the path of an `.onnx` file. */
  readonly model: string;
  /** A checkpoint file, or `random` for fresh values; Ballast's own where it has some. Not for `.onnx` files, which carry their own. */
  readonly weights?: string | undefined;
  readonly seed?: number;
  /** Number of classes for built-in models. */
  readonly classes?: number;
  /** Channels, height, width of the images, for the built-in models and ONNX files that take several sizes. */
  readonly inputShape?: readonly number[];
  /** Normalisation in front of the network: `imagenet`, `cifar10` or `none`. */
  readonly normalize?: string | undefined;
  /** Sizes of open dimensions of an ONNX file by name (`{ height: 224 }`); those of the images unless told. */
  readonly bind?: Readonly<Record<string, number>> | undefined;
  /** Which output of an ONNX file has the class scores; `logits`, or the first that can, unless told. */
  readonly logits?: string | undefined;
  /** The largest pixel that an ONNX file is made for, 1 or 255; found in the graph unless told. */
  readonly inputRange?: 1 | 255 | undefined;
}

const normalizations: Readonly<Record<string, Normalization>> = {
  imagenet: imagenetNormalization,
  cifar10: cifarNormalization,
  none: { mean: [0, 0, 0], std: [1, 1, 1] },
};

/** What `normalizationNamed` takes; `default` is the model's own. */
export const normalizationNames = [...Object.keys(normalizations), 'default'];

/** Undefined for `default`. Throws UsageError for a name that is none. */
export function normalizationNamed(name: string): Normalization | undefined {
  if (!normalizationNames.includes(name))
    throw new UsageError(`--normalize: expected ${normalizationNames.join(', ')}, got "${name}"`);
  return normalizations[name];
}
