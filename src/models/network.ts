import type { Params } from '../nn/index.ts';
import type { Dim, Graph } from '../onnx/index.ts';
import type { Model, Task } from './model.ts';
import type { AppliedNormalization } from './normalization.ts';

/** A network with its weights: what every measurement starts from. */
export interface Network {
  readonly name: string;
  /** Where the weights come from, for tables and reports. */
  readonly weights: string;
  /**
   * What a user should know of how the network was read, a sentence each: which of several sets of weights was taken, what was passed over,
   * a Softmax taken off, halves computed in float32.
   */
  readonly notes?: readonly string[];
  /** Only so many examples go through the network at a time, where its file is for one and more cannot be followed. */
  readonly largestBatch?: number;
  /** A user's own ONNX file is taken for a classifier. */
  readonly task: Task;
  readonly inputShape: readonly number[];
  readonly classes: number;
  /** Names of the classes by output, where the weights say so. */
  readonly classNames?: readonly string[];
  /** What is done to pixels from 0 to 1 before the network sees them; absent where nothing is known of it, and for texts. */
  readonly normalization?: AppliedNormalization;
  /** Width of the state of a recurrent language model. */
  readonly state?: number;
  /** What a built-in network is made of; a user's own file does not say what is trained. */
  readonly builtFrom?: { readonly model: Model; readonly params: Params };
  /** Inputs and outputs by task: see `Task`. `length`: tokens of a sequence, for language. */
  graph(batch: Dim, length?: number): Graph;
}

/** Which network, with which weights, and how it is to be read. */
export interface NetworkRequest {
  /** A built-in model's name, or the path of an `.onnx` file. */
  readonly model: string;
  /** A checkpoint file, or `random` for fresh values; Ballast's own where it has some. Not for `.onnx` files, which carry their own. */
  readonly weights?: string | undefined;
  /** Which set of weights to take from a checkpoint that holds several, by its key in the file (`model_ema`). */
  readonly weightsKey?: string | undefined;
  readonly seed?: number;
  /** Number of classes for built-in models. */
  readonly classes?: number;
  /** Channels, height, width of the images, for the built-in models and ONNX files that take several sizes. */
  readonly inputShape?: readonly number[];
  /** Normalization in front of the network: what `normalizationNamed` takes. */
  readonly normalize?: string | undefined;
  /** Sizes of open dimensions of an ONNX file by name (`{ height: 224 }`); those of the images unless told. */
  readonly bind?: Readonly<Record<string, number>> | undefined;
  /** Which output of an ONNX file has the class scores; `logits`, or the first that can, unless told. */
  readonly logits?: string | undefined;
  /** The largest pixel that an ONNX file is made for, 1 or 255; found in the graph unless told. */
  readonly inputRange?: 1 | 255 | undefined;
}
