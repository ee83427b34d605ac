import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { FileError, UsageError } from '../errors.ts';
import { decodeWeights, expectedWeights, readBytes } from '../formats/index.ts';
import { initialize, matchParameters, type Params } from '../nn/index.ts';
import { type Dim, type Graph, GraphBuilder, readModel, tensorOf } from '../onnx/index.ts';
import { checkConstants } from './finite-constants.ts';
import type { Model, Task } from './model.ts';
import {
  type AppliedNormalization,
  forChannels,
  type Normalization,
  normalizationName,
  normalizationNamed,
} from './normalization.ts';
import { modelNamed } from './registry.ts';

/** A network with its weights: what every measurement starts from. */
export interface Network {
  readonly name: string;
  /** Where the weights come from, for tables and reports. */
  readonly weights: string;
  /** SHA-256 of the weights' file, or `random/SEED`. */
  readonly identity: string;
  /** What a user should know of how the weights were read, a sentence each: which of several sets was taken, what was passed over. */
  readonly notes?: readonly string[];
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
  /** Channels, height, width of the images, for the built-in models that take other sizes than their default. */
  readonly inputShape?: readonly number[];
  /** Normalisation in front of the network: what `normalizationNamed` takes. */
  readonly normalize?: string | undefined;
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

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** Loads a network: a built-in one with a checkpoint or fresh values, or a user's own ONNX file. */
export async function loadNetwork(request: NetworkRequest): Promise<Network> {
  return request.model.endsWith('.onnx') ? loadOnnx(request) : loadBuiltIn(request);
}

async function loadBuiltIn(request: NetworkRequest): Promise<Network> {
  const { model: name, seed = 0, classes, inputShape, weightsKey } = request;
  const weights = request.weights ?? ownWeights(name);
  if (weightsKey !== undefined && weights === 'random')
    throw new UsageError('a key of weights goes with a checkpoint, not with random weights');
  const laidOut = (normalize: string | undefined, outputs: number | undefined) => {
    const normalization = normalize === undefined ? undefined : normalizationNamed(normalize);
    return modelNamed(name, {
      ...(outputs === undefined ? {} : { classes: outputs }),
      ...(inputShape === undefined ? {} : { inputShape }),
      ...(normalization === undefined ? {} : { normalization }),
    });
  };
  if (weights === undefined) {
    laidOut(request.normalize, classes);
    throw new UsageError(
      `--weights is missing: expected a checkpoint (.th, .pt, .safetensors) for ${name}, or "random"`,
    );
  }
  if (weights === 'random') {
    const model = laidOut(request.normalize, classes);
    return {
      ...withValues(model, initialize(model.parameters, seed)),
      ...applied(model.normalization, request.normalize, undefined),
      name,
      weights: `freshly initialised (seed ${seed})`,
      identity: `random/${seed}`,
    };
  }
  const bytes = await readBytes(weights, expectedWeights);
  const { tensors, metadata, notes } = decodeWeights(bytes, weights, { weightsKey });
  // What `ballast train` writes says how pixels were normalised, and what the classes are called.
  const classNames = classNamesOf(metadata.classes, weights);
  const matched = (outputs: number | undefined) => {
    const model = laidOut(request.normalize ?? metadata.normalize, outputs);
    return { model, params: matchParameters(model.parameters, tensors, weights) };
  };
  const { model, params } = fitting(matched, classNames?.length ?? classes);
  // Where Ballast is installed says nothing to a reader of results.
  const shown = request.weights === undefined ? `Ballast’s own weights/${name}.safetensors` : weights;
  return {
    ...withValues(model, params),
    ...applied(model.normalization, request.normalize, metadata.normalize),
    ...(classNames && { classNames }),
    name,
    weights: shown,
    identity: sha256(bytes),
    notes,
  };
}

/** With as many outputs as the data has classes, or as many as the model usually has: the data may have others than the checkpoint. */
function fitting<T>(matched: (outputs: number | undefined) => T, outputs: number | undefined): T {
  try {
    return matched(outputs);
  } catch (misfit) {
    if (outputs === undefined) throw misfit;
    try {
      return matched(undefined);
    } catch {
      throw misfit;
    }
  }
}

/** Names of the classes as a checkpoint's metadata have them: a list as JSON. */
function classNamesOf(text: string | undefined, path: string): readonly string[] | undefined {
  if (text === undefined) return undefined;
  let names: unknown;
  try {
    names = JSON.parse(text);
  } catch {
    names = undefined;
  }
  if (Array.isArray(names) && names.every((name) => typeof name === 'string')) return names;
  throw new FileError(path, 'has metadata "classes" that are no list of names');
}

function applied(
  normalization: Normalization | undefined,
  given: string | undefined,
  stored: string | undefined,
): Pick<Network, 'normalization'> {
  if (!normalization) return {};
  const said = (name: string | undefined) => name !== undefined && name !== 'default';
  const source = said(given) ? 'given' : given === undefined && stored !== undefined ? 'weights' : 'default';
  return { normalization: { ...normalization, name: normalizationName(normalization), source } };
}

/** A model with these values: a network but for where they come from. */
export function withValues(model: Model, params: Params): Omit<Network, 'weights' | 'identity'> {
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

async function loadOnnx({ model: path, weights, weightsKey, normalize }: NetworkRequest): Promise<Network> {
  if (weights !== undefined || weightsKey !== undefined)
    throw new UsageError(`--weights does not go with ${path}: an .onnx file carries its own`);
  const normalization = normalizationNamed(normalize ?? 'none') ?? normalizationNamed('none')!;
  const bytes = await readBytes(path, 'an ONNX model file');
  const graphs = new Map<Dim, Graph>();
  const graph = (batch: Dim): Graph => {
    const known = graphs.get(batch);
    if (known) return known;
    const own = readModel(bytes, { path, bind: batch });
    if (graphs.size === 0) checkConstants(own, path);
    const made = withPixels(own, normalization, path);
    graphs.set(batch, made);
    return made;
  };
  const { inputs, outputs } = graph(1);
  const channels = inputs[0]!.shape[1] as number;
  return {
    ...applied(forChannels(normalization, channels, path), normalize, undefined),
    name: path,
    weights: path,
    identity: sha256(bytes),
    task: 'classification',
    inputShape: inputs[0]!.shape.slice(1) as number[],
    classes: outputs[0]!.value.shape[1] as number,
    graph,
  };
}

/** Gives a foreign classifier our interface: input `image` in [0, 1], output `logits`. */
function withPixels(own: Graph, normalization: Normalization, path: string): Graph {
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
  if (normalizationName(normalization) !== 'none') {
    const { mean, std } = forChannels(normalization, channels, path);
    const perChannel = (values: readonly number[]) => b.constant(tensorOf('float32', [1, channels, 1, 1], values));
    x = b.mul(b.sub(image, perChannel(mean)), perChannel(std.map((s) => 1 / s)));
  }
  const copies = b.inline(own, { [input.name]: x });
  b.output('logits', copies.get(output.value)!);
  return b.build();
}
