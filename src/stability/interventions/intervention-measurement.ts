import type { z } from 'zod';
import { type ImageDataset, subset } from '../../data/index.ts';
import { evaluate } from '../../evaluate/index.ts';
import type { ResultCache } from '../../formats/index.ts';
import { partCache } from '../../instrument/part-cache.ts';
import { normalizationEntry } from '../../models/index.ts';
import { flopsOf } from '../../onnx/index.ts';
import { partForms } from '../../schema/index.ts';
import { environmentOf } from '../environment.ts';
import type { BlockSpectrum } from '../result.ts';
import { relativeDifference } from '../spectra/spread.ts';
import { BlockMeasurement } from '../units/block.ts';
import { type BlockPlan, planBlock } from '../units/block-plan.ts';
import type { Unit } from '../units/units.ts';
import type { Scales } from './intervention.ts';
import { growthIn } from './intervention-growth.ts';
import type {
  InterventionResult,
  ScaledAccuracy,
  ScaledGrowth,
  ScaledNetwork,
  ScaledSpectrum,
} from './intervention-result.ts';
import {
  blockOf,
  type Changed,
  changedNetwork,
  type InterventionCache,
  type InterventionRequest,
  nameOf,
  type Setting,
  scalesOf,
  settingOf,
  spectrumKey,
  untouched,
} from './intervention-setting.ts';

/** Raised whenever the numbers of an intervention change. */
export const interventionRevision = 2;

/** Finished spectra and accuracies below `dir`, one file each. */
export function interventionCache(dir: string, request: InterventionRequest): InterventionCache {
  const { network, dataset, units, operatingPoint, evaluationImages, growth, finalRelu, method, top, runtime } =
    request;
  const { seed = 0 } = request;
  const of = <T>(form: z.ZodType<T>, settings: Readonly<Record<string, unknown>>): ResultCache<T> =>
    partCache(dir, form, {
      ...{ measurement: 'intervene', revision: interventionRevision, network, data: dataset, runtime },
      settings: { units, seed, ...settings },
    });
  return {
    spectra: of(partForms.spectrum, { operatingPoint, finalRelu, method, top }),
    accuracies: of(partForms.scaledAccuracy, { evaluationImages }),
    growths: of(partForms.scaledGrowth, { growth }),
  };
}

/** One unit at one image with its scales, not yet computed. */
export interface PlannedIntervention extends BlockPlan, Scales {
  readonly name: string;
  readonly image: number;
}

export interface InterventionPlan {
  readonly spectra: readonly PlannedIntervention[];
  /** How many different ones, the unchanged one among them. */
  readonly networks: number;
  /** Of all evaluations together. */
  readonly evaluationSeconds: number;
  /** Of all attacks together. */
  readonly growthSeconds: number;
  readonly seconds: number;
  /** Peak memory of the largest spectrum, beside what the process holds already. */
  readonly bytes: number;
}

/** Floating-point operations a second that two cores reach in convolutions, for estimates. */
const usualSpeed = 1e11;

const growthKey = (scales: Scales) => `growth, ${nameOf(scales)}`;

async function planOf(setting: Setting): Promise<{ plan: InterventionPlan; shares: Map<string, number> }> {
  const { request, grid } = setting;
  const spectra: PlannedIntervention[] = [];
  const shares = new Map<string, number>();
  const flops = request.network.graph(1).nodes.reduce((sum, node) => sum + flopsOf(node), 0);
  const evaluation = (Math.min(request.evaluationImages, request.dataset.count) * flops) / usualSpeed;
  // A gradient costs about three forward passes.
  const { images: followed, steps } = request.growth ?? { images: [], steps: 0 };
  const growth = (followed.length * (3 * steps + 10) * flops) / usualSpeed;
  for (const scales of [untouched, ...grid]) {
    if (shares.has(nameOf(scales))) continue;
    shares.set(nameOf(scales), evaluation);
    if (request.growth) shares.set(growthKey(scales), growth);
    const { units, at } = await changedNetwork(setting, scales);
    for (const unit of units) {
      request.images.forEach((image, i) => {
        const key = spectrumKey(setting, unit, image, scales);
        if (shares.has(key)) return;
        const plan = planBlock(blockOf(unit), at.get(unit)![i]!, request);
        spectra.push({ name: unit.name, image, ...scalesOf(setting, unit, scales), ...plan });
        shares.set(key, plan.seconds);
      });
    }
  }
  const seconds = [...shares.values()].reduce((sum, s) => sum + s, 0);
  const networks = (shares.size - spectra.length) / (request.growth ? 2 : 1);
  return {
    plan: {
      spectra,
      networks,
      evaluationSeconds: networks * evaluation,
      growthSeconds: networks * growth,
      seconds,
      bytes: spectra.reduce((most, s) => Math.max(most, s.bytes), 0),
    },
    shares,
  };
}

/**
 * Spectra of residual units y = [relu](a S x + c F(x)) and the accuracy of their network over a grid of scales a and c (an
 * intervention of the paper), with everything but spectra and accuracies done: the plan. `run` computes them.
 */
export class InterventionMeasurement {
  readonly plan: InterventionPlan;
  readonly #setting: Setting;
  /** Estimated seconds of what is still to be done, by key. */
  readonly #shares: Map<string, number>;
  readonly #evaluationSet: ImageDataset;
  readonly #spectra = new Map<string, BlockSpectrum>();
  readonly #accuracies = new Map<string, ScaledAccuracy>();
  readonly #growths = new Map<string, ScaledGrowth>();

  private constructor(setting: Setting, plan: InterventionPlan, shares: Map<string, number>) {
    const { dataset, evaluationImages, seed = 0 } = setting.request;
    this.plan = plan;
    this.#setting = setting;
    this.#shares = shares;
    this.#evaluationSet = subset(dataset, Math.min(1, evaluationImages / dataset.count), seed);
  }

