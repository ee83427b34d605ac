import { UsageError } from '../../errors.ts';
import type { ResultCache } from '../../formats/index.ts';
import { type LinearOperator, topSingularTriplets } from '../../linalg/index.ts';
import type { Network } from '../../models/index.ts';
import { type Graph, tensor, type Value } from '../../onnx/index.ts';
import type { RuntimeOptions } from '../../runtime/index.ts';
import { type Activations, activationsAt } from '../activations.ts';
import { type Block, BlockMeasurement, inputOf, plateauOf } from '../block.ts';
import { difference } from '../perturbations/geometry.ts';
import { type ControlledPerturbations, kinds, noiseDirection, type PerturbationKind } from '../perturbations/index.ts';
import { distributionOf } from '../statistics.ts';
import { findStages, findUnits, type Unit } from '../units.ts';
import { BlockMaps } from './block-maps.ts';
import { type Energies, energiesOf, normalized } from './energies.ts';
import { transposed } from './example-maps.ts';

/** Shares of a perturbation's squared length on singular vectors. */
export interface EnergyShares {
  readonly energyAbove: number;
  readonly energyPlateau: number;
  readonly energyBelow: number;
  /** On the k leading singular vectors; null where none were asked for. */
  readonly energyTop: number | null;
  /** By how much each of the first three may be off. */
  readonly uncertainty: number;
}

/** Energies of one kind of perturbation on the singular vectors of one block: means over images; gains are medians. */
export interface ProjectedKind extends EnergyShares {
  /** sqrt(Σ σ² c²) = ‖J d‖ / ‖d‖, and the true gain, to where the map ends. */
  readonly predictedGain: number;
  readonly measuredGain: number;
  /** On left singular vectors, of the perturbation that comes out. */
  readonly outgoing: EnergyShares;
}

export interface ProjectedBlock {
  readonly name: string;
  readonly kind: 'unit' | 'stage';
  readonly plateau: number;
  /** How the energy on the plateau is known: by projection onto it, or as the largest that the moments allow. */
  readonly method: 'projection' | 'bound';
  /** sqrt(mean σ²) over images, from random vectors: the gain of a perturbation without direction. */
  readonly isotropicGain: number;
  /** The k leading singular values, mean over images, and the largest residual of a triplet relative to the first value; null where not asked for. */
  readonly top: { readonly values: readonly number[]; readonly residual: number } | null;
  readonly adversarial: ProjectedKind | null;
  readonly random: ProjectedKind | null;
  readonly shuffled: ProjectedKind | null;
}

export interface ProjectionOptions {
  /** Golub-Kahan steps. */
  readonly steps: number;
  /** Leading singular vectors; 0 for none. */
  readonly top: number;
  readonly finalRelu: boolean;
  readonly seed: number;
  readonly runtime: RuntimeOptions;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((fraction: number, detail: string) => void) | undefined;
  readonly cache?: ResultCache<ImageEnergies> | undefined;
}

type SideEnergies = Pick<Energies, 'above' | 'plateau' | 'below' | 'uncertainty' | 'gain'> & {
  readonly top: number | null;
};

/** What is kept of one block at one image. */
export interface ImageEnergies {
  readonly method: ProjectedBlock['method'];
  readonly isotropic: number;
  readonly top: { readonly values: readonly number[]; readonly residual: number } | null;
  readonly kinds: Readonly<
    Record<
      PerturbationKind,
      { readonly incoming: SideEnergies; readonly outgoing: SideEnergies; readonly gain: number }
    >
  >;
}

/** Images that are projected together, with all kinds of perturbation. */
const imagesTogether = 20;

/** Leading vectors are wanted to a hundredth: what they share with a perturbation hardly changes among nearly equal values. */
const leading = { block: 12, tolerance: 1e-2 };

interface NamedBlock {
  readonly name: string;
  readonly kind: ProjectedBlock['kind'];
  readonly members: readonly string[];
}

const blockIn = (units: readonly Unit[], { name, members }: NamedBlock): Block => ({
  name,
  units: units.filter((u) => members.includes(u.name)),
});

/** A block's leading singular vectors at an image, as unit vectors in float32, left and right. */
async function leadingVectors(operator: LinearOperator, { top, seed, signal }: ProjectionOptions) {
  const { block, tolerance } = leading;
  const { triplets } = await topSingularTriplets(operator, {
    count: top,
    block,
    tolerance,
    maxBasis: top + 5 * block,
    seed,
    signal,
  });
  return {
    values: triplets.map((t) => t.value),
    residual: Math.max(...triplets.map((t) => t.residual)),
    left: triplets.map((t) => t.left),
    right: triplets.map((t) => t.right),
  };
}

