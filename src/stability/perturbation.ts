import { type ImageDataset, toFloat } from '../data/index.ts';
import { UsageError } from '../errors.ts';
import type { ResultCache } from '../formats/index.ts';
import type { Network } from '../models/index.ts';
import { extract, tensor } from '../onnx/index.ts';
import { compile, type RuntimeOptions } from '../runtime/index.ts';
import { argMax, requireFit } from '../train/index.ts';
import { environmentOf } from './environment.ts';
import type {
  AttackSummary,
  GrowthRatio,
  LayerPerturbation,
  PerturbationResult,
  PerturbedLayer,
} from './perturbation-result.ts';
import {
  type AttackName,
  type AttackResult,
  type ControlledPerturbations,
  DifferentiableClassifier,
  findsSmallest,
  kinds,
  type Noise,
  type Norm,
  overRadii,
  type PerturbationKind,
  type Propagated,
  Propagation,
  runAttack,
  targetsFor,
  withControls,
} from './perturbations/index.ts';
import { type ImageEnergies, type ProjectedBlock, projectPerturbations } from './projections/index.ts';
import { type Distribution, distributionOf, medianInterval } from './statistics.ts';
import { findStages, findUnits } from './units.ts';

export interface PerturbationRequest {
  readonly network: Network;
  readonly dataset: ImageDataset;
  /** Positions in the data set. */
  readonly images: readonly number[];
  readonly attack: AttackName;
  readonly norm: Norm;
  /** In pixel units, or in units of the layer's values with `layer`; the first is followed through the network. Empty for attacks that find the smallest. */
  readonly radii: readonly number[];
  readonly steps: number;
  readonly stepSize: number;
  readonly restarts: number;
  readonly randomStart: boolean;
  /** Class to aim at: see `targetsFor`; any wrong one unless told. */
  readonly target?: string | undefined;
  readonly noise: Noise;
  /** Unit at whose input perturbations enter; the image unless told. */
  readonly layer?: string | undefined;
  /** The same architecture with fresh weights, as a control; attacked on its own answers. */
  readonly untrained?: Network | undefined;
  /** Also project onto the singular vectors of units and stages. */
  readonly project?: { readonly steps: number; readonly top: number; readonly finalRelu: boolean } | undefined;
  readonly seed: number;
  readonly runtime?: RuntimeOptions;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((fraction: number, detail: string) => void) | undefined;
  /** Of projections, by block and image. */
  readonly cache?: ResultCache<ImageEnergies> | undefined;
}

/** What a request gives beside the result: pixels for pictures. */
export interface PerturbationPixels {
  readonly image: number;
  readonly clean: Float32Array;
  readonly perturbed: Readonly<Record<PerturbationKind, Float32Array>>;
}

const median = (values: Iterable<number>): number => distributionOf(values)?.median ?? Number.NaN;

function summaryOf(result: AttackResult, first: number, count: number, eps: number): AttackSummary {
  const items = result.items.slice(first, first + count);
  const hits = items.filter((i) => i.success);
  const right = items.filter((i) => i.perturbed === i.label).length;
  return {
    eps: Number.isFinite(eps) ? eps : null,
    accuracy: right / count,
    attacked: items.filter((i) => i.attacked).length,
    successes: result.items.length === count ? result.claimed : hits.length,
    verified: hits.length,
    medianL2: hits.length ? median(hits.map((i) => i.l2)) : null,
    medianLinf: hits.length ? median(hits.map((i) => i.linf)) : null,
    warnings: result.warnings,
  };
}

interface Attacked {
  readonly result: AttackResult;
  readonly summaries: readonly AttackSummary[];
  /** Where perturbations enter, all images: [count, size]. */
  readonly origin: Float32Array;
  /** At the first radius. */
  readonly perturbed: Float32Array;
  readonly size: number;
  readonly clean: readonly boolean[];
  readonly pixels: boolean;
}

/** What the part of the network in front of the layer makes of the images; the images themselves without a layer. */
async function entryValues(
  network: Network,
  pixels: Float32Array,
  count: number,
  layer: string | undefined,
  runtime: RuntimeOptions,
) {
  if (layer === undefined) return pixels;
  const batch = 1;
  const graph = network.graph(batch);
  const unit = findUnits(graph).find((u) => u.name === layer);
  if (!unit) return pixels; // the classifier says what is wrong, with the nearest names
  const program = await compile(
    extract(graph, { inputs: graph.inputs, outputs: [{ name: 'entry', value: unit.input }] }),
    runtime,
  );
  const image = graph.inputs[0]!;
  const size = pixels.length / count;
  const found: Float32Array[] = [];
  try {
    for (let i = 0; i < count; i++) {
      const own = tensor('float32', [1, ...network.inputShape], pixels.subarray(i * size, (i + 1) * size));
      found.push((await program.run({ [image.name]: own })).entry!.data as Float32Array);
    }
  } finally {
    await program.dispose();
  }
  const out = new Float32Array(found.reduce((n, f) => n + f.length, 0));
  found.forEach((f, i) => {
    out.set(f, i * f.length);
  });
  return out;
}

