/**
 * The whole of the first paper (arXiv 1905.13386) on one network: spectra of units at images (F1, F2), interventions (F3), perturbations
 * followed through the network (F4) and projected onto singular vectors (F5). It only puts the measurements of this room together.
 */
import { join } from 'node:path';
import { breathe } from '../base/breathe.ts';
import { InputError, UsageError } from '../base/errors.ts';
import { type OnProgress, PartedProgress } from '../base/progress.ts';
import type { ImageDataset } from '../data/index.ts';
import type { ResultCache } from '../formats/index.ts';
import { type Network, normalizationEntry } from '../models/index.ts';
import type { RuntimeOptions } from '../runtime/index.ts';
import type { ReproductionResult } from '../schema/index.ts';
import { environmentOf } from './environment.ts';
import { InterventionMeasurement, interventionCache } from './interventions/intervention-measurement.ts';
import type { InterventionResult } from './interventions/intervention-result.ts';
import type { InterventionCache, InterventionRequest } from './interventions/intervention-setting.ts';
import { measurePerturbations, type PerturbationPixels } from './perturbations/perturbation-measurement.ts';
import { perturbationCost } from './perturbations/perturbation-plan.ts';
import {
  type PerturbationRequest,
  perturbationCache,
  plainPgd,
  untrainedCache,
} from './perturbations/perturbation-setting.ts';
import { countActiveUnits } from './spectra/active-units.ts';
import { folderCache } from './spectra/spectra-cache.ts';
import { type PlannedBlock, SpectrumMeasurement, type SpectrumRequest } from './spectra/spectrum.ts';
import { findStages, findUnits, selectUnits } from './units/units.ts';

export interface ReproductionRequest {
  readonly network: Network;
  /** The same architecture with fresh weights, as a control. */
  readonly untrained: Network | undefined;
  readonly dataset: ImageDataset;
  /** Positions in the data set of the images that are perturbed. */
  readonly images: readonly number[];
  /** Complete spectra are taken at the first so many of them. */
  readonly spectrumImages: number;
  /** Names of units with complete spectra; chosen by `affordableUnits` unless told. */
  readonly units?: string | undefined;
  /** Units with complete spectra at the first image alone: see `selectUnits`. */
  readonly completeOnce?: string | undefined;
  /** Estimated minutes that complete spectra may take, where the units are chosen. */
  readonly spectrumMinutes: number;
  /** Linf radius of PGD, pixel units. */
  readonly eps: number;
  readonly steps: number;
  /** Steps of a projection, and leading singular vectors. */
  readonly projectionSteps: number;
  /** Perturbations of the first so many images are projected. */
  readonly projectionImages: number;
  readonly top: number;
  readonly finalRelu: boolean;
  /** Test images for the accuracy of changed networks. */
  readonly evaluationImages: number;
  readonly seed: number;
  readonly runtime: RuntimeOptions;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
  /** Folder for finished parts: an interrupted run goes on. */
  readonly parts?: string | undefined;
}

/** Where finished parts of a reproduction lie below a folder; all of them have to be there. */
export const partFolders = (parts: string) => ({
  spectra: join(parts, 'spectra'),
  // Of one unit and of all: both have an unchanged network, under the same name.
  one: join(parts, 'interventions', 'one'),
  all: join(parts, 'interventions', 'all'),
  projections: join(parts, 'projections'),
});

export interface ReproductionPlan {
  readonly spectra: readonly PlannedBlock[];
  readonly units: readonly string[];
  /** Estimates by part. */
  readonly seconds: {
    readonly spectra: number;
    readonly interventions: number;
    readonly perturbations: number;
    readonly projections: number;
    readonly total: number;
  };
  readonly bytes: number;
}

/** The scales of science.md's F3 that we try; those of the paper are not public. */
const skipScales = [0, 0.5, 1, 1.5, 2] as const;
const weightScales = [0.5, 1, 2] as const;
/** With all units changed together the network soon breaks: a narrower range. */
const everywhere = [0.9, 1, 1.1] as const;

/**
 * Units whose complete spectra together take at most so many seconds: the cheapest one of each stage always, then whatever is
 * cheapest. In the network's order.
 */
