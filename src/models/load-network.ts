import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { FileError, InputError, UsageError } from '../base/errors.ts';
import { decodeWeights, expectedWeights, readBytes, type Weights } from '../formats/index.ts';
import { initialize, matchParameters, type Params } from '../nn/index.ts';
import { loadForeign } from './foreign/foreign.ts';
import type { Model } from './model.ts';
import type { Network, NetworkRequest } from './network.ts';
import { applied, normalizationNamed } from './normalization.ts';
import { modelNamed } from './registry.ts';

/** The weights that Ballast has trained itself and brings along, with a model card beside each. */
const bundled: Readonly<Record<string, URL>> = Object.fromEntries(
  ['resnet20', 'resnet56', 'resnet110'].map((name) => [
    name,
    new URL(`../../weights/${name}.safetensors`, import.meta.url),
  ]),
);

/** The path of the weights that Ballast brings along for a built-in model, where it does. */
export function ownWeights(name: string): string | undefined {
  const path = Object.hasOwn(bundled, name) ? fileURLToPath(bundled[name]!) : undefined;
  return path && existsSync(path) ? path : undefined;
}

/** Loads a network: a built-in one with a checkpoint or fresh values, or a user's own ONNX file. */
export async function loadNetwork(request: NetworkRequest): Promise<Network> {
  return request.model.endsWith('.onnx') ? loadForeign(request) : loadBuiltIn(request);
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
    throw new InputError(
      'weights',
      `is missing; expected a checkpoint (.th, .pt, .safetensors) for ${name}, or "random"`,
    );
  }
  if (weights === 'random') {
    const model = laidOut(request.normalize, classes);
    return {
      ...withValues(model, initialize(model.parameters, seed)),
      ...applied(model.normalization, request.normalize, undefined),
      name,
      weights: `freshly initialized (seed ${seed})`,
    };
  }
  const bytes = await readBytes(weights, expectedWeights);
  const { tensors, metadata, notes } = weightsAmong(decodeWeights(bytes, weights, { weightsKey }), request);
  // What `ballast train` writes says how pixels were normalized, and what the classes are called.
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
    notes,
  };
}

/**
 * Of the checkpoint of a training run of ours (`progress` in its metadata) the weights: the optimizer's state lies under names with a slash, a recurrent network's
 * under `carry`. Throws FileError for one of an earlier version, which does not say how pixels were normalized, unless the request does.
 */
function weightsAmong(found: Weights, { weights, normalize }: NetworkRequest): Weights {
  const { tensors, metadata, notes } = found;
  if (metadata.progress === undefined) return found;
  if ((metadata.normalize ?? normalize) === undefined)
    throw new FileError(
      weights!,
      'is a checkpoint of a training run of an earlier version, which does not say how pixels were normalized; expected that to be said, or finished weights',
    );
  const own = [...tensors].filter(([name]) => !name.includes('/') && name !== 'carry');
  return {
    tensors: new Map(own),
    metadata,
    notes: [
      ...notes,
      `${weights}: a checkpoint of a training run; its weights are taken, the state of the optimizer is not`,
    ],
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