  /**
   * Finds the units and runs each changed network at the images. Throws UsageError for units that are not there, and for scales
   * that are not finite or make activations overflow.
   */
  static async prepare(request: InterventionRequest): Promise<InterventionMeasurement> {
    const setting = await settingOf(request);
    const { plan, shares } = await planOf(setting);
    return new InterventionMeasurement(setting, plan, shares);
  }

  async run(): Promise<InterventionResult> {
    const began = performance.now();
    const { request, changed, measured, grid } = this.#setting;
    const { network, dataset, images, finalRelu, operatingPoint, runtime = {} } = request;
    const unchanged = await this.#measure(untouched, undefined);
    const scales: ScaledNetwork[] = [];
    for (const pair of grid) scales.push(await this.#measure(pair, unchanged));
    return {
      model: network.name,
      weights: network.weights,
      ...normalizationEntry(network),
      dataset: dataset.name,
      classes: dataset.classes,
      finalRelu,
      operatingPoint,
      changed,
      measured,
      images: images.map((index) => ({ index, label: dataset.labels[index]! })),
      unchanged,
      scales,
      environment: environmentOf(runtime),
      seconds: (performance.now() - began) / 1000,
    };
  }

  async #measure(scales: Scales, unchanged: ScaledNetwork | undefined): Promise<ScaledNetwork> {
    const { images } = this.#setting.request;
    const changed = await changedNetwork(this.#setting, scales);
    const accuracy = await this.#accuracy(changed);
    const growth = await this.#growth(changed);
    const spectra: BlockSpectrum[][] = [];
    for (const unit of changed.units) spectra.push(await this.#unitSpectra(changed, unit));
    const units = images.flatMap((image, i) => spectra.map((ofUnit) => scaledSpectrum(ofUnit[i]!, image, unchanged)));
    return { ...scales, ...accuracy, predicted: changed.predicted, units, growth };
  }

  async #accuracy({ scales, network }: Changed): Promise<ScaledAccuracy> {
    const { runtime, cache } = this.#setting.request;
    return this.#once(
      nameOf(scales),
      `accuracy, ${nameOf(scales)}`,
      this.#accuracies,
      cache?.accuracies,
      async (progress) => {
        const { accuracy, loss, count } = await evaluate(network, this.#evaluationSet, {
          ...runtime,
          onProgress: (done, total) => progress(done / total),
        });
        return { accuracy, loss: Number.isFinite(loss) ? loss : null, evaluated: count };
      },
    );
  }

  async #growth({ scales, network }: Changed): Promise<ScaledGrowth | null> {
    const { dataset, growth, runtime = {}, seed = 0, signal, cache } = this.#setting.request;
    if (!growth) return null;
    return this.#once(growthKey(scales), `perturbations, ${nameOf(scales)}`, this.#growths, cache?.growths, () =>
      growthIn(network, dataset, growth, { seed, runtime, signal }),
    );
  }

  async #unitSpectra({ scales, graph, at }: Changed, unit: Unit): Promise<BlockSpectrum[]> {
    const { images, finalRelu, method, top, seed = 0, runtime = {}, signal, cache } = this.#setting.request;
    let progress = (_: number) => {};
    const onProgress = (fraction: number) => progress(fraction);
    const options = { finalRelu, method, top, seed, runtime, signal, onProgress };
    const measurement = new BlockMeasurement(graph, blockOf(unit), options);
    try {
      const spectra: BlockSpectrum[] = [];
      for (const [i, image] of images.entries()) {
        const key = spectrumKey(this.#setting, unit, image, scales);
        const detail = `${unit.name}, image ${image}, ${nameOf(scales)}`;
        const compute = (report: typeof progress) => {
          progress = report;
          return measurement.measure(at.get(unit)![i]!);
        };
        spectra.push(await this.#once(key, detail, this.#spectra, cache?.spectra, compute));
      }
      return spectra;
    } finally {
      await measurement.dispose();
    }
  }

  /** What is known under `key`, from this run or an earlier one; else it is computed and kept. */
  async #once<T>(
    key: string,
    detail: string,
    known: Map<string, T>,
    cache: ResultCache<T> | undefined,
    compute: (progress: (fraction: number) => void) => Promise<T>,
  ): Promise<T> {
    const { signal, onProgress } = this.#setting.request;
    signal?.throwIfAborted();
    let value = known.get(key) ?? (await cache?.read(key));
    if (value === undefined) {
      const share = this.#shares.get(key)!;
      const left = [...this.#shares.values()].reduce((sum, s) => sum + s, 0);
      const report = (fraction: number) => onProgress?.(1 - (left - fraction * share) / this.plan.seconds, detail);
      report(0);
      value = await compute(report);
      await cache?.write(key, value);
    }
    known.set(key, value);
    this.#shares.delete(key);
    return value;
  }
}

function scaledSpectrum(spectrum: BlockSpectrum, image: number, unchanged: ScaledNetwork | undefined): ScaledSpectrum {
  const { singularValues, complete, name } = spectrum;
  const before = unchanged ? unchanged.units.find((u) => u.name === name && u.image === image)! : spectrum;
  return {
    ...spectrum,
    image,
    max: singularValues[0] ?? null,
    min: complete ? (singularValues.at(-1) ?? null) : null,
    change: complete && before.complete ? relativeDifference(singularValues, before.singularValues) : null,
  };
}

/** Spectra and accuracies over a grid of scales: prepare and run in one call. */
export async function measureIntervention(request: InterventionRequest): Promise<InterventionResult> {
  return (await InterventionMeasurement.prepare(request)).run();
}