async function attackOn(request: PerturbationRequest, network: Network, ownAnswers: boolean): Promise<Attacked> {
  const {
    dataset,
    images,
    attack,
    norm,
    steps,
    stepSize,
    restarts,
    randomStart,
    target,
    seed,
    runtime = {},
    layer,
  } = request;
  const count = images.length;
  const classifier = new DifferentiableClassifier(network, { entry: layer, runtime });
  try {
    const origin = await entryValues(network, toFloat(dataset, images), count, layer, runtime);
    const logits = await classifier.logits(origin);
    const answers = Int32Array.from({ length: count }, (_, i) =>
      argMax(logits, i * classifier.classes, classifier.classes),
    );
    const labels = ownAnswers ? answers : Int32Array.from(images, (i) => dataset.labels[i]!);
    const ids = Int32Array.from(images);
    const targets =
      target === undefined ? null : targetsFor(target, { labels, ids, logits, classes: classifier.classes, seed });
    const radii = request.radii.length
      ? ownAnswers
        ? request.radii.slice(0, 1)
        : request.radii
      : [Number.POSITIVE_INFINITY];
    const items = overRadii({ count, ids, origin, labels, targets }, radii);
    const result = await runAttack(classifier, attack, items, {
      norm,
      steps,
      stepSize,
      restarts,
      randomStart,
      seed,
      signal: request.signal,
      onProgress: (f) => request.onProgress?.(f, ownAnswers ? 'attack on the untrained network' : `${attack} attack`),
    });
    return {
      result,
      summaries: radii.map((eps, r) => summaryOf(result, r * count, count, eps)),
      origin,
      perturbed: result.perturbed.subarray(0, origin.length),
      size: classifier.size,
      clean: Array.from(answers, (a, i) => a === dataset.labels[images[i]!]),
      pixels: layer === undefined,
    };
  } finally {
    await classifier.dispose();
  }
}

function layerOf(rows: readonly Propagated[], at: number): LayerPerturbation | null {
  const row = rows[at]!;
  const entry = rows[0]!;
  const over = (a: Float64Array, b: Float64Array) => a.map((v, i) => v / b[i]!);
  const distributions: Record<string, Distribution | null> = {
    relativeNorm: distributionOf(over(row.perturbation, row.state)),
    growth: distributionOf(over(row.perturbation, entry.perturbation)),
    gain: row.incoming && distributionOf(over(row.perturbation, row.incoming)),
    predictedGain: row.incoming && distributionOf(over(row.predicted!, row.incoming)),
    linearizationError: row.error && distributionOf(over(row.error, row.perturbation)),
    linearRelativeNorm: distributionOf(over(row.predictedFromEntry, row.state)),
  };
  if (!distributions.relativeNorm) return null;
  const at50 = (name: string) => distributions[name]?.median ?? null;
  return {
    relativeNorm: at50('relativeNorm')!,
    growth: at50('growth')!,
    gain: at50('gain'),
    predictedGain: at50('predictedGain'),
    linearizationError: at50('linearizationError'),
    linearRelativeNorm: at50('linearRelativeNorm')!,
    distributions,
  };
}

async function follow(request: PerturbationRequest, network: Network, controls: ControlledPerturbations) {
  const propagation = new Propagation(network, { entry: request.layer, runtime: request.runtime });
  try {
    const found = {} as Record<PerturbationKind, Propagated[]>;
    for (const [k, kind] of kinds.entries()) {
      request.signal?.throwIfAborted();
      request.onProgress?.(k / kinds.length, `${kind} perturbations through the network`);
      found[kind] = await propagation.follow(controls.clean, controls.perturbed[kind]);
    }
    return found;
  } finally {
    await propagation.dispose();
  }
}

function layersOf(
  found: Record<PerturbationKind, Propagated[]>,
  projections: readonly ProjectedBlock[] = [],
): PerturbedLayer[] {
  return found.adversarial.map(({ name, size }, at) => {
    const energies = projections.find((p) => p.name === name && p.kind === 'unit');
    const of = (kind: PerturbationKind): LayerPerturbation | null => {
      const layer = layerOf(found[kind], at);
      const own = energies?.[kind];
      if (!layer || !own) return layer;
      const { energyAbove, energyPlateau, energyBelow, energyTop } = own;
      return { ...layer, energyAbove, energyPlateau, energyBelow, energyTop };
    };
    return { name, size, adversarial: of('adversarial'), random: of('random'), shuffled: of('shuffled') };
  });
}

/** Ratio, image by image, of two kinds' ‖d‖ / ‖x‖ at a place. */
const ratioAt = (found: Record<PerturbationKind, Propagated[]>, name: string, control: PerturbationKind): number[] => {
  const at = found.adversarial.findIndex((row) => row.name === name);
  if (at < 0) return [];
  const own = found[control][at]!.perturbation;
  return Array.from(found.adversarial[at]!.perturbation, (v, i) => v / own[i]!);
};