const energyOn = (vectors: readonly Float64Array[], d: Float32Array): number =>
  vectors.reduce((sum, v) => sum + v.reduce((s, x, i) => s + x * d[i]!, 0) ** 2, 0);

/** One block with the operating points of a group of images: first all adversarial perturbations, then all random ones, then all shuffled. */
class GroupProjection {
  readonly #block: NamedBlock;
  readonly #plateau: number;
  readonly #maps: BlockMaps;
  readonly #images: number;
  readonly #single: BlockMeasurement;
  readonly #singleInput: Block;
  readonly #options: ProjectionOptions;

  constructor(graph: Graph, one: Graph, block: NamedBlock, images: number, options: ProjectionOptions) {
    const { finalRelu, runtime, seed, top } = options;
    const own = blockIn(findUnits(graph), block);
    this.#block = block;
    this.#plateau = plateauOf(own);
    this.#maps = new BlockMaps(graph, own, { finalRelu, runtime });
    this.#images = images;
    this.#singleInput = blockIn(findUnits(one), block);
    this.#single = new BlockMeasurement(one, this.#singleInput, { finalRelu, runtime, seed, top, method: 'lanczos' });
    this.#options = options;
  }

  get needed() {
    return [...this.#maps.needed, this.#maps.output];
  }

  /** Energies by image. */
  async measure(before: Activations, after: Activations, say: (fraction: number) => void): Promise<ImageEnergies[]> {
    const { steps, seed, signal, top } = this.#options;
    const { maps, factors } = await this.#maps.at(before);
    const rows = this.#images * kinds.length;
    const moved = (value: Value) =>
      difference(after.get(value)!.data as Float32Array, before.get(value)!.data as Float32Array);
    const [incoming, outgoing] = [moved(this.#maps.input), moved(this.#maps.output)];
    const options = { plateau: this.#plateau, factors, steps, signal };
    const share = top > 0 ? 1 / 3 : 1 / 2;
    const right = await energiesOf(maps, incoming, { ...options, onProgress: (f) => say(f * share) });
    const left = await energiesOf(transposed(maps), outgoing, {
      ...options,
      onProgress: (f) => say((1 + f) * share),
    });
    const probe = noiseDirection('gaussian', incoming.length, { seed, index: 0 });
    const image = await maps.apply(probe);
    const length = (block: Float32Array, row: number) => {
      const size = block.length / rows;
      let sum = 0;
      for (let i = row * size; i < (row + 1) * size; i++) sum += block[i]! ** 2;
      return Math.sqrt(sum);
    };
    const [dIn, dOut] = [normalized(incoming, rows), normalized(outgoing, rows)];
    const found: ImageEnergies[] = [];
    for (let i = 0; i < this.#images; i++) {
      signal?.throwIfAborted();
      const vectors = top > 0 ? await leadingVectors(await this.#operatorAt(before, i), this.#options) : null;
      say(2 * share + (share * (i + 1)) / this.#images);
      const side = (energies: Energies, d: Float32Array, row: number, which: 'left' | 'right'): SideEnergies => {
        const { above, plateau, below, uncertainty, gain } = energies;
        const own = d.subarray((row * d.length) / rows, ((row + 1) * d.length) / rows);
        return { above, plateau, below, uncertainty, gain, top: vectors && energyOn(vectors[which], own) };
      };
      const byKind = kinds.map((kind, k) => {
        const row = k * this.#images + i;
        return [
          kind,
          {
            incoming: side(right[row]!, dIn, row, 'right'),
            outgoing: side(left[row]!, dOut, row, 'left'),
            gain: length(outgoing, row) / length(incoming, row),
          },
        ] as const;
      });
      const squares = kinds.map(
        (_, k) => (length(image, k * this.#images + i) / length(probe, k * this.#images + i)) ** 2,
      );
      found.push({
        method: factors ? 'projection' : 'bound',
        isotropic: Math.sqrt(squares.reduce((s, v) => s + v, 0) / squares.length),
        top: vectors && { values: vectors.values, residual: vectors.residual },
        kinds: Object.fromEntries(byKind) as ImageEnergies['kinds'],
      });
    }
    return found;
  }

  #operatorAt(before: Activations, image: number): Promise<LinearOperator> {
    const all = before.get(this.#maps.input)!;
    const size = all.data.length / (this.#images * kinds.length);
    const x = tensor(
      'float32',
      [1, ...all.shape.slice(1)],
      (all.data as Float32Array).slice(image * size, (image + 1) * size),
    );
    return this.#single.operator(new Map([[inputOf(this.#singleInput), x]]));
  }

  get name() {
    return this.#block.name;
  }

  async dispose(): Promise<void> {
    await this.#maps.dispose();
    await this.#single.dispose();
  }
}

function summary({ name, kind }: NamedBlock, plateau: number, images: readonly ImageEnergies[]): ProjectedBlock {
  const mean = (values: number[]) => distributionOf(values)?.mean ?? Number.NaN;
  const shares = (sides: readonly SideEnergies[]): EnergyShares => ({
    energyAbove: mean(sides.map((s) => s.above)),
    energyPlateau: mean(sides.map((s) => s.plateau)),
    energyBelow: mean(sides.map((s) => s.below)),
    energyTop: sides.some((s) => s.top === null) ? null : mean(sides.map((s) => s.top!)),
    uncertainty: mean(sides.map((s) => s.uncertainty)),
  });
  const of = (which: PerturbationKind): ProjectedKind => {
    const own = images.map((image) => image.kinds[which]);
    return {
      ...shares(own.map((o) => o.incoming)),
      predictedGain: distributionOf(own.map((o) => o.incoming.gain))?.median ?? Number.NaN,
      measuredGain: distributionOf(own.map((o) => o.gain))?.median ?? Number.NaN,
      outgoing: shares(own.map((o) => o.outgoing)),
    };
  };
  const tops = images.flatMap((image) => (image.top ? [image.top] : []));
  return {
    name,
    kind,
    plateau,
    method: images[0]!.method,
    isotropicGain: Math.sqrt(mean(images.map((image) => image.isotropic ** 2))),
    top: tops.length
      ? {
          values: tops[0]!.values.map((_, i) => mean(tops.map((t) => t.values[i]!))),
          residual: Math.max(...tops.map((t) => t.residual)),
        }
      : null,
    adversarial: of('adversarial'),
    random: of('random'),
    shuffled: of('shuffled'),
  };
}

/**
 * Energies of perturbations of images on the singular vectors of every unit and stage of a network, incoming on right ones and outgoing on
 * left ones, at the clean images' operating points. `ids`: what the rows of `perturbations` are called in the cache. Throws UsageError for a
 * network without residual units.
 */
export async function projectPerturbations(
  network: Network,
  perturbations: ControlledPerturbations,
  ids: readonly number[],
  options: ProjectionOptions,
): Promise<ProjectedBlock[]> {
  const { signal, onProgress, cache, runtime } = options;
  const { size, clean, perturbed } = perturbations;
  const one = network.graph(1);
  const units = findUnits(one);
  if (units.length === 0) throw new UsageError(`${network.name} has no residual units to project onto`);
  const wanted: NamedBlock[] = [
    ...units.map((u) => ({ name: u.name, kind: 'unit' as const, members: [u.name] })),
    ...findStages(units).map((s) => ({ name: s.name, kind: 'stage' as const, members: s.units.map((u) => u.name) })),
  ];
  const found = new Map<string, ImageEnergies[]>(wanted.map((b) => [b.name, []]));
  const groups = Math.ceil(ids.length / imagesTogether);
  let done = 0;
  for (let first = 0; first < ids.length; first += imagesTogether) {
    const group = ids.slice(first, first + imagesTogether);
    const keyOf = (block: NamedBlock, image: number) => `${block.name}@${image}`;
    const known = await Promise.all(
      wanted.map(async (block) => Promise.all(group.map((image) => cache?.read(keyOf(block, image))))),
    );
    const missing = wanted.filter((_, w) => known[w]!.some((k) => k === undefined));
    wanted.forEach((block, w) => {
      if (missing.includes(block)) return;
      found.get(block.name)!.push(...known[w]!.map((k) => k!));
      done++;
    });
    if (missing.length === 0) continue;
    const rows = group.length * kinds.length;
    const graph = network.graph(rows);
    const blocks = missing.map((block) => new GroupProjection(graph, one, block, group.length, options));
    const batchOf = (pick: (kind: PerturbationKind) => Float32Array) => {
      const block = new Float32Array(rows * size);
      kinds.forEach((kind, k) => {
        block.set(pick(kind).subarray(first * size, (first + group.length) * size), k * group.length * size);
      });
      return tensor('float32', [rows, ...network.inputShape], block);
    };
    const [before, after] = await activationsAt(
      graph,
      blocks.flatMap((b) => b.needed),
      [batchOf(() => clean), batchOf((kind) => perturbed[kind])],
      runtime,
    );
    for (const [b, block] of missing.entries()) {
      signal?.throwIfAborted();
      const say = (f: number) => onProgress?.((done + f) / (groups * wanted.length), `projections, ${block.name}`);
      try {
        const energies = await blocks[b]!.measure(before!, after!, say);
        for (const [i, image] of group.entries()) await cache?.write(keyOf(block, image), energies[i]!);
        found.get(block.name)!.push(...energies);
        done++;
      } finally {
        await blocks[b]!.dispose();
      }
    }
  }
  return wanted.map((block) => summary(block, plateauOf(blockIn(units, block)), found.get(block.name)!));
}
