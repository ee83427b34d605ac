import { UsageError } from '../../base/errors.ts';
import { distributionOf } from '../../base/statistics.ts';
import type { ResultCache } from '../../formats/index.ts';
import { partCache } from '../../instrument/part-cache.ts';
import { randomBasis, topSingularTriplets } from '../../linalg/index.ts';
import { normalizationEntry } from '../../models/index.ts';
import { requireMemory } from '../../runtime/index.ts';
import { partForms } from '../../schema/index.ts';
import { environmentOf } from '../environment.ts';
import { atImages, type BranchRequest, branchMap, type NetworkAtImages, unitsOf } from '../units/branches.ts';
import { featureCount, findStages, type Stage } from '../units/units.ts';
import {
  alignmentMatrices,
  meanMatrix,
  meanOver,
  representationPath,
  subspaceCosine,
  type TopTriplets,
} from './measures.ts';
import type { AlignmentMatrices, AlignmentResult, StageAlignment, StageSummary } from './result.ts';

export interface AlignmentRequest extends BranchRequest {
  /** k: singular vectors of each branch. */
  readonly top: number;
  /** By stage and image. */
  readonly cache?: ResultCache<StageAlignment> | undefined;
}

export interface PlannedStage {
  readonly name: string;
  readonly units: readonly string[];
  readonly size: number;
  readonly seconds: number;
  readonly bytes: number;
}

export interface AlignmentPlan {
  readonly stages: readonly PlannedStage[];
  readonly images: number;
  readonly skipped: readonly string[];
  /** Rough: how fast the vectors converge is not known beforehand. */
  readonly seconds: number;
  readonly bytes: number;
}

/** Relative residual at which a triplet counts as converged: enough for angles between subspaces. */
const tolerance = 1e-4;
/** Singular values of early branches lie close together: their vectors take a long basis. */
const longBasis = 320;

/** Raised whenever the numbers of an alignment change. */
export const alignmentRevision = 2;

/** Finished stages below `dir`, one file a stage and image. */
export function alignmentCache(dir: string, request: AlignmentRequest): ResultCache<StageAlignment> {
  const { network, dataset, top, seed = 0, runtime } = request;
  const settings = { top, seed };
  return partCache(dir, partForms.alignment, {
    ...{ measurement: 'alignment', revision: alignmentRevision, network, data: dataset, settings, runtime },
  });
}

/** The units of each stage whose branch maps a representation onto one of the same shape; stages of one such unit have no pairs. */
function comparableStages(stages: readonly Stage[]): Stage[] {
  return stages
    .map(({ name, units }) => ({
      name,
      units: units.filter((u) => String(u.input.shape) === String(u.output.shape)),
    }))
    .filter(({ units }) => units.length > 1);
}

/** Residual Alignment (arXiv 2401.09018) across the depth of every stage, prepared. */
export class AlignmentMeasurement {
  readonly plan: AlignmentPlan;
  readonly #request: AlignmentRequest;
  readonly #stages: readonly Stage[];
  readonly #at: NetworkAtImages;

