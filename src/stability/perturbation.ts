import { type ImageDataset, toFloat } from '../data/index.ts';
import { UsageError } from '../errors.ts';
import type { Network } from '../models/index.ts';
import { extract, tensor } from '../onnx/index.ts';
import { compile, type RuntimeOptions } from '../runtime/index.ts';
import { argMax, requireFit } from '../train/index.ts';
import { activationsAt } from './activations.ts';
import type { ResultCache } from './cache.ts';
import { difference } from './perturbations/geometry.ts';
import {
  type AttackName,
  type AttackResult,
  DifferentiableClassifier,
  findsSmallest,
  movedTo,
  type Noise,
  type Norm,
  noiseDirection,
  overRadii,
  type Propagated,
  Propagation,
  runAttack,
  shuffledPixels,
  targetsFor,
} from './perturbations/index.ts';
import { BlockMaps, type Energies, energiesOf, transposed } from './projections/index.ts';
import { type Distribution, distributionOf, type Interval, medianInterval } from './statistics.ts';
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
  readonly project?: { readonly steps: number; readonly finalRelu: boolean } | undefined;
  readonly seed: number;
  readonly runtime?: RuntimeOptions;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((fraction: number, detail: string) => void) | undefined;
  readonly cache?: ResultCache<unknown> | undefined;
}

export const kinds = ['adversarial', 'random', 'shuffled'] as const;
export type PerturbationKind = (typeof kinds)[number];

/** What kind of perturbation does at one place, over images: medians, and how all of it is spread. */
export interface LayerPerturbation {
  /** ‖d‖ / ‖x‖ */
  readonly relativeNorm: number;
  /** ‖d‖ / ‖d₀‖ */
  readonly growth: number;
  /** ‖d‖ / ‖d of the place before‖; null where the perturbation enters. */
  readonly gain: number | null;
  /** ‖J d‖ / ‖d‖ of the step to here. */
  readonly predictedGain: number | null;
  /** ‖d - J d_before‖ / ‖d‖ */
  readonly linearizationError: number | null;
  /** ‖J₀ d₀‖ / ‖x‖, J₀ from the entry to here: what `relativeNorm` were if the network was linear. */
  readonly linearRelativeNorm: number;
  readonly distributions: Readonly<Record<string, Distribution | null>>;
}

export interface GrowthRatio {
  /** Unit at the end of a stage. */
  readonly name: string;
  readonly stage: string;
  /** Median over images of adversarial to control ‖d‖ / ‖x‖, with a 95 % bootstrap interval. */
  readonly toRandom: Interval | null;
  readonly toShuffled: Interval | null;
  /** The same against random noise in the untrained network. */
  readonly untrainedToRandom: Interval | null;
}

export interface AttackSummary {
  readonly eps: number | null;
  /** Share of all images still answered correctly. */
  readonly accuracy: number;
  /** Images answered correctly without a perturbation, and not yet as the target wants: those that were attacked. */
  readonly attacked: number;
  /** Successes that the attack claims, and those that predicting again, radius and box confirm. */
  readonly successes: number;
  readonly verified: number;
  /** Over verified successes; null without any. */
  readonly medianL2: number | null;
  readonly medianLinf: number | null;
  readonly warnings: readonly string[];
}

/** Energies of one kind of perturbation on the singular vectors of one block, medians over images. */
export interface ProjectedKind {
  readonly energyAbove: number;
  readonly energyPlateau: number;
  readonly energyBelow: number;
  readonly uncertainty: number;
  /** ‖J d‖ / ‖d‖ and the true gain, to where the map ends. */
  readonly predictedGain: number;
  readonly measuredGain: number;
  /** On left singular vectors, of the perturbation that comes out. */
  readonly outgoing: { readonly energyAbove: number; readonly energyPlateau: number; readonly energyBelow: number };
}

