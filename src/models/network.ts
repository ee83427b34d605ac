import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { FileError, UsageError } from '../errors.ts';
import { readWeights } from '../formats/index.ts';
import { initialize, matchParameters, type Params } from '../nn/index.ts';
import { type Dim, type Graph, GraphBuilder, readModel, tensorOf } from '../onnx/index.ts';
import { cifarNormalization, imagenetNormalization, type Normalization } from './model.ts';
import { modelNamed } from './registry.ts';

/** A network with its weights: what every measurement starts from. */
export interface Network {
  readonly name: string;
  /** Where the weights come from, for tables and reports. */
  readonly weights: string;
  /** SHA-256 of the weights' file, or `random/SEED`. */
  readonly identity: string;
  readonly inputShape: readonly number[];
  readonly classes: number;
  /** Input `image` [batch, ...inputShape] of pixels in [0, 1], output `logits` [batch, classes]. */
  graph(batch: Dim): Graph;
}

export interface NetworkRequest {
  /** A built-in model's name, or the path of an `.onnx` file. */
  readonly model: string;
  /** A checkpoint file, or `random` for fresh values. Not for `.onnx` files, which carry their own. */
  readonly weights?: string | undefined;
  readonly seed?: number;
  /** Number of classes for built-in models. */
  readonly classes?: number;
  /** Normalisation in front of the network: `imagenet`, `cifar10` or `none`. */
  readonly normalize?: string | undefined;
}

const none: Normalization = { mean: [0, 0, 0], std: [1, 1, 1] };
const normalizations: Readonly<Record<string, Normalization>> = {
  imagenet: imagenetNormalization,
  cifar10: cifarNormalization,
  none,
};

/** Throws UsageError for a name that is none. */
export function normalizationNamed(name: string): Normalization {
  const found = normalizations[name];
  if (!found) throw new UsageError(`--normalize: expected ${Object.keys(normalizations).join(', ')}, got "${name}"`);
  return found;
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** Loads a network: a built-in one with a checkpoint or fresh values, or a user's own ONNX file. */
export async function loadNetwork(request: NetworkRequest): Promise<Network> {
  return request.model.endsWith('.onnx') ? loadOnnx(request) : loadBuiltIn(request);
}

async function loadBuiltIn({ model: name, weights, seed = 0, classes, normalize }: NetworkRequest): Promise<Network> {
  const model = modelNamed(name, {
    ...(classes === undefined ? {} : { classes }),
    ...(normalize === undefined ? {} : { normalization: normalizationNamed(normalize) }),
  });
  if (weights === undefined) {
    throw new UsageError(
      `--weights is missing: expected a checkpoint (.th, .pt, .safetensors) for ${name}, or "random"`,
    );
  }
  let params: Params;
  let identity: string;
  if (weights === 'random') {
    params = initialize(model.parameters, seed);
    identity = `random/${seed}`;
  } else {
    params = matchParameters(model.parameters, await readWeights(weights), weights);
    identity = sha256(await readFile(weights));
  }
  return {
    name,
    weights: weights === 'random' ? `freshly initialised (seed ${seed})` : weights,
    identity,
    inputShape: model.inputShape,
    classes: model.classes,
    graph: (batch) => model.build(params, batch),
  };
}

async function loadOnnx({ model: path, weights, normalize = 'none' }: NetworkRequest): Promise<Network> {
  if (weights !== undefined) throw new UsageError(`--weights does not go with ${path}: an .onnx file carries its own`);
  const normalization = normalizationNamed(normalize);
  const bytes = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
    throw new FileError(path, `cannot be read (${cause.code}); expected an ONNX model file`, { cause });
  });
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
    identity: sha256(bytes),
    inputShape: inputs[0]!.shape.slice(1) as number[],
    classes: outputs[0]!.value.shape[1] as number,
    graph,
  };
}

/** Gives a foreign classifier our interface: input `image` in [0, 1], output `logits`. */
function withPixels(own: Graph, { mean, std }: Normalization, path: string): Graph {
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
  if (mean.some((m) => m !== 0) || std.some((s) => s !== 1)) {
    if (channels !== mean.length)
      throw new UsageError(`--normalize: needs ${mean.length} channels, ${path} has ${channels}`);
    const perChannel = (values: readonly number[]) => b.constant(tensorOf('float32', [1, channels, 1, 1], values));
    x = b.mul(b.sub(image, perChannel(mean)), perChannel(std.map((s) => 1 / s)));
  }
  const copies = b.inline(own, { [input.name]: x });
  b.output('logits', copies.get(output.value)!);
  return b.build();
}
