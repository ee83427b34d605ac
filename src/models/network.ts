import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { FileError, InputError } from '../errors.ts';
import { decodeWeights, expectedWeights, readBytes } from '../formats/index.ts';
import { initialize, matchParameters, type Params } from '../nn/index.ts';
import { type Dim, type Graph, GraphBuilder, readModel, tensorOf } from '../onnx/index.ts';
import { cifarNormalization, imagenetNormalization, type Model, type Normalization, type Task } from './model.ts';
import { modelNamed } from './registry.ts';

/** A network with its weights: what every measurement starts from. */
export interface Network {
  readonly name: string;
  /** Where the weights come from, for tables and reports. */
  readonly weights: string;
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
  /** Channels, height, width of the images, for the built-in models that take other sizes than their default. */
  readonly inputShape?: readonly number[];
  /** Normalisation in front of the network: `imagenet`, `cifar10` or `none`. */
  readonly normalize?: string | undefined;
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
    throw new InputError('normalize', `expected ${normalizationNames.join(', ')}, got "${name}"`);
  return normalizations[name];
}

/** The weights that Ballast has trained itself and brings along, with a model card beside each. */
const bundled: Readonly<Record<string, URL>> = Object.fromEntries(
  ['resnet20', 'resnet56'].map((name) => [name, new URL(`../../weights/${name}.safetensors`, import.meta.url)]),
);

/** The path of the weights that Ballast brings along for a built-in model, where it does. */
export function ownWeights(name: string): string | undefined {
  const path = Object.hasOwn(bundled, name) ? fileURLToPath(bundled[name]!) : undefined;
  return path && existsSync(path) ? path : undefined;
}

/** Loads a network: a built-in one with a checkpoint or fresh values, or a user's own ONNX file. */
export async function loadNetwork(request: NetworkRequest): Promise<Network> {
  return request.model.endsWith('.onnx') ? loadOnnx(request) : loadBuiltIn(request);
}

async function loadBuiltIn(request: NetworkRequest): Promise<Network> {
  const { model: name, seed = 0, classes, inputShape } = request;
  const weights = request.weights ?? ownWeights(name);
  const laidOut = (normalize: string | undefined) => {
    const normalization = normalize === undefined ? undefined : normalizationNamed(normalize);
    return modelNamed(name, {
      ...(classes === undefined ? {} : { classes }),
      ...(inputShape === undefined ? {} : { inputShape }),
      ...(normalization === undefined ? {} : { normalization }),
    });
  };
  if (weights === undefined) {
    laidOut(request.normalize);
    throw new InputError(
      'weights',
      `is missing: expected a checkpoint (.th, .pt, .safetensors) for ${name}, or "random"`,
    );
  }
  if (weights === 'random') {
    const model = laidOut(request.normalize);
    return {
      ...withValues(model, initialize(model.parameters, seed)),
      name,
      weights: `freshly initialised (seed ${seed})`,
    };
  }
  const bytes = await readBytes(weights, expectedWeights);
  const { tensors, metadata } = decodeWeights(bytes, weights);
  // What `ballast train` writes says how pixels were normalised.
  const model = laidOut(request.normalize ?? metadata.normalize);
  const params = matchParameters(model.parameters, tensors, weights);
  // Where Ballast is installed says nothing to a reader of results.
  const shown = request.weights === undefined ? `Ballast’s own weights/${name}.safetensors` : weights;
  return { ...withValues(model, params), name, weights: shown };
}

/** A model with these values: a network but for where they come from. */
export function withValues(model: Model, params: Params): Omit<Network, 'weights'> {
  const { name, task, inputShape, classes, state } = model;
  return {
    name,
    task,
    inputShape,
    classes,
    ...(state === undefined ? {} : { state }),
    builtFrom: { model, params },
    graph: (batch, length) => model.build(params, batch, length),
  };
}

async function loadOnnx({ model: path, weights, normalize = 'none' }: NetworkRequest): Promise<Network> {
  if (weights !== undefined) throw new InputError('weights', `does not go with ${path}: an .onnx file carries its own`);
  const normalization = normalizationNamed(normalize);
  const bytes = await readBytes(path, 'an ONNX model file');
  const graphs = new Map<Dim, Graph>();
  const graph = (batch: Dim): Graph => {
    const known = graphs.get(batch);
    if (known) return known;
    const made = withPixels(readModel(bytes, { path, bind: batch }), normalization, path);
    graphs.set(batch, made);
    return made;
  };
  const { inputs, outputs } = graph(1);
  return {
    name: path,
    weights: path,
    task: 'classification',
    inputShape: inputs[0]!.shape.slice(1) as number[],
    classes: outputs[0]!.value.shape[1] as number,
    graph,
  };
}

/** Gives a foreign classifier our interface: input `image` in [0, 1], output `logits`. */
function withPixels(own: Graph, normalization: Normalization | undefined, path: string): Graph {
  const [input, ...more] = own.inputs;
  const output = own.outputs[0];
  if (!input || more.length || input.shape.length !== 4) {
    throw new FileError(
      path,
      `expected one input [batch, channels, height, width], got ${own.inputs.map((v) => `${v.name}[${v.shape}]`).join(', ')}`,
    );
  }
  if (output?.value.shape.length !== 2) {
    throw new FileError(path, `expected a first output [batch, classes], got [${output?.value.shape ?? ''}]`);
  }
  const channels = input.shape[1] as number;
  const b = new GraphBuilder(own.name);
  const image = b.input('image', 'float32', input.shape);
  let x = image;
  if (normalization && normalization !== normalizations.none) {
    const { mean, std } = normalization;
    if (channels !== mean.length)
      throw new InputError('normalize', `needs ${mean.length} channels, ${path} has ${channels}`);
    const perChannel = (values: readonly number[]) => b.constant(tensorOf('float32', [1, channels, 1, 1], values));
    x = b.mul(b.sub(image, perChannel(mean)), perChannel(std.map((s) => 1 / s)));
  }
  const copies = b.inline(own, { [input.name]: x });
  b.output('logits', copies.get(output.value)!);
  return b.build();
}
