import { UsageError } from '../../base/errors.ts';
import type { OnProgress } from '../../base/progress.ts';
import type { ResultCache } from '../../formats/index.ts';
import { partCache } from '../../instrument/part-cache.ts';
import { estimateEigenCost, sparseSingularValues, topSingularTriplets } from '../../linalg/index.ts';
import type { Network } from '../../models/index.ts';
import { type Graph, staticShape, tensor } from '../../onnx/index.ts';
import { type RuntimeOptions, requireMemory } from '../../runtime/index.ts';
import { partForms } from '../../schema/index.ts';
import { environmentOf } from '../environment.ts';
import { LinearizedMap } from '../spectra/jacobian.ts';
import { relativeDifference } from '../spectra/spread.ts';
import { circularSingularValues, hasCircular } from './circular.ts';
import { type ConvolutionLayer, findConvolutions, selectConvolutions, volume } from './layers.ts';
import { convolutionMatrix } from './matrix.ts';
import type { CircularSpectrum, ConvolutionSpectrum, ConvolutionsResult } from './result.ts';

export interface ConvolutionsRequest {
  readonly network: Network;
  /** `all`, or names: see `selectConvolutions`. */
  readonly layers: string;
  /** Whether the scale of the batch norm behind a convolution is part of the map. */
  readonly foldNorm: boolean;
  /** `auto`: exact up to an order of 16384 a group, leading values beyond. */
  readonly method: 'auto' | 'exact' | 'lanczos';
  /** Leading values for `lanczos`. */
  readonly top: number;
  readonly seed?: number;
  readonly runtime?: RuntimeOptions;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
  /** By layer. */
  readonly cache?: ResultCache<ConvolutionSpectrum> | undefined;
}

export interface PlannedConvolution {
  readonly name: string;
  readonly shape: readonly [number, number];
  readonly method: 'exact' | 'lanczos';
  readonly seconds: number;
  readonly bytes: number;
}

export interface ConvolutionsPlan {
  readonly layers: readonly PlannedConvolution[];
  readonly seconds: number;
  /** Peak memory of the largest layer, beside what the process holds already. */
  readonly bytes: number;
}

/** Beyond this order the exact values take minutes and gigabytes for each layer. */
const largestExact = 16384;
const longBasis = 300;

function planOf(layer: ConvolutionLayer, { method, top }: ConvolutionsRequest): PlannedConvolution {
  const { filters, channels, groups, from, to, window, name } = layer;
  const shape = [filters * volume(to), channels * volume(from)] as const;
  const order = Math.min(...shape) / groups;
  const exact = method === 'exact' || (method === 'auto' && order <= largestExact);
  const entries = (shape[0] / groups) * (channels / groups) * volume(window.kernel);
  // Jacobi rotations of one matrix a frequency; rates measured on 2 AVX-512 cores.
  const side = (2 * Math.min(filters, channels * volume(window.strides))) / groups;
  const frequencies = (groups * volume(from)) / volume(window.strides) / 2;
  const circular = hasCircular(layer) ? frequencies * side ** 2 * (channels / groups + side) * 3e-8 : 0;
  const cost = estimateEigenCost(order);
  return {
    name,
    shape,
    method: exact ? 'exact' : 'lanczos',
    seconds:
      circular +
      (exact ? groups * (cost.seconds + entries * 2e-7) : 2 + (shape[0] + shape[1]) * (top + longBasis) ** 2 * 4e-9),
    bytes: exact ? cost.bytes + 60 * entries : 8 * (shape[0] + shape[1]) * (top + longBasis),
  };
}

/** Raised whenever the numbers of a convolution change. */
export const convolutionsRevision = 2;

/** Finished layers below `dir`, one file each. */
export function convolutionsCache(dir: string, request: ConvolutionsRequest): ResultCache<ConvolutionSpectrum> {
  const { network, foldNorm, method, top, seed = 0, runtime } = request;
  const settings = { foldNorm, method, top, seed };
  return partCache(dir, partForms.convolution, {
    measurement: 'convolutions',
    revision: convolutionsRevision,
    network,
    settings,
    runtime,
  });
}

/** Singular values of a network's convolutions, planned. */
export class ConvolutionsMeasurement {
  readonly plan: ConvolutionsPlan;
  readonly #request: ConvolutionsRequest;
  readonly #graph: Graph;
  readonly #layers: readonly ConvolutionLayer[];

  /** Throws UsageError for layers that are not there, and for a network without convolutions. */
  constructor(request: ConvolutionsRequest) {
    const { graph, layers } = findConvolutions(request.network.graph(1), request.foldNorm);
    if (layers.length === 0) throw new UsageError(`${request.network.name} has no convolutions with constant weights`);
    this.#request = request;
    this.#graph = graph;
    this.#layers = selectConvolutions(layers, request.layers);
    const planned = this.#layers.map((layer) => planOf(layer, request));
    this.plan = {
      layers: planned,
      seconds: planned.reduce((sum, l) => sum + l.seconds, 0),
      bytes: planned.reduce((most, l) => Math.max(most, l.bytes), 0),
    };
  }