async function projected(request: PerturbationRequest, controls: ControlledPerturbations): Promise<ProjectedBlock[]> {
  const { project, network, images, seed, runtime = {}, signal, onProgress, cache } = request;
  if (!project || controls.positions.length === 0) return [];
  const ids = controls.positions.map((i) => images[i]!);
  return projectPerturbations(network, controls, ids, { ...project, seed, runtime, signal, onProgress, cache });
}

/** Throws UsageError for settings that cannot be. */
export function requirePossible(request: PerturbationRequest): void {
  const { radii, norm, attack, layer, dataset, images, stepSize, project } = request;
  const largest = norm === 'linf' ? 1 : Math.sqrt(dataset.shape.reduce((n, d) => n * d, 1));
  if (images.length === 0) throw new UsageError('--images: expected at least one image');
  if (radii.length === 0 && !findsSmallest(attack)) throw new UsageError(`--eps is missing: ${attack} needs a radius`);
  for (const eps of radii) {
    if (!(eps > 0)) throw new UsageError(`--eps: expected radii above 0, got ${eps}`);
    if (layer === undefined && eps > largest)
      throw new UsageError(
        `--eps: ${eps} is more than two images can be apart (${Number(largest.toPrecision(4))} in ${norm}; pixels lie in [0, 1])`,
      );
  }
  if (project && layer !== undefined)
    throw new UsageError('--project follows perturbations of the image; it does not go with --layer');
  if (!(stepSize > 0)) throw new UsageError(`--step-size: expected a length above 0, got ${stepSize}`);
}

/** Attacks images, follows the perturbations and their controls through the network, and projects them: what `ballast perturb` does. */
export async function measurePerturbations(
  request: PerturbationRequest,
): Promise<{ result: PerturbationResult; pixels: readonly PerturbationPixels[] }> {
  const began = performance.now();
  const { network, dataset, images, attack, norm, seed } = request;
  requireFit(network, dataset);
  requirePossible(request);
  const channels = request.layer === undefined ? dataset.shape[0]! : 1;
  const controlled = ({ origin, perturbed, pixels }: Attacked) =>
    withControls(origin, perturbed, { noise: request.noise, channels, pixels, ids: images, seed });
  const attacked = await attackOn(request, network, false);
  const controls = controlled(attacked);
  const found = await follow(request, network, controls);
  const other = request.untrained && (await attackOn(request, request.untrained, true));
  const otherFound = other && (await follow(request, request.untrained!, controlled(other)));
  const projections = await projected(request, controls);
  const units = findUnits(network.graph(1));
  const rows = new Set(found.adversarial.map((r) => r.name));
  const growth = findStages(units)
    .map((stage) => ({ stage: stage.name, name: stage.units.at(-1)!.name }))
    .filter(({ name }) => rows.has(name))
    .map(
      ({ stage, name }): GrowthRatio => ({
        name,
        stage,
        toRandom: medianInterval(ratioAt(found, name, 'random'), seed),
        toShuffled: medianInterval(ratioAt(found, name, 'shuffled'), seed),
        untrainedToRandom: otherFound ? medianInterval(ratioAt(otherFound, name, 'random'), seed) : null,
      }),
    );
  const first = attacked.result.items.slice(0, images.length);
  const order = controls.positions
    .map((i, row) => ({ i, row }))
    .sort((a, b) => Number(first[b.i]!.success) - Number(first[a.i]!.success));
  const shown = order.slice(0, 6);
  const size = attacked.size;
  return {
    result: {
      model: network.name,
      weights: network.weights,
      dataset: dataset.name,
      classes: dataset.classes,
      images,
      settings: {
        attack,
        norm,
        eps: request.radii,
        steps: request.steps,
        stepSize: request.stepSize,
        restarts: request.restarts,
        randomStart: request.randomStart,
        target: request.target ?? null,
        noise: request.noise,
        layer: request.layer ?? null,
        seed,
      },
      clean: {
        accuracy: attacked.clean.filter(Boolean).length / images.length,
        misclassified: images.filter((_, i) => !attacked.clean[i]),
      },
      attack: { name: attack, norm, ...attacked.summaries[0]! },
      byRadius: attacked.summaries,
      followed: controls.positions.length,
      layers: controls.positions.length ? layersOf(found, projections) : [],
      growth: controls.positions.length ? growth : [],
      untrained:
        other && otherFound
          ? { weights: request.untrained!.weights, attack: other.summaries[0]!, layers: layersOf(otherFound) }
          : null,
      projections,
      shown: shown.map(({ i }) => ({
        image: images[i]!,
        label: first[i]!.label,
        answer: first[i]!.perturbed,
        l2: first[i]!.l2,
        linf: first[i]!.linf,
      })),
      environment: environmentOf(request.runtime ?? {}),
      seconds: (performance.now() - began) / 1000,
    },
    pixels: attacked.pixels
      ? shown.map(({ i, row }) => ({
          image: images[i]!,
          clean: controls.clean.slice(row * size, (row + 1) * size),
          perturbed: Object.fromEntries(
            kinds.map((kind) => [kind, controls.perturbed[kind].slice(row * size, (row + 1) * size)]),
          ) as Record<PerturbationKind, Float32Array>,
        }))
      : [],
  };
}
