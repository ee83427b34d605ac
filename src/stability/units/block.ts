import {
  abortable,
  countAround,
  type FactoredJacobian,
  type LinearOperator,
  type Spectrum,
  singularValues,
  structuredSpectrum,
  type TopSpectrum,
  topSingularTriplets,
} from '../../linalg/index.ts';
import type { Graph, Value } from '../../onnx/index.ts';
import { type RuntimeOptions, requireMemory } from '../../runtime/index.ts';
import type { BlockSpectrum } from '../result.ts';
import { LinearizedMap } from '../spectra/jacobian.ts';
import { pixelMajorOrder, probeDense, probeSparse } from '../spectra/probing.ts';
import type { Activations } from './activations.ts';
import {
  activeIndices,
  type Block,
  hasFinalRelu,
  inputOf,
  isIdentity,
  lastOf,
  outputOf,
  plateauBound,
  plateauOf,
} from './block-ends.ts';
import { type BlockPlan, type MethodChoice, planBlock, searchOf } from './block-plan.ts';
import { featureCount } from './units.ts';

/** How the spectrum of one unit or stage is computed. */
export interface BlockOptions {
  /** Whether the ReLU after the last addition is part of the map (it is in any case between the units of a run). */
  readonly finalRelu: boolean;
  readonly method: MethodChoice;
  /** Leading values for `lanczos`. */
  readonly top: number;
  readonly seed: number;
  readonly runtime: RuntimeOptions;
  readonly onProgress?: ((fraction: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Values within this of the plateau, or of zero, count as on it. Relative to a plateau above 1; below, where the error of a value
 * shrinks with the branch and not with the plateau, and at zero it is absolute.
 */
const plateauTolerance = 1e-5;

/** 16 MiB of vectors a call: enough for the convolutions to be efficient, small enough for the cache to help. */
export const batchFor = (size: number): number => Math.max(8, Math.min(512, Math.floor(2 ** 22 / size)));

/** The leading values that were searched and are not known to the tolerance, with how far a singular value may be from each. */
function unconvergedOf(spectrum: Spectrum | TopSpectrum): Pick<BlockSpectrum, 'unconverged'> {
  if (!('triplets' in spectrum)) return {};
  const rest = spectrum.triplets.slice(spectrum.values.length);
  const largest = spectrum.triplets[0]?.value ?? 0;
  return rest.length ? { unconverged: rest.map((t) => ({ value: t.value, within: t.residual * largest })) } : {};
}

/**
 * The programs that linearize one block; they serve every image. Use `measure` for each, then `dispose`.
 */
export class BlockMeasurement {
  readonly #block: Block;
  readonly #options: BlockOptions;
  readonly #graph: Graph;
  readonly #maps = new Map<string, LinearizedMap>();

  constructor(graph: Graph, block: Block, options: BlockOptions) {
    this.#graph = graph;
    this.#block = block;
    this.#options = options;
  }

  async #operator(
    from: Value,
    to: Value,
    at: Activations,
    x: Value,
    vectors = batchFor(Math.max(featureCount(from), featureCount(to))),
  ): Promise<LinearOperator> {
    const key = `${from.name} -> ${to.name}, ${vectors}`;
    let map = this.#maps.get(key);
    if (!map) {
      map = new LinearizedMap(this.#graph, from, to, { vectors, runtime: this.#options.runtime });
      this.#maps.set(key, map);
    }
    return abortable(await map.at(at.get(x)!), this.#options.signal);
  }

  /**
   * Jacobian-vector products of the whole block at an image. `vectors`: how many go through the program at once, which costs the same for fewer; as
   * many as fill a few megabytes unless told, which suits probing with all unit vectors.
   */
  operator(at: Activations, vectors?: number): Promise<LinearOperator> {
    const input = inputOf(this.#block);
    return this.#operator(input, outputOf(this.#block, this.#options.finalRelu), at, input, vectors);
  }

  /** The unit's Jacobian in factored form, for a single unit whose branch has a last ReLU followed by affine operators. */
  async factored(at: Activations): Promise<FactoredJacobian> {
    const unit = lastOf(this.#block);
    const hidden = unit.hidden!;
    const active = activeIndices(at.get(hidden.pre)!.data as Float32Array);
    const [rows, cols] = [featureCount(unit.sum), featureCount(unit.input)];
    const batch = batchFor(Math.max(rows, cols, featureCount(hidden.pre)));
    const incoming = await probeSparse(
      await this.#operator(unit.input, hidden.pre, at, unit.input),
      'rows',
      active,
      batch,
    );
    // The way from the hidden layer to the sum is affine: its derivative is the same everywhere, any point will do.
    const outgoing = await probeSparse(
      await this.#operator(hidden.post, unit.branch, at, hidden.pre),
      'columns',
      active,
      batch,
    );
    const everything = Int32Array.from({ length: rows }, (_, i) => i);
    const shortcut = isIdentity(unit)
      ? ('identity' as const)
      : await probeSparse(await this.#operator(unit.input, unit.shortcut, at, unit.input), 'rows', everything, batch);
    const dropsDead = this.#options.finalRelu && hasFinalRelu(this.#block);
    const activeOutput = dropsDead
      ? Uint8Array.from(at.get(unit.sum)!.data as Float32Array, (y) => (y > 0 ? 1 : 0))
      : undefined;
    return {
      rows,
      cols,
      shortcut,
      scale: unit.skipScale,
      outgoing,
      incoming,
      activeOutput,
      order: {
        input: pixelMajorOrder(unit.input),
        hidden: pixelMajorOrder(hidden.pre),
        output: pixelMajorOrder(unit.sum),
      },
    };
  }

  async #spectrum(at: Activations, plan: BlockPlan): Promise<Spectrum> {
    const { method, top, seed, onProgress, signal, runtime } = this.#options;
    const shared = { onProgress, signal, threads: runtime.threads };
    const unit = lastOf(this.#block);
    const single = this.#block.units.length === 1;
    if (plan.method === 'lanczos') {
      const search = searchOf(plan.shape, top);
      return topSingularTriplets(await this.operator(at, search.block), { ...search, seed, onProgress, signal });
    }
    if (single && unit.hidden && method !== 'dense') {
      return structuredSpectrum(await this.factored(at), {
        ...shared,
        method: method === 'structured' ? 'small' : 'auto',
      });
    }
    const operator = await this.operator(at);
    const batch = batchFor(Math.max(operator.rows, operator.cols));
    const { matrix, rows, cols } = await probeDense(operator, batch, (f) => onProgress?.(0.1 * f));
    const found = await singularValues(matrix, rows, cols, {
      ...shared,
      onProgress: (f) => onProgress?.(0.1 + 0.9 * f),
    });
    return { ...found, method: 'dense' };
  }

  /** The spectrum at an image, by the method of `plan`, which is made for it unless given. Throws BallastError where memory does not suffice. */
  async measure(at: Activations, plan: BlockPlan = planBlock(this.#block, at, this.#options)): Promise<BlockSpectrum> {
    const began = performance.now();
    const { finalRelu } = this.#options;
    requireMemory(plan.bytes, `the spectrum of ${this.#block.name}`, 'ask for fewer leading values');
    const spectrum = await this.#spectrum(at, plan);
    const single = this.#block.units.length === 1;
    const unit = lastOf(this.#block);
    const pre = single && unit.hidden ? (at.get(unit.hidden.pre)!.data as Float32Array) : undefined;
    const active = pre ? activeIndices(pre).length : null;
    const shape: [number, number] = [...plan.shape];
    const plateau = plateauOf(this.#block);
    const tolerance = plateauTolerance * Math.max(1, plateau);
    const counts = spectrum.complete ? countAround(spectrum.values, plateau, tolerance) : null;
    const relu = finalRelu && hasFinalRelu(this.#block);
    const dead = relu ? shape[0] - activeIndices(at.get(unit.sum)!.data as Float32Array).length : 0;
    return {
      name: this.#block.name,
      shape,
      finalRelu: relu,
      method: spectrum.method,
      singularValues: Array.from(spectrum.values),
      complete: spectrum.complete,
      ...unconvergedOf(spectrum),
      plateau: counts && single ? { value: plateau, count: counts.on } : null,
      above: counts?.above ?? null,
      below: counts?.below ?? null,
      zero: counts?.zero ?? null,
      tolerance,
      activeHidden: active,
      hiddenSize: pre?.length ?? null,
      bound: active === null ? null : plateauBound(unit, shape, dead, active),
      maxResidual: spectrum.maxResidual,
      seconds: (performance.now() - began) / 1000,
    };
  }

  async dispose(): Promise<void> {
    for (const map of this.#maps.values()) await map.dispose();
    this.#maps.clear();
  }
}