export interface ProjectedBlock {
  readonly name: string;
  readonly kind: 'unit' | 'stage';
  readonly plateau: number;
  /** How the energy on the plateau is known: by projection onto it, or as the largest that the moments allow. */
  readonly method: 'projection' | 'bound';
  /** sqrt(mean σ²) over images, from random vectors: the gain of a perturbation without direction. */
  readonly isotropicGain: number;
  readonly adversarial: ProjectedKind | null;
  readonly random: ProjectedKind | null;
  readonly shuffled: ProjectedKind | null;
}

export type PerturbedLayer = { readonly name: string; readonly size: number } & Readonly<
  Record<PerturbationKind, LayerPerturbation | null>
>;

export interface PerturbationResult {
  readonly model: string;
  readonly weights: string;
  readonly dataset: string;
  readonly classes: readonly string[];
  readonly images: readonly number[];
  readonly settings: Readonly<Record<string, unknown>>;
  readonly clean: { readonly accuracy: number; readonly misclassified: readonly number[] };
  /** At the first radius. */
  readonly attack: AttackSummary & { readonly name: AttackName; readonly norm: Norm };
  readonly byRadius: readonly AttackSummary[];
  /** Images whose perturbation is not zero: what the rest is about. */
  readonly followed: number;
  readonly layers: readonly PerturbedLayer[];
  readonly growth: readonly GrowthRatio[];
  readonly untrained: {
    readonly weights: string;
    readonly attack: AttackSummary;
    readonly layers: readonly PerturbedLayer[];
  } | null;
  readonly projections: readonly ProjectedBlock[];
  /** Pictures for a report: the first images with a success, or the first attacked ones. */
  readonly shown: readonly {
    readonly image: number;
    readonly label: number;
    readonly answer: number;
    readonly l2: number;
    readonly linf: number;
  }[];
  readonly seconds: number;
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

/** The attack's perturbations that are not zero, and both controls at the same Euclidean norm, image by image. */
function withControls(request: PerturbationRequest, { origin, perturbed, size, pixels }: Attacked, channels: number) {
  const { images, noise, seed } = request;
  const moved = difference(perturbed, origin);
  const positions = images.flatMap((_, i) =>
    moved.subarray(i * size, (i + 1) * size).some((v) => v !== 0) ? [i] : [],
  );
  const blocks = Object.fromEntries(kinds.map((kind) => [kind, new Float32Array(positions.length * size)])) as Record<
    PerturbationKind,
    Float32Array
  >;
  const clean = new Float32Array(positions.length * size);
  positions.forEach((i, row) => {
    const x = origin.subarray(i * size, (i + 1) * size);
    const d = moved.subarray(i * size, (i + 1) * size);
    const length = Math.hypot(...d);
    const key = { seed, index: images[i]! };
    const limits = { norm: 'l2' as const, box: pixels ? { low: 0, high: 1 } : null };
    clean.set(x, row * size);
    blocks.adversarial.set(perturbed.subarray(i * size, (i + 1) * size), row * size);
    blocks.random.set(movedTo(x, noiseDirection(noise, size, key), length, limits), row * size);
    blocks.shuffled.set(movedTo(x, shuffledPixels(d, channels, key), length, limits), row * size);
  });
  return { positions, clean, blocks };
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

async function follow(request: PerturbationRequest, network: Network, controls: ReturnType<typeof withControls>) {
  const propagation = new Propagation(network, { entry: request.layer, runtime: request.runtime });
  try {
    const found = {} as Record<PerturbationKind, Propagated[]>;
    for (const [k, kind] of kinds.entries()) {
      request.signal?.throwIfAborted();
      request.onProgress?.(k / kinds.length, `${kind} perturbations through the network`);
      found[kind] = await propagation.follow(controls.clean, controls.blocks[kind]);
    }
    return found;
  } finally {
    await propagation.dispose();
  }
}

const layersOf = (found: Record<PerturbationKind, Propagated[]>): PerturbedLayer[] =>
  found.adversarial.map(({ name, size }, at) => ({
    name,
    size,
    ...(Object.fromEntries(kinds.map((kind) => [kind, layerOf(found[kind], at)])) as Record<
      PerturbationKind,
      LayerPerturbation | null
    >),
  }));

/** Ratio, image by image, of two kinds' ‖d‖ / ‖x‖ at a place. */
const ratioAt = (found: Record<PerturbationKind, Propagated[]>, name: string, control: PerturbationKind): number[] => {
  const at = found.adversarial.findIndex((row) => row.name === name);
  if (at < 0) return [];
  const own = found[control][at]!.perturbation;
  return Array.from(found.adversarial[at]!.perturbation, (v, i) => v / own[i]!);
};

/** Rows of a batch that are projected together. */
const projectedTogether = 60;

interface BlockEnergies {
  readonly method: 'projection' | 'bound';
  readonly isotropic: readonly number[];
  /** By kind and row: incoming, outgoing and the true gain. */
  readonly rows: Readonly<
    Record<PerturbationKind, { readonly incoming: Energies; readonly outgoing: Energies; readonly gain: number }[]>
  >;
}

/** Energies of all kinds on the singular vectors of every unit and stage, in groups of images. */
async function project(
  request: PerturbationRequest,
  controls: ReturnType<typeof withControls>,
): Promise<ProjectedBlock[]> {
  const { network, runtime = {}, cache, signal, layer } = request;
  const { steps, finalRelu } = request.project!;
  if (layer !== undefined)
    throw new UsageError('--project follows perturbations of the image; it does not go with --layer');
  const { clean, blocks, positions } = controls;
  const size = clean.length / positions.length;
  const perGroup = Math.max(1, Math.floor(projectedTogether / kinds.length));
  const units = findUnits(network.graph(1));
  if (units.length === 0) throw new UsageError(`${network.name} has no residual units to project onto`);
  const wanted = [
    ...units.map((u) => ({ name: u.name, kind: 'unit' as const, members: [u.name] })),
    ...findStages(units).map((s) => ({ name: s.name, kind: 'stage' as const, members: s.units.map((u) => u.name) })),
  ];
  const groups: number[][] = [];
  for (let first = 0; first < positions.length; first += perGroup)
    groups.push(positions.slice(first, first + perGroup).map((_, i) => first + i));
  const all = new Map<string, BlockEnergies[]>();
  let done = 0;
  for (const group of groups) {
    const keyOf = (name: string) =>
      `${name}@${group.map((row) => request.images[positions[row]!]).join('-')}`.slice(0, 180);
    const missing: typeof wanted = [];
    for (const block of wanted) {
      const known = (await cache?.read(keyOf(block.name))) as BlockEnergies | undefined;
      if (known) {
        all.set(block.name, [...(all.get(block.name) ?? []), known]);
        done++;
      } else missing.push(block);
    }
    if (missing.length === 0) continue;
    const rows = group.length * kinds.length;
    const graph = network.graph(rows);
    const own = findUnits(graph);
    const maps = missing.map((block) => ({
      block,
      maps: new BlockMaps(
        graph,
        { name: block.name, units: own.filter((u) => block.members.includes(u.name)) },
        { finalRelu, runtime },
      ),
    }));
    const batchOf = (pick: (kind: PerturbationKind) => Float32Array) => {
      const out = new Float32Array(rows * size);
      kinds.forEach((kind, k) => {
        group.forEach((row, i) => {
          out.set(pick(kind).subarray(row * size, (row + 1) * size), (k * group.length + i) * size);
        });
      });
      return tensor('float32', [rows, ...network.inputShape], out);
    };
    const values = maps.flatMap((m) => [...m.maps.needed, m.maps.output]);
    const [before, after] = await activationsAt(
      graph,
      values,
      [batchOf(() => clean), batchOf((kind) => blocks[kind])],
      runtime,
    );
    for (const { block, maps: blockMaps } of maps) {
      signal?.throwIfAborted();
      const total = groups.length * wanted.length;
      const say = (f: number) => request.onProgress?.((done + f) / total, `projections, ${block.name}`);
      try {
        const { maps: jacobians, factors } = await blockMaps.at(before!);
        const moved = (value: typeof blockMaps.input) =>
          difference(after!.get(value)!.data as Float32Array, before!.get(value)!.data as Float32Array);
        const [incoming, outgoing] = [moved(blockMaps.input), moved(blockMaps.output)];
        const options = { plateau: 1, factors, steps, signal };
        const right = await energiesOf(jacobians, incoming, { ...options, onProgress: (f) => say(f / 2) });
        const left = await energiesOf(transposed(jacobians), outgoing, {
          ...options,
          onProgress: (f) => say(0.5 + f / 2),
        });
        const probe = noiseDirection('gaussian', incoming.length, { seed: request.seed, index: 0 });
        const image = await jacobians.apply(probe);
        const lengths = (x: Float32Array) =>
          Array.from({ length: rows }, (_, i) =>
            Math.hypot(...x.subarray((i * x.length) / rows, ((i + 1) * x.length) / rows)),
          );
        const [din, dout, pin, pout] = [lengths(incoming), lengths(outgoing), lengths(probe), lengths(image)];
        const found: BlockEnergies = {
          method: factors ? 'projection' : 'bound',
          isotropic: pout.map((v, i) => v / pin[i]!),
          rows: Object.fromEntries(
            kinds.map((kind, k) => [
              kind,
              group.map((_, i) => {
                const row = k * group.length + i;
                return { incoming: right[row]!, outgoing: left[row]!, gain: dout[row]! / din[row]! };
              }),
            ]),
          ) as unknown as BlockEnergies['rows'],
        };
        await cache?.write(keyOf(block.name), found);
        all.set(block.name, [...(all.get(block.name) ?? []), found]);
        done++;
      } finally {
        await blockMaps.dispose();
      }
    }
  }
  return wanted.map(({ name, kind }): ProjectedBlock => {
    const parts = all.get(name)!;
    const of = (k: PerturbationKind): ProjectedKind | null => {
      const rows = parts.flatMap((p) => p.rows[k]);
      if (rows.length === 0) return null;
      const mean = (pick: (r: (typeof rows)[number]) => number) => distributionOf(rows.map(pick))?.mean ?? Number.NaN;
      return {
        energyAbove: mean((r) => r.incoming.above),
        energyPlateau: mean((r) => r.incoming.plateau),
        energyBelow: mean((r) => r.incoming.below),
        uncertainty: mean((r) => r.incoming.uncertainty),
        predictedGain: median(rows.map((r) => r.incoming.gain)),
        measuredGain: median(rows.map((r) => r.gain)),
        outgoing: {
          energyAbove: mean((r) => r.outgoing.above),
          energyPlateau: mean((r) => r.outgoing.plateau),
          energyBelow: mean((r) => r.outgoing.below),
        },
      };
    };
    return {
      name,
      kind,
      plateau: 1,
      method: parts[0]!.method,
      isotropicGain: Math.sqrt(distributionOf(parts.flatMap((p) => p.isotropic.map((g) => g * g)))!.mean),
      adversarial: of('adversarial'),
      random: of('random'),
      shuffled: of('shuffled'),
    };
  });
}

/** Throws UsageError for settings that cannot be. */
export function requirePossible(request: PerturbationRequest): void {
  const { radii, norm, attack, layer, dataset, images, stepSize } = request;
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
  const attacked = await attackOn(request, network, false);
  const channels = request.layer === undefined ? dataset.shape[0]! : 1;
  const controls = withControls(request, attacked, channels);
  const found = await follow(request, network, controls);
  const other = request.untrained && (await attackOn(request, request.untrained, true));
  const otherControls = other && withControls(request, other, channels);
  const otherFound = otherControls && (await follow(request, request.untrained!, otherControls));
  const projections = request.project && controls.positions.length ? await project(request, controls) : [];
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
      layers: controls.positions.length ? layersOf(found) : [],
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
      seconds: (performance.now() - began) / 1000,
    },
    pixels: attacked.pixels
      ? shown.map(({ i, row }) => ({
          image: images[i]!,
          clean: controls.clean.slice(row * size, (row + 1) * size),
          perturbed: Object.fromEntries(
            kinds.map((kind) => [kind, controls.blocks[kind].slice(row * size, (row + 1) * size)]),
          ) as Record<PerturbationKind, Float32Array>,
        }))
      : [],
  };
}
