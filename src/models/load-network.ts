import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { UsageError } from '../errors.ts';
import { decodeWeights, expectedWeights, readBytes } from '../formats/index.ts';
import { initialize, matchParameters, type Params } from '../nn/index.ts';
import { loadForeign } from './foreign.ts';
import type { Model } from './model.ts';
import { type Network, type NetworkRequest, normalizationNamed } from './network.ts';
import { modelNamed } from './registry.ts';

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
  return request.model.endsWith('.onnx') ? loadForeign(request) : loadBuiltIn(request);
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
    throw new UsageError(
      `--weights is missing: expected a checkpoint (.th, .pt, .safetensors) for ${name}, or "random"`,
    );
  }
  if (weights === 'random') {
    const model = laidOut(request.normalize);
    return {
      ...withValues(model, initialize(model.parameters, seed)),
      name,
      weights: `freshly initialised (seed ${seed})`,
      identity: `random/${seed}`,
    };
  }
  const bytes = await readBytes(weights, expectedWeights);
  const { tensors, metadata } = decodeWeights(bytes, weights);
  // What `ballast train` writes says how pixels were normalised.
  const model = laidOut(request.normalize ?? metadata.normalize);
  const params = matchParameters(model.parameters, tensors, weights);
  // Where Ballast is installed says nothing to a reader of results.
  const shown = request.weights === undefined ? `Ballast’s own weights/${name}.safetensors` : weights;
  return { ...withValues(model, params), name, weights: shown, identity: sha256(bytes) };
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
