/** Spectra, growth of perturbations and adversarial accuracy of the networks that a batch study trained: what joins the two papers. */

import { InputError, OverflowError, UsageError } from '../base/errors.ts';
import type { OnProgress } from '../base/progress.ts';
import { type ImageDataset, isText } from '../data/index.ts';
import type { ResultCache } from '../formats/index.ts';
import { partCache } from '../instrument/part-cache.ts';
import { loadNetwork, modelListing, modelNamed, type Network } from '../models/index.ts';
import type { RuntimeOptions } from '../runtime/index.ts';
import { type Part, partForms } from '../schema/index.ts';
import { attackImages, environmentOf, findUnits, measurePerturbations, plainPgd } from '../stability/index.ts';
import { DataShelf } from '../study/index.ts';
import { fittedTo } from '../train/index.ts';
import { blockNorms } from './block-norms.ts';
import type { StageGrowth, StudyStability, TrainedModel, WorkloadStability } from './result.ts';
import { type Skipped, type TrainedTrial, type TrainedWorkload, trainedTrials } from './trained-trials.ts';
import { trendsAboveChance } from './trends.ts';

export interface StudyStabilityRequest {
  /** Folder of a study of `ballast batch run`. */
  readonly folder: string;
  /** Of the data; where each trial found it unless told. */
  readonly data?: string | undefined;
  /** Names; all unless told. */
  readonly workloads?: readonly string[] | undefined;
  /** Every rate that was tried, not only the best of each strategy and batch size. */
  readonly all: boolean;
  /** Positions in the held-out data. */
  readonly images: readonly number[];
  /** Linf radii in pixel units; growth is that of the first. */
  readonly eps: readonly number[];
  readonly steps: number;
  /** The largest singular values of units are taken at the first so many images; 0: none. */
  readonly spectrumImages: number;
  readonly seed: number;
  readonly runtime: RuntimeOptions;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
  /** Folder for finished models: an interrupted run goes on. */
  readonly parts?: string | undefined;
}

export interface StudyStabilityPlan {
  readonly workloads: readonly { readonly name: string; readonly models: number; readonly seconds: number }[];
  readonly skipped: readonly Skipped[];
  readonly models: number;
  /** Rough. */
  readonly seconds: number;
}

type Measured = Part<'trainedModel'>;

/** Raised whenever the numbers of a trained model change. */
export const studyStabilityRevision = 2;

/** Steps of DeepFool; it mostly needs three. */
const deepfoolSteps = 20;
/** Floating-point operations a second of two cores in convolutions, for estimates. */
const usualSpeed = 5e10;
/** Seconds of the leading singular values of one unit at one image. */
const usualSpectrum = 0.3;

const nameOf = ({ trial }: TrainedTrial) => `${trial.workload}, batch ${trial.batchSize}, seed ${trial.seed}`;

/** The networks of a study, found and checked. `run` measures them. */
export class StudyStabilityMeasurement {
  readonly plan: StudyStabilityPlan;
  readonly #request: StudyStabilityRequest;
  readonly #study: string;
  readonly #workloads: readonly TrainedWorkload[];

