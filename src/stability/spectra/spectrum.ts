import { InputError, reasonOf, UsageError } from '../../base/errors.ts';
import type { OnProgress } from '../../base/progress.ts';
import { type ImageDataset, toFloat } from '../../data/index.ts';
import { argMax, requireFiniteLogits, requireFit } from '../../evaluate/index.ts';
import type { ResultCache } from '../../formats/index.ts';
import { type Network, normalizationEntry } from '../../models/index.ts';
import { type Graph, GraphError, tensor, type Value } from '../../onnx/index.ts';
import type { RuntimeOptions } from '../../runtime/index.ts';
import { environmentOf } from '../environment.ts';
import type { BlockSpectrum, ImageSpectra, SpectrumResult, StageSpectrum, UnmeasuredBlock } from '../result.ts';
import { type Activations, activationsAt } from '../units/activations.ts';
import { BlockMeasurement, type BlockOptions } from '../units/block.ts';
import { type Block, valuesNeeded } from '../units/block-ends.ts';
import { type BlockPlan, type MethodChoice, planBlock } from '../units/block-plan.ts';
import { findStages, findUnits, selectUnits } from '../units/units.ts';
import { LogitsJacobian, planLogits, wholeNetwork } from './logits-jacobian.ts';
import { spreadAcrossImages } from './spread.ts';

/** Which units and stages of which network, at which images, and by which method. */
export interface SpectrumRequest {
  readonly network: Network;
  readonly dataset: ImageDataset;
  /** Positions in the data set. */
  readonly images: readonly number[];
  /** `all`, `none`, or names and runs of units: see `selectUnits`. */
  readonly units: string;
  readonly stages: boolean;
  /** The whole network as well, from its input to its logits. */
  readonly whole?: boolean;
  readonly finalRelu: boolean;
  readonly method: MethodChoice;
  /** Leading values where the spectrum is not computed in full. */
  readonly top: number;
  /** Names of units whose spectrum is computed in full at the first image alone, for what it costs: at the others their leading values. */
  readonly completeOnce?: readonly string[];
  readonly seed?: number;
  readonly runtime?: RuntimeOptions;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
  /** By block and image. */
  readonly cache?: SpectrumCache | undefined;
}

export type SpectrumCache = ResultCache<BlockSpectrum>;

/** One block at one image, not yet computed. */
export interface PlannedBlock extends BlockPlan {
  readonly name: string;
  readonly image: number;
}

/** One that is in no cache. */
export interface MissingBlock extends PlannedBlock {
  readonly kind: 'unit' | 'stage';
}

/** What a request will do and cost. Finding out takes one forward pass an image. */
export interface SpectrumPlan {
  readonly blocks: readonly PlannedBlock[];
  readonly seconds: number;
  /** Peak memory of the largest block, beside what the process holds already. */
  readonly bytes: number;
}

/** What a spectrum is kept by. What is exact on one machine may be the leading values on a smaller one. */
const keyOf = ({ name, image, method }: PlannedBlock) => `${name}@${image}${method === 'lanczos' ? ', leading' : ''}`;

interface Job {
  readonly block: Block;
  readonly kind: 'unit' | 'stage' | 'network';
  readonly method: MethodChoice;
}

/** A spectrum measurement with everything but the spectra done: activations, predictions and the plan. */
export class SpectrumMeasurement {
  readonly plan: SpectrumPlan;
  readonly #request: SpectrumRequest;
  readonly #graph: Graph;
  readonly #jobs: readonly Job[];
  readonly #activations: readonly Activations[];
  readonly #logits: Value;

  private constructor(
    request: SpectrumRequest,
    graph: Graph,
    jobs: readonly Job[],
    activations: readonly Activations[],
    logits: Value,
  ) {
    this.#request = request;
    this.#graph = graph;
    this.#jobs = jobs;
    this.#activations = activations;
    this.#logits = logits;
    const methodAt = ({ block, method }: Job, i: number): MethodChoice =>
      i > 0 && request.completeOnce?.includes(block.name) ? 'lanczos' : method;
    const blocks = jobs.flatMap((job) =>
      activations.map((at, i) => ({
        name: job.block.name,
        image: request.images[i]!,
        ...(job.kind === 'network'
          ? planLogits(graph, logits)
          : planBlock(job.block, at, { ...request, method: methodAt(job, i) })),
      })),
    );
    this.plan = {
      blocks,
      seconds: blocks.reduce((sum, b) => sum + b.seconds, 0),
      bytes: blocks.reduce((most, b) => Math.max(most, b.bytes), 0),
    };
  }

