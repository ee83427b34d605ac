import { InputError } from '../../base/errors.ts';
import { type LinearOperator, topSingularTriplets, type VectorBlock } from '../../linalg/index.ts';
import { LinearizedMap } from '../spectra/jacobian.ts';
import { atImages, type BranchRequest, singleUnits, unitsOf } from '../units/branches.ts';
import type { Scales } from './intervention.ts';

/** A single unit at a single image. */
export interface ScaledUnitRequest extends Omit<BranchRequest, 'images'> {
  /** Position in the data set. */
  readonly image: number;
  /** Name of the unit. */
  readonly unit: string;
}

/** The top of a spectrum that somebody waits for. */
export interface TopOfSpectrum {
  /** Singular values, descending; also those that are not known to the tolerance. */
  readonly values: readonly number[];
  /** Largest relative residual among them. */
  readonly residual: number;
  readonly seconds: number;
}

/** Vectors of a product: few, as only the top is wanted. */
const vectors = 8;
/** A picture on a screen shows no more. */
const tolerance = 1e-3;

/**
 * A unit y = S x + F(x) at an image, whose Jacobian with scales, a S + c DF(x), is taken again and again: both sides are linearized once, at the activations of the
 * unchanged network, so that other scales cost products alone. The ReLU after the addition is no part of it.
 */
export class ScaledUnit {
  readonly #shortcut: LinearOperator | null;
  readonly #skipScale: number;
  readonly #branch: LinearOperator;
  readonly #maps: readonly LinearizedMap[];

  private constructor(
    shortcut: LinearOperator | null,
    skipScale: number,
    branch: LinearOperator,
    maps: readonly LinearizedMap[],
  ) {
    this.#shortcut = shortcut;
    this.#skipScale = skipScale;
    this.#branch = branch;
    this.#maps = maps;
  }

  /** Throws InputError for a unit that is not there, UsageError for a network without units or of other images. */
  static async open({ image, unit: name, ...request }: ScaledUnitRequest): Promise<ScaledUnit> {
    const wanted = { ...request, images: [image] };
    const { graph, units } = unitsOf(wanted);
    const [unit, ...more] = singleUnits(units, name);
    if (!unit || more.length > 0) throw new InputError('unit', 'expected the name of one unit');
    const { activations } = await atImages(wanted, graph, [unit.input]);
    const x = activations[0]!.get(unit.input)!;
    const { runtime = {} } = request;
    const branch = new LinearizedMap(graph, unit.input, unit.branch, { vectors, runtime });
    if (unit.shortcut === unit.input) return new ScaledUnit(null, unit.skipScale, await branch.at(x), [branch]);
    const shortcut = new LinearizedMap(graph, unit.input, unit.shortcut, { vectors, runtime });
    const maps = [branch, shortcut];
    return new ScaledUnit(await shortcut.at(x), unit.skipScale, await branch.at(x), maps);
  }

  /** The largest singular values of a S + c DF(x). `signal` stops it. */
  async top(scales: Scales, count: number, signal?: AbortSignal): Promise<TopOfSpectrum> {
    const began = performance.now();
    const { triplets } = await topSingularTriplets(this.#operator(scales), {
      ...{ count, block: vectors, tolerance, signal },
      maxBasis: count + 8 * vectors,
    });
    return {
      values: triplets.map((t) => t.value),
      residual: Math.max(0, ...triplets.map((t) => t.residual)),
      seconds: (performance.now() - began) / 1000,
    };
  }

  async dispose(): Promise<void> {
    for (const map of this.#maps) await map.dispose();
  }

  #operator({ skipScale, weightScale }: Scales): LinearOperator {
    const a = skipScale * this.#skipScale;
    const [branch, shortcut] = [this.#branch, this.#shortcut];
    const { rows, cols, dtype } = branch;
    const joined = async (block: VectorBlock, count: number, way: 'apply' | 'applyTranspose') => {
      const out = Float64Array.from(await branch[way](block, count), (v) => weightScale * v);
      const beside = shortcut ? await shortcut[way](block, count) : block;
      for (let i = 0; i < out.length; i++) out[i]! += a * beside[i]!;
      return out;
    };
    return {
      ...{ rows, cols, dtype },
      apply: (block, count) => joined(block, count, 'apply'),
      applyTranspose: (block, count) => joined(block, count, 'applyTranspose'),
    };
  }
}