  async run(): Promise<ConvolutionsResult> {
    const began = performance.now();
    const { network, foldNorm, cache, onProgress, signal, runtime = {} } = this.#request;
    requireMemory(
      this.plan.bytes,
      `the largest convolution of ${network.name}`,
      'take other layers, the method lanczos, or smaller images',
    );
    const layers: ConvolutionSpectrum[] = [];
    let done = 0;
    for (const [i, layer] of this.#layers.entries()) {
      signal?.throwIfAborted();
      const share = this.plan.layers[i]!.seconds;
      const report = (f: number) => onProgress?.(Math.min(1, (done + f * share) / this.plan.seconds), layer.name);
      report(0);
      let spectrum = await cache?.read(layer.name);
      if (!spectrum) {
        spectrum = await this.#spectrum(layer, this.plan.layers[i]!.method, report);
        await cache?.write(layer.name, spectrum);
      }
      layers.push(spectrum);
      done += share;
    }
    return {
      model: network.name,
      weights: network.weights,
      foldNorm,
      layers,
      environment: environmentOf(runtime),
      seconds: (performance.now() - began) / 1000,
    };
  }

  async #spectrum(
    layer: ConvolutionLayer,
    method: 'exact' | 'lanczos',
    onProgress: (fraction: number) => void,
  ): Promise<ConvolutionSpectrum> {
    const began = performance.now();
    const { runtime = {}, signal } = this.#request;
    const { name, filters, channels, groups, window, from, to, normalized } = layer;
    const found = method === 'exact' ? await this.#exact(layer, onProgress) : await this.#leading(layer, onProgress);
    const circular = await circularSingularValues(layer, { threads: runtime.threads, signal });
    const values = Array.from(found.values);
    return {
      name,
      shape: [filters * volume(to), channels * volume(from)],
      filters,
      channels,
      groups,
      ...window,
      from,
      to,
      normalized,
      method,
      singularValues: values,
      complete: found.complete,
      maxResidual: found.maxResidual,
      circular: circular ? compared(Array.from(circular), values, found.complete) : null,
      seconds: (performance.now() - began) / 1000,
    };
  }

  /** Groups share nothing: the values of all are those of each together. */
  async #exact(layer: ConvolutionLayer, onProgress: (fraction: number) => void) {
    const { runtime = {}, signal } = this.#request;
    const parts: { values: Float64Array; maxResidual: number }[] = [];
    for (let group = 0; group < layer.groups; group++) {
      const matrix = convolutionMatrix(layer, group);
      parts.push(
        await sparseSingularValues(matrix, {
          threads: runtime.threads,
          signal,
          onProgress: (f) => onProgress((group + f) / layer.groups),
        }),
      );
    }
    const values = Float64Array.from(parts.flatMap((p) => Array.from(p.values)))
      .sort()
      .reverse();
    // A group's residual is relative to its own largest value.
    const largest = values[0] ?? 0;
    const maxResidual = Math.max(...parts.map((p) => (largest ? (p.maxResidual * p.values[0]!) / largest : 0)));
    return { values, maxResidual, complete: true };
  }

  async #leading({ input, output }: ConvolutionLayer, onProgress: (fraction: number) => void) {
    const { runtime = {}, signal, top, seed = 0 } = this.#request;
    const map = new LinearizedMap(this.#graph, input, output, { vectors: 8, runtime });
    try {
      const shape = staticShape(input);
      const operator = await map.at(tensor('float32', shape, new Float32Array(volume(shape))));
      return await topSingularTriplets(operator, {
        count: top,
        block: 2,
        // The largest values lie close together (standing waves of neighbouring lengths): a long basis of narrow blocks tells them apart.
        maxBasis: top + longBasis,
        tolerance: 1e-4,
        seed,
        signal,
        onProgress,
      });
    } finally {
      await map.dispose();
    }
  }
}

function compared(circular: readonly number[], exact: readonly number[], complete: boolean): CircularSpectrum {
  const largest = exact[0] ?? 0;
  return {
    singularValues: circular,
    normError: largest > 0 ? circular[0]! / largest - 1 : null,
    relativeDifference: complete && circular.length === exact.length ? relativeDifference(circular, exact) : null,
  };
}

/** Singular values of a network's convolutions: prepare and run in one call. */
export async function measureConvolutions(request: ConvolutionsRequest): Promise<ConvolutionsResult> {
  return new ConvolutionsMeasurement(request).run();
}
