import { InputError } from '../../base/errors.ts';
import type { ResultCache } from '../../formats/index.ts';
import { partCache } from '../../instrument/part-cache.ts';
import { topSingularTriplets } from '../../linalg/index.ts';
import { normalizationEntry } from '../../models/index.ts';
import { requireMemory } from '../../runtime/index.ts';
import { partForms } from '../../schema/index.ts';
import { environmentOf } from '../environment.ts';
import type { Activations } from '../units/activations.ts';
import { BlockMeasurement } from '../units/block.ts';
import { activeIndices, isIdentity, valuesNeeded } from '../units/block-ends.ts';
import {
  atImages,
  type BranchRequest,
  branchMap,
  type NetworkAtImages,
  singleUnits,
  unitsOf,
} from '../units/branches.ts';
import { featureCount, type Unit } from '../units/units.ts';
import { exactEigenvalues, innerMatrix, leadingEigenvalues } from './branch.ts';
import type { BranchEigenvalues, EigenvaluesResult } from './result.ts';

export interface EigenvaluesRequest extends BranchRequest {
  /** `all`, or names of units. */
  readonly units: string;
  /** `auto`: exact up to 1500 active inner units, leading ones by Arnoldi beyond. */
  readonly method: 'auto' | 'exact' | 'arnoldi';
  /** Leading eigenvalues in each order, for `arnoldi`; those whose residuals are checked, for `exact`. */
  readonly top: number;
  /** By unit and image. */
  readonly cache?: ResultCache<BranchEigenvalues> | undefined;
}

export interface PlannedBranch {
  readonly name: string;
  readonly image: number;
  readonly activeHidden: number | null;
  readonly method: 'exact' | 'arnoldi';
  readonly seconds: number;
}

export interface EigenvaluesPlan {
  readonly branches: readonly PlannedBranch[];
  readonly skipped: readonly string[];
  readonly seconds: number;
  readonly bytes: number;
}

const largestExact = 1500;
/** Eigenvalues of a unit within this of the unit circle count as on it. */
const circleTolerance = 1e-5;

/** Raised whenever the numbers of an eigenvalue change. */
export const eigenvaluesRevision = 2;

/** Finished branches below `dir`, one file a unit and image. */
export function eigenvaluesCache(dir: string, request: EigenvaluesRequest): ResultCache<BranchEigenvalues> {
  const { network, dataset, method, top, seed = 0, runtime } = request;
  const settings = { method, top, seed };
  return partCache(dir, partForms.eigenvalues, {
    ...{ measurement: 'eigenvalues', revision: eigenvaluesRevision, network, data: dataset, settings, runtime },
  });
}

/** Eigenvalues of the branches of units with an identity shortcut, with activations and the plan ready. */
export class EigenvaluesMeasurement {
  readonly plan: EigenvaluesPlan;
  readonly #request: EigenvaluesRequest;
  readonly #units: readonly Unit[];
  readonly #at: NetworkAtImages;

  private constructor(
    request: EigenvaluesRequest,
    units: readonly Unit[],
    skipped: readonly string[],
    at: NetworkAtImages,
  ) {
    this.#request = request;
    this.#units = units;
    this.#at = at;
    const branches = units.flatMap((unit) =>
      at.activations.map((values, i): PlannedBranch => {
        const k = activeOf(unit, values);
        const n = featureCount(unit.input);
        const exact = isExact(request.method, k?.length ?? null);
        // Rates measured on 2 AVX-512 cores.
        const seconds = exact ? 1e-8 * k!.length ** 3 + 1e-4 * n : 3 + n * 1e-3;
        return {
          name: unit.name,
          image: at.images[i]!.index,
          activeHidden: k?.length ?? null,
          method: exact ? 'exact' : 'arnoldi',
          seconds,
        };
      }),
    );
    const bytes = branches.map((b, i) => {
      const n = featureCount(units[Math.floor(i / at.images.length)]!.input);
      return b.method === 'exact' ? 40 * b.activeHidden! ** 2 + 5e4 * n : 8 * n * (request.top + 320);
    });
    this.plan = {
      branches,
      skipped,
      seconds: branches.reduce((sum, b) => sum + b.seconds, 0),
      bytes: Math.max(...bytes),
    };
  }

  /** Throws UsageError for units that are not there, and where none of those wanted has an identity shortcut. */
  static async prepare(request: EigenvaluesRequest): Promise<EigenvaluesMeasurement> {
    const { graph, units } = unitsOf(request);
    const wanted = singleUnits(units, request.units);
    const kept = wanted.filter(isIdentity);
    if (kept.length === 0)
      throw new InputError(
        'units',
        `none of the units has an identity shortcut; eigenvalues need one (${wanted.map((u) => u.name).join(', ')})`,
      );
    if (request.method === 'exact') {
      const without = kept.find((u) => u.hidden === null);
      if (without)
        throw new InputError('method', `exact: ${without.name} has no single inner ReLU; use arnoldi or auto`);
    }
    const values = kept.flatMap((unit) => valuesNeeded({ name: unit.name, units: [unit] }));
    const skipped = wanted.filter((u) => !isIdentity(u)).map((u) => u.name);
    return new EigenvaluesMeasurement(request, kept, skipped, await atImages(request, graph, values));
  }