  private constructor(
    request: AlignmentRequest,
    stages: readonly Stage[],
    skipped: readonly string[],
    at: NetworkAtImages,
  ) {
    [this.#request, this.#stages, this.#at] = [request, stages, at];
    const planned = stages.map(({ name, units }): PlannedStage => {
      const size = featureCount(units[0]!.input);
      return {
        name,
        units: units.map((u) => u.name),
        size,
        seconds: units.length * (0.5 + 4e-5 * size * request.top),
        bytes: 8 * size * (2 * (request.top + longBasis) + 3 * units.length * request.top) + units.length * 2e7,
      };
    });
    this.plan = {
      stages: planned,
      images: at.images.length,
      skipped,
      seconds: at.images.length * planned.reduce((sum, s) => sum + s.seconds, 0),
      bytes: Math.max(...planned.map((s) => s.bytes)),
    };
  }

  /** Throws UsageError for a network in which no stage has two units of one shape. */
  static async prepare(request: AlignmentRequest): Promise<AlignmentMeasurement> {
    const { graph, units } = unitsOf(request);
    const stages = comparableStages(findStages(units));
    if (stages.length === 0)
      throw new UsageError(
        `${request.network.name} has no stage with two units of one shape: there is nothing to align`,
      );
    const kept = new Set(stages.flatMap((s) => s.units));
    const skipped = units.filter((u) => !kept.has(u)).map((u) => u.name);
    const values = [...kept].flatMap((u) => [u.input, u.output]);
    return new AlignmentMeasurement(request, stages, skipped, await atImages(request, graph, values));
  }

  async run(): Promise<AlignmentResult> {
    const began = performance.now();
    const { network, dataset, top, cache, runtime = {}, signal, onProgress } = this.#request;
    requireMemory(
      this.plan.bytes,
      `the singular vectors of ${network.name}`,
      'ask for fewer vectors, or take smaller images',
    );
    const measured: StageAlignment[] = [];
    let done = 0;
    for (const [s, stage] of this.#stages.entries()) {
      const maps = stage.units.map((unit) => branchMap(this.#at.graph, unit, runtime));
      try {
        for (const [i, { index }] of this.#at.images.entries()) {
          signal?.throwIfAborted();
          const share = this.plan.stages[s]!.seconds;
          const report = (f: number) =>
            onProgress?.(Math.min(1, (done + f * share) / this.plan.seconds), `${stage.name}, image ${index}`);
          report(0);
          const key = `${stage.name}@${index}`;
          let found = await cache?.read(key);
          if (!found) {
            found = await this.#align(stage, maps, i, report);
            await cache?.write(key, found);
          }
          measured.push(found);
          done += share;
        }
      } finally {
        for (const map of maps) await map.dispose();
      }
    }
    return {
      model: network.name,
      weights: network.weights,
      ...normalizationEntry(network),
      dataset: dataset.name,
      classes: dataset.classes,
      images: this.#at.images,
      top,
      stages: this.#stages.map((stage) =>
        summarize(
          stage,
          measured.filter((m) => m.name === stage.name),
        ),
      ),
      measured,
      skipped: this.plan.skipped,
      environment: environmentOf(runtime),
      seconds: (performance.now() - began) / 1000,
    };
  }

  async #align(
    { name, units }: Stage,
    maps: readonly ReturnType<typeof branchMap>[],
    image: number,
    onProgress: (fraction: number) => void,
  ): Promise<StageAlignment> {
    const began = performance.now();
    const { seed = 0, signal } = this.#request;
    const at = this.#at.activations[image]!;
    const size = featureCount(units[0]!.input);
    const top = Math.min(this.#request.top, size);
    const found: (TopTriplets & { gap: number | null; residual: number; converged: boolean })[] = [];
    for (const [i, unit] of units.entries()) {
      const operator = await maps[i]!.at(at.get(unit.input)!);
      // One more than is used, for the gap behind the last.
      const { triplets } = await topSingularTriplets(operator, {
        count: top + 1,
        maxBasis: top + longBasis,
        tolerance,
        seed,
        signal,
        onProgress: (f) => onProgress((0.9 * (i + f)) / units.length),
      });
      const used = triplets.slice(0, top);
      const [first, next] = [used[0]!.value, triplets[top]?.value];
      found.push({
        values: used.map((t) => t.value),
        left: used.map((t) => t.left),
        right: used.map((t) => t.right),
        gap: next === undefined || first === 0 ? null : (used.at(-1)!.value - next) / first,
        residual: Math.max(...used.map((t) => t.residual)),
        converged: used.every((t) => t.converged),
      });
    }
    const rights = Float64Array.from(found.flatMap((f) => f.right.flatMap((v) => Array.from(v))));
    const images: Float32Array[][][] = [];
    for (const [i, unit] of units.entries()) {
      const operator = await maps[i]!.at(at.get(unit.input)!);
      const out = (await operator.apply(rights, units.length * top)) as Float32Array;
      images.push(
        units.map((_, j) =>
          Array.from({ length: top }, (__, m) => out.subarray((j * top + m) * size, (j * top + m + 1) * size)),
        ),
      );
    }
    const random = units.map((_, i) => randomBasis(size, top, { seed, purpose: 'alignment/control', index: i }));
    const points = [units[0]!.input, ...units.map((u) => u.output)].map((v) => at.get(v)!.data as Float32Array);
    return {
      name,
      image: this.#at.images[image]!.index,
      ...alignmentMatrices(found, images),
      random: meanOver(
        random.map((x) => random.map((y) => subspaceCosine(x, y))),
        (i, j) => i !== j,
      ),
      path: representationPath(points),
      singularValues: found.map((f) => f.values),
      gaps: found.map((f) => f.gap),
      maxResidual: Math.max(...found.map((f) => f.residual)),
      converged: found.every((f) => f.converged),
      seconds: (performance.now() - began) / 1000,
    };
  }
}

const measures = [
  'leftRight',
  'leftLeft',
  'rightRight',
  'paired',
] as const satisfies readonly (keyof AlignmentMatrices)[];

function summarize({ name, units }: Stage, measured: readonly StageAlignment[]): StageSummary {
  const each = <T>(of: (measure: (typeof measures)[number]) => T) =>
    Object.fromEntries(measures.map((m) => [m, of(m)])) as Record<(typeof measures)[number], T>;
  const over = (of: (m: StageAlignment) => number) => distributionOf(measured.map(of))!;
  const size = featureCount(units[0]!.input);
  const top = measured[0]!.singularValues[0]!.length;
  return {
    name,
    units: units.map((u) => u.name),
    size,
    top,
    expected: Math.sqrt(top / size),
    random: over((m) => m.random).mean,
    ...each((measure) => meanMatrix(measured.map((m) => m[measure]))),
    offDiagonal: each((measure) => over((m) => meanOver(m[measure], (i, j) => i !== j))),
    neighbours: each((measure) => over((m) => meanOver(m[measure], (i, j) => Math.abs(i - j) === 1))),
    straightness: over((m) => m.path.straightness),
    orthogonalStraightness: over((m) => m.path.orthogonalStraightness),
    spacingVariation: over((m) => m.path.spacingVariation),
    turning: distributionOf(measured.flatMap((m) => (m.path.turning === null ? [] : [m.path.turning]))),
    converged: measured.every((m) => m.converged),
    maxResidual: Math.max(...measured.map((m) => m.maxResidual)),
  };
}

/** Alignment across the depth of every stage: prepare and run in one call. */
export async function measureAlignment(request: AlignmentRequest): Promise<AlignmentResult> {
  return (await AlignmentMeasurement.prepare(request)).run();
}