  private constructor(
    request: StudyStabilityRequest,
    study: string,
    workloads: readonly TrainedWorkload[],
    skipped: readonly Skipped[],
  ) {
    [this.#request, this.#study, this.#workloads] = [request, study, workloads];
    const planned = workloads.map(({ workload, trials }) => ({
      name: workload.name,
      models: trials.length,
      seconds: trials.length * secondsOf(workload.model, request),
    }));
    this.plan = {
      workloads: planned,
      skipped,
      models: planned.reduce((n, w) => n + w.models, 0),
      seconds: planned.reduce((sum, w) => sum + w.seconds, 0),
    };
  }

  /** Throws UsageError for workloads that are not there, and where no workload classifies images or none has trained a network. */
  static async prepare(request: StudyStabilityRequest): Promise<StudyStabilityMeasurement> {
    const { name, workloads, skipped } = await trainedTrials(request.folder, request);
    for (const wanted of request.workloads ?? []) {
      if (workloads.some((w) => w.workload.name === wanted)) continue;
      const known = workloads.map((w) => w.workload.name).join(', ');
      throw new InputError('workloads', `study ${name} has no workload "${wanted}"; expected ${known}`);
    }
    const asked = workloads.filter((w) => request.workloads?.includes(w.workload.name) ?? true);
    // Of a workload without networks the reasons are told one by one; its model may be another program's.
    const kept = asked.filter(
      ({ workload, trials }) => trials.length === 0 || modelNamed(workload.model).task === 'classification',
    );
    const others = asked
      .filter((w) => !kept.includes(w))
      .map(({ workload }) => ({
        what: workload.name,
        why: 'is not for the classification of images, which attacks are for',
      }));
    const measurable = kept.filter((w) => w.trials.length > 0);
    if (measurable.length === 0)
      throw new UsageError(
        `${request.folder}: study ${name} has no finished trial of a classifier with its weights; expected some of "ballast batch run" with keep: model or checkpoint`,
      );
    return new StudyStabilityMeasurement(request, name, measurable, [
      ...others,
      ...skipped.filter((s) => kept.some((w) => s.what.startsWith(`${w.workload.name},`))),
    ]);
  }

  async run(): Promise<StudyStability> {
    const began = performance.now();
    const { images, eps, steps, spectrumImages, seed, runtime } = this.#request;
    const workloads: WorkloadStability[] = [];
    const skipped = [...this.plan.skipped];
    let done = 0;
    for (const [w, { workload, trials }] of this.#workloads.entries()) {
      const models: TrainedModel[] = [];
      const each = this.plan.workloads[w]!.seconds / trials.length;
      for (const trained of trials) {
        const report = (share: number, detail: string) =>
          this.#request.onProgress?.((done + share * each) / this.plan.seconds, `${nameOf(trained)}: ${detail}`);
        try {
          models.push(describe(trained, await this.#measure(trained, report)));
        } catch (error) {
          // One network that is no use to anybody does not undo what was measured of the others.
          if (!(error instanceof OverflowError)) throw error;
          skipped.push({ what: nameOf(trained), why: 'its activations overflow float32' });
        }
        done += each;
      }
      if (models.length === 0) continue;
      const { name, model, dataset } = workload;
      const classes = (await this.#imagesOf(trials[0]!)).classes.length;
      workloads.push({ name, model, dataset, models, ...trendsAboveChance(models, images.length, classes) });
    }
    return {
      study: this.#study,
      settings: { images, eps, steps, spectrumImages, seed },
      workloads,
      skipped,
      environment: environmentOf(runtime),
      seconds: (performance.now() - began) / 1000,
    };
  }

  readonly #shelf = new DataShelf();

  async #imagesOf({ spec }: TrainedTrial): Promise<ImageDataset> {
    const { valid } = await this.#shelf.of(spec.data, this.#request.data ?? spec.dir);
    if (isText(valid)) throw new UsageError(`${valid.name} is text; expected images`);
    const beyond = this.#request.images.find((i) => i >= valid.count);
    if (beyond !== undefined)
      throw new InputError(
        'images',
        `expected positions below ${valid.count}, the held-out images that the study was measured on, got ${beyond}`,
      );
    return valid;
  }

  async #measure(trained: TrainedTrial, report: (share: number, detail: string) => void): Promise<Measured> {
    this.#request.signal?.throwIfAborted();
    report(0, 'weights');
    const { config } = trained.spec;
    const dataset = await this.#imagesOf(trained);
    const network = await loadNetwork({
      model: config.model,
      weights: trained.weights,
      ...fittedTo(config.model, dataset),
    });
    const cache = this.#cache(network, dataset);
    const key = trained.trial.id;
    const known = await cache?.read(key);
    if (known) return known;
    const found = await this.#measured(network, dataset, report);
    await cache?.write(key, found);
    return found;
  }

  #cache(network: Network, data: ImageDataset): ResultCache<Measured> | undefined {
    const { parts, images, eps, steps, spectrumImages, seed, runtime } = this.#request;
    if (parts === undefined) return undefined;
    const settings = { images, eps, steps, spectrumImages, seed };
    const revision = studyStabilityRevision;
    return partCache(parts, partForms.trainedModel, {
      measurement: 'study-stability',
      revision,
      network,
      data,
      settings,
      runtime,
    });
  }

  async #measured(
    network: Network,
    dataset: ImageDataset,
    report: (share: number, detail: string) => void,
  ): Promise<Measured> {
    const { images, eps, steps, spectrumImages, seed, runtime, signal } = this.#request;
    const common = { network, dataset, images, seed, runtime, signal };
    const { result } = await measurePerturbations({
      ...common,
      ...plainPgd(eps[0]!, steps),
      // A quarter of each radius.
      stepSize: undefined,
      radii: eps,
      onProgress: (share) => report(0.5 * share, 'perturbations'),
    });
    // Only its length is asked for, so it is not followed through the network.
    const smallest = await attackImages(
      {
        ...common,
        ...plainPgd(eps[0]!, deepfoolSteps),
        stepSize: undefined,
        attack: 'deepfool',
        norm: 'l2',
        radii: [],
        onProgress: (share) => report(0.5 + 0.2 * share, 'distance to the boundary'),
      },
      network,
      false,
    );
    const norms = await blockNorms(network, dataset, images.slice(0, spectrumImages), {
      ...{ seed, runtime, signal },
      onProgress: (share) => report(0.7 + 0.3 * share, 'singular values'),
    });
    const atImage = result.layers[0];
    const growth = result.growth.map(({ name, stage, toRandom }): StageGrowth => {
      const layer = result.layers.find((l) => l.name === name);
      const of = (kind: 'adversarial' | 'random') => {
        const [here, there] = [layer?.[kind]?.relativeNorm, atImage?.[kind]?.relativeNorm];
        return here === undefined || there === undefined ? null : here / there;
      };
      return { stage, adversarial: of('adversarial'), random: of('random'), ratio: toRandom };
    });
    return {
      accuracy: result.clean.accuracy,
      attacks: result.byRadius,
      distance: smallest.summaries[0]!.medianL2,
      growth,
      norms,
    };
  }
}

function secondsOf(model: string, { images, eps, steps, spectrumImages }: StudyStabilityRequest): number {
  const flops = 3 * modelListing(model).flops;
  const gradients = images.length * (eps.length * steps + 3 * deepfoolSteps);
  return (
    (gradients * flops) / usualSpeed + spectrumImages * usualSpectrum * findUnits(modelNamed(model).trace(1)).length + 2
  );
}

function describe({ trial, strategies, spec }: TrainedTrial, measured: Measured): TrainedModel {
  const last = trial.measurements.at(-1);
  return {
    trialId: trial.id,
    strategies,
    batchSize: trial.batchSize,
    learningRate: trial.learningRate,
    optimizer: spec.config.optimizer,
    seed: trial.seed,
    steps: last?.step ?? 0,
    examples: last?.examples ?? 0,
    trainLoss: last?.trainLoss ?? null,
    valLoss: last?.valLoss ?? null,
    ...measured,
  };
}