  async run(): Promise<EigenvaluesResult> {
    const began = performance.now();
    const { network, dataset, runtime = {}, signal, onProgress, cache } = this.#request;
    requireMemory(
      this.plan.bytes,
      `the largest branch of ${network.name}`,
      'take other units, the method arnoldi, or smaller images',
    );
    const branches: BranchEigenvalues[] = [];
    let done = 0;
    for (const unit of this.#units) {
      const measurement = new BranchMeasurement(this.#request, this.#at, unit);
      try {
        for (const [i, { index }] of this.#at.images.entries()) {
          signal?.throwIfAborted();
          const planned = this.plan.branches[branches.length]!;
          const report = (f: number) =>
            onProgress?.(Math.min(1, (done + f * planned.seconds) / this.plan.seconds), `${unit.name}, image ${index}`);
          report(0);
          const key = `${unit.name}@${index}`;
          let found = await cache?.read(key);
          if (!found) {
            found = await measurement.measure(i, planned.method, report);
            await cache?.write(key, found);
          }
          branches.push(found);
          done += planned.seconds;
        }
      } finally {
        await measurement.dispose();
      }
    }
    return {
      model: network.name,
      weights: network.weights,
      ...normalizationEntry(network),
      dataset: dataset.name,
      classes: dataset.classes,
      images: this.#at.images,
      branches,
      skipped: this.plan.skipped,
      environment: environmentOf(runtime),
      seconds: (performance.now() - began) / 1000,
    };
  }
}

const activeOf = (unit: Unit, at: Activations): Int32Array | null =>
  unit.hidden ? activeIndices(at.get(unit.hidden.pre)!.data as Float32Array) : null;

const isExact = (method: EigenvaluesRequest['method'], k: number | null): boolean =>
  method === 'exact' || (method === 'auto' && k !== null && k <= largestExact);

/** The programs of one unit; they serve every image. */
class BranchMeasurement {
  readonly #request: EigenvaluesRequest;
  readonly #at: NetworkAtImages;
  readonly #unit: Unit;
  readonly #block: BlockMeasurement;
  readonly #branch: ReturnType<typeof branchMap>;

  constructor(request: EigenvaluesRequest, at: NetworkAtImages, unit: Unit) {
    const { runtime = {}, seed = 0, top } = request;
    [this.#request, this.#at, this.#unit] = [request, at, unit];
    this.#block = new BlockMeasurement(
      at.graph,
      { name: unit.name, units: [unit] },
      { finalRelu: false, method: 'auto', top, seed, runtime },
    );
    this.#branch = branchMap(at.graph, unit, runtime);
  }

  async measure(
    image: number,
    method: 'exact' | 'arnoldi',
    onProgress: (fraction: number) => void,
  ): Promise<BranchEigenvalues> {
    const began = performance.now();
    const unit = this.#unit;
    const values = this.#at.activations[image]!;
    const { top, seed = 0, signal } = this.#request;
    const active = activeOf(unit, values);
    const [n, k] = [featureCount(unit.input), active?.length ?? null];
    const a = unit.skipScale;
    const operator = await this.#branch.at(values.get(unit.input)!);
    const options = { skipScale: a, top, seed, singular: k !== null && k < n, signal, onProgress };
    const found =
      method === 'exact'
        ? exactEigenvalues(innerMatrix(await this.#block.factored(values), active!), k!, options)
        : await leadingEigenvalues(operator, options);
    const norm = await topSingularTriplets(operator, { count: 1, seed, signal });
    const zeros = found.complete ? n - k! : null;
    return {
      name: unit.name,
      image: this.#at.images[image]!.index,
      size: n,
      skipScale: a,
      activeHidden: k,
      method: found.method,
      eigenvalues: found.values.map(({ re, im }) => [re, im] as const),
      complete: found.complete,
      zeros,
      maxResidual: found.maxResidual,
      radius: found.radius,
      maxReal: found.maxReal,
      minReal: found.minReal,
      norm: norm.values[0] ?? null,
      unitRadius: found.shiftedRadius,
      circle: zeros === null ? null : circleCounts(found.values, zeros, a),
      tolerance: circleTolerance,
      seconds: (performance.now() - began) / 1000,
    };
  }

  async dispose(): Promise<void> {
    await this.#block.dispose();
    await this.#branch.dispose();
  }
}

function circleCounts(values: readonly { re: number; im: number }[], zeros: number, a: number) {
  const counts = { outside: 0, on: 0, inside: 0 };
  const count = (size: number, times: number) => {
    if (size > 1 + circleTolerance) counts.outside += times;
    else if (size >= 1 - circleTolerance) counts.on += times;
    else counts.inside += times;
  };
  for (const { re, im } of values) count(Math.hypot(a + re, im), 1);
  count(Math.abs(a), zeros);
  return counts;
}

/** Eigenvalues of branches at images: prepare and run in one call. */
export async function measureEigenvalues(request: EigenvaluesRequest): Promise<EigenvaluesResult> {
  return (await EigenvaluesMeasurement.prepare(request)).run();
}