  /** Finds the blocks and runs the network at every image. Throws UsageError for units that are not there. */
  static async prepare(request: SpectrumRequest): Promise<SpectrumMeasurement> {
    const { network, dataset, images } = request;
    requireFit(network, dataset);
    const graph = network.graph(1);
    const units = findUnits(graph);
    const wholeAlone = request.whole === true && units.length === 0 && ['all', 'none'].includes(request.units);
    if (units.length === 0 && !wholeAlone) throw new UsageError(`${network.name} has no residual units to linearize`);
    const jobs: Job[] = selectUnits(units, request.units).map((block) => ({
      block,
      kind: 'unit',
      method: request.method,
    }));
    // A whole stage has no structure to exploit; its leading values are what is asked for unless told otherwise.
    const stageMethod = request.method === 'dense' ? 'dense' : 'lanczos';
    if (request.stages)
      jobs.push(...findStages(units).map((block) => ({ block, kind: 'stage' as const, method: stageMethod }) as Job));
    if (request.whole) jobs.push({ block: { name: wholeNetwork, units }, kind: 'network', method: 'dense' });
    if (jobs.length === 0) throw new InputError('units', 'none, and no stages: there is nothing to measure');
    const logits = graph.outputs[0]!.value;
    const inner = jobs.flatMap(({ block, kind }) => (kind === 'network' ? graph.inputs : valuesNeeded(block)));
    const values = [...inner, logits];
    const pixels = images.map((i) => tensor('float32', [1, ...dataset.shape], toFloat(dataset, [i])));
    const activations = await activationsAt(graph, values, pixels, request.runtime, request.signal);
    for (const at of activations) requireFiniteLogits(network.name, at.get(logits)!.data as Float32Array);
    return new SpectrumMeasurement(request, graph, jobs, activations, logits);
  }

  /** Of the plan what the cache does not have; the whole network, which takes a few products, is never among it. */
  async missing(): Promise<readonly MissingBlock[]> {
    const { cache, images } = this.#request;
    const missing: MissingBlock[] = [];
    for (const [i, planned] of this.plan.blocks.entries()) {
      const { kind } = this.#jobs[Math.floor(i / images.length)]!;
      if (kind !== 'network' && (await cache?.read(keyOf(planned))) === undefined) missing.push({ ...planned, kind });
    }
    return missing;
  }

  /** Computes every spectrum, block by block. */
  async run(): Promise<SpectrumResult> {
    const began = performance.now();
    const { network, dataset, images, signal, onProgress, cache, runtime = {} } = this.#request;
    const found: { job: Job; spectra: BlockSpectrum[] }[] = [];
    const unmeasured: UnmeasuredBlock[] = [];
    let done = 0;
    for (const [j, job] of this.#jobs.entries()) {
      const spectra: BlockSpectrum[] = [];
      let position = '';
      let share = 0;
      const options: BlockOptions = {
        finalRelu: this.#request.finalRelu,
        method: job.method,
        top: this.#request.top,
        seed: this.#request.seed ?? 0,
        runtime,
        signal,
        onProgress: (f) => onProgress?.(Math.min(1, (done + f * share) / this.plan.seconds), position),
      };
      const measurement =
        job.kind === 'network'
          ? new LogitsJacobian(this.#graph, this.#logits, options)
          : new BlockMeasurement(this.#graph, job.block, options);
      try {
        for (const [i, at] of this.#activations.entries()) {
          signal?.throwIfAborted();
          position = `${job.block.name}, image ${images[i]}`;
          const plan = this.plan.blocks[j * images.length + i]!;
          share = plan.seconds;
          onProgress?.(Math.min(1, done / this.plan.seconds), position);
          const key = keyOf(plan);
          let spectrum = await cache?.read(key);
          if (!spectrum) {
            spectrum = await measurement.measure(at, plan);
            await cache?.write(key, spectrum);
          }
          spectra.push(spectrum);
          done += share;
        }
      } catch (error) {
        // An operator without a derivative in one block says nothing about the others.
        if (!(error instanceof GraphError) || this.#jobs.length === 1) throw error;
        unmeasured.push({ name: job.block.name, because: reasonOf(error) });
        continue;
      } finally {
        await measurement.dispose();
      }
      found.push({ job, spectra });
    }
    if (found.length === 0)
      throw new GraphError(`${network.name}: no block could be measured; the first: ${unmeasured[0]!.because}`);
    const results = images.map((index, i) => this.#imageSpectra(index, i, found));
    return {
      model: network.name,
      weights: network.weights,
      ...normalizationEntry(network),
      dataset: dataset.name,
      classes: dataset.classes,
      finalRelu: this.#request.finalRelu,
      images: results,
      spread: spreadAcrossImages(results),
      ...(unmeasured.length ? { unmeasured } : {}),
      ...(network.notes?.length ? { notes: network.notes } : {}),
      environment: environmentOf(runtime),
      seconds: (performance.now() - began) / 1000,
    };
  }

  #imageSpectra(index: number, i: number, found: readonly { job: Job; spectra: BlockSpectrum[] }[]): ImageSpectra {
    const logits = Array.from(this.#activations[i]!.get(this.#logits)!.data as Float32Array);
    const units = found.filter((f) => f.job.kind === 'unit').map((f) => f.spectra[i]!);
    const normOf = new Map(units.map((u) => [u.name, u.singularValues[0]]));
    const stages = found
      .filter((f) => f.job.kind === 'stage')
      .map(({ job, spectra }): StageSpectrum => {
        const names = job.block.units.map((u) => u.name);
        const norms = names.map((name) => normOf.get(name));
        const known = norms.every((n) => n !== undefined);
        return { ...spectra[i]!, units: names, productOfUnitNorms: known ? norms.reduce((p, n) => p * n!, 1) : null };
      });
    const network = found.find((f) => f.job.kind === 'network')?.spectra[i];
    return {
      index,
      label: this.#request.dataset.labels[index]!,
      predicted: argMax(logits, 0, logits.length),
      logits,
      units,
      stages,
      ...(network && { network }),
    };
  }
}

/** Singular values of a network's units and stages, linearized at images: prepare and run in one call. */
export async function measureSpectra(request: SpectrumRequest): Promise<SpectrumResult> {
  return (await SpectrumMeasurement.prepare(request)).run();
}