export function affordableUnits(
  cost: ReadonlyMap<string, number>,
  stages: readonly (readonly string[])[],
  seconds: number,
): string[] {
  const byCost = (names: readonly string[]) => [...names].sort((a, b) => cost.get(a)! - cost.get(b)!);
  const chosen = new Set(stages.flatMap((names) => byCost(names.filter((n) => cost.has(n))).slice(0, 1)));
  let spent = [...chosen].reduce((sum, name) => sum + cost.get(name)!, 0);
  for (const name of byCost([...cost.keys()])) {
    if (chosen.has(name)) continue;
    spent += cost.get(name)!;
    if (spent > seconds) break;
    chosen.add(name);
  }
  return [...cost.keys()].filter((name) => chosen.has(name));
}

/** Everything but the long parts done: the plan. `run` computes them. */
export class Reproduction {
  readonly plan: ReproductionPlan;
  readonly #request: ReproductionRequest;
  readonly #spectra: SpectrumMeasurement;
  readonly #interventions: readonly InterventionMeasurement[];
  readonly #clock: PartedProgress;

  private constructor(
    request: ReproductionRequest,
    spectra: SpectrumMeasurement,
    interventions: readonly InterventionMeasurement[],
    units: readonly string[],
    clock: PartedProgress,
  ) {
    this.#clock = clock;
    this.#request = request;
    this.#spectra = spectra;
    this.#interventions = interventions;
    const { own, control, bytes } = perturbationCost(this.#perturbationRequest());
    const seconds = {
      spectra: spectra.plan.seconds,
      interventions: interventions.reduce((sum, i) => sum + i.plan.seconds, 0),
      perturbations: own.attack + own.followed + control.attack + control.followed,
      projections: own.projections + control.projections,
    };
    this.plan = {
      spectra: spectra.plan.blocks,
      units,
      seconds: { ...seconds, total: Object.values(seconds).reduce((a, b) => a + b, 0) },
      bytes: Math.max(bytes, spectra.plan.bytes, ...interventions.map((i) => i.plan.bytes)),
    };
  }

  /** Finds units and runs the network at the images. Throws UsageError for what cannot be. */
  static async prepare(request: ReproductionRequest): Promise<Reproduction> {
    const { network, dataset, images, parts } = request;
    const found = findUnits(network.graph(1));
    if (found.length === 0)
      throw new UsageError(`${network.name} has no residual units; the paper is about residual networks`);
    if (images.length === 0) throw new InputError('images', 'expected at least one image');
    const first = images.slice(0, request.spectrumImages);
    const clock = new PartedProgress(request.onProgress);
    const base: Omit<SpectrumRequest, 'units'> = {
      network,
      dataset,
      images: first,
      stages: true,
      finalRelu: request.finalRelu,
      method: 'auto',
      top: request.top,
      seed: request.seed,
      runtime: request.runtime,
      signal: request.signal,
      onProgress: clock.say,
    };
    const units = request.units ?? (await chosenUnits(base, request.spectrumMinutes));
    const completeOnce = selectUnits(found, request.completeOnce ?? 'none', 'completeOnce').map((u) => u.name);
    const wanted: SpectrumRequest = { ...base, units, completeOnce };
    const spectra = await SpectrumMeasurement.prepare(
      parts ? { ...wanted, cache: folderCache(partFolders(parts).spectra, wanted) } : wanted,
    );
    const names = [...new Set(spectra.plan.blocks.map((b) => b.name))].filter((n) => found.some((u) => u.name === n));
    const interventions: InterventionMeasurement[] = [];
    for (const own of interventionsOf(request, spectra.plan.blocks, names, clock.say)) {
      await breathe(request.signal);
      const cache = !parts
        ? undefined
        : own.units === 'all'
          ? interventionCache(partFolders(parts).all, own)
          : ofUnit(interventionCache(partFolders(parts).one, own), own.units);
      interventions.push(await InterventionMeasurement.prepare(cache ? { ...own, cache } : own));
    }
    return new Reproduction(request, spectra, interventions, names, clock);
  }

  async run(): Promise<{ result: ReproductionResult; pixels: readonly PerturbationPixels[] }> {
    const began = performance.now();
    const { network, dataset, images, runtime, signal } = this.#request;
    const { seconds } = this.plan;
    const active = await countActiveUnits(network, dataset, images, { runtime, signal });
    this.#clock.begin(seconds.spectra, seconds.total);
    const spectra = await this.#spectra.run();
    const interventions: InterventionResult[] = [];
    for (const measurement of this.#interventions) {
      this.#clock.begin(measurement.plan.seconds, seconds.total);
      interventions.push(await measurement.run());
    }
    this.#clock.begin(seconds.perturbations + seconds.projections, seconds.total);
    const { result: perturbations, pixels } = await measurePerturbations(this.#perturbationRequest());
    return {
      result: {
        model: network.name,
        weights: network.weights,
        ...normalizationEntry(network),
        dataset: dataset.name,
        images,
        active,
        spectra,
        interventions,
        perturbations,
        environment: environmentOf(runtime),
        seconds: (performance.now() - began) / 1000,
      },
      pixels,
    };
  }

  #perturbationRequest(): PerturbationRequest {
    const {
      network,
      untrained,
      dataset,
      images,
      eps,
      steps,
      projectionSteps,
      projectionImages,
      top,
      finalRelu,
      seed,
      runtime,
      signal,
      parts,
    } = this.#request;
    const request: PerturbationRequest = {
      network,
      untrained,
      dataset,
      images,
      ...plainPgd(eps, steps),
      project: { steps: projectionSteps, top, finalRelu, images: projectionImages },
      seed,
      runtime,
      signal,
      onProgress: this.#clock.say,
    };
    if (!parts) return request;
    const { projections } = partFolders(parts);
    return {
      ...request,
      cache: perturbationCache(projections, request),
      untrainedCache: untrainedCache(projections, request),
    };
  }
}

/** Accuracies and growths of networks with this unit changed, under names of their own: several units share a folder. */
function ofUnit(cache: InterventionCache, unit: string): InterventionCache {
  const named = <T>({ read, write }: ResultCache<T>): ResultCache<T> => ({
    read: (key) => read(`${unit}, ${key}`),
    write: (key, value) => write(`${unit}, ${key}`, value),
  });
  return { ...cache, accuracies: named(cache.accuracies), growths: named(cache.growths) };
}

async function chosenUnits(base: Omit<SpectrumRequest, 'units'>, minutes: number): Promise<string> {
  const { plan } = await SpectrumMeasurement.prepare({ ...base, units: 'all', stages: false });
  const cost = new Map<string, number>();
  for (const { name, seconds } of plan.blocks) cost.set(name, (cost.get(name) ?? 0) + seconds);
  const stages = findStages(findUnits(base.network.graph(1))).map((stage) => stage.units.map((u) => u.name));
  return affordableUnits(cost, stages, 60 * minutes).join(',');
}

/** Units that are scaled alone, and the most images at which they are: how much changes differ between images is all that is uncertain of them (finding F3). */
const unitsScaledAlone = 3;
const imagesScaledAlone = 5;

/**
 * The cheapest units with a complete spectrum, skip and weights of each scaled alone; then those of all units together, at one image. Perturbations are followed through
 * networks that have the first of them scaled.
 */
function interventionsOf(
  request: ReproductionRequest,
  blocks: readonly PlannedBlock[],
  units: readonly string[],
  onProgress: OnProgress,
): InterventionRequest[] {
  const { network, dataset, images, eps, steps, finalRelu, evaluationImages, seed, runtime, signal, top } = request;
  const cost = (name: string) => blocks.filter((b) => b.name === name).reduce((sum, b) => sum + b.seconds, 0);
  // Where the shortcut is the identity the plateau is known beforehand.
  const plain = findUnits(network.graph(1)).filter((u) => u.shortcut === u.input && units.includes(u.name));
  const candidates = plain.length ? plain.map((u) => u.name) : units;
  const cheapest = [...candidates].sort((a, b) => cost(a) - cost(b)).slice(0, unitsScaledAlone);
  const unit = cheapest[0]!;
  const common = {
    network,
    dataset,
    images: images.slice(0, 1),
    evaluationImages,
    growth: { images, eps, steps },
    finalRelu,
    method: 'auto',
    top,
    seed,
    runtime,
    signal,
    onProgress,
  } as const;
  const { growth: _, ...without } = common;
  const scaledAt = images.slice(0, Math.min(imagesScaledAlone, request.spectrumImages));
  const alone = cheapest.map((name) => ({
    ...(name === unit ? common : without),
    images: scaledAt,
    units: name,
    operatingPoint: 'frozen' as const,
  }));
  const together = { ...common, units: 'all', measured: unit, operatingPoint: 'recomputed' } as const;
  return [
    ...alone.flatMap((own) => [
      { ...own, skipScales, weightScales: [1] },
      { ...own, skipScales: [1], weightScales },
    ]),
    { ...together, skipScales: everywhere, weightScales: [1] },
    { ...together, skipScales: [1], weightScales: everywhere },
  ];
}
