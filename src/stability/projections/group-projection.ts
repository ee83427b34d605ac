import { meanOf } from '../../base/statistics.ts';
import { bytesOfTop, type LinearOperator, topSingularTriplets } from '../../linalg/index.ts';
import { type Graph, tensor, type Value } from '../../onnx/index.ts';
import type { RuntimeOptions } from '../../runtime/index.ts';
import { difference } from '../perturbations/geometry.ts';
import { kinds, noiseDirection } from '../perturbations/index.ts';
import type { Activations } from '../units/activations.ts';
import { BlockMeasurement } from '../units/block.ts';
import { type Block, inputOf, plateauOf } from '../units/block-ends.ts';
import { findUnits, type Unit } from '../units/units.ts';
import { BlockMaps } from './block-maps.ts';
import { type Energies, energiesOf, normalized } from './energies.ts';
import { transposed } from './example-maps.ts';
import type { ImageEnergies, ProjectedBlock, SideEnergies } from './projected-block.ts';

export interface GroupOptions {
  /** Golub-Kahan steps. */
  readonly steps: number;
  /** Leading singular vectors; 0 for none. */
  readonly top: number;
  readonly finalRelu: boolean;
  readonly seed: number;
  readonly runtime: RuntimeOptions;
  readonly signal?: AbortSignal | undefined;
}

/** A unit or a stage, by name in any layout of the network. */
export interface NamedBlock {
  readonly name: string;
  readonly kind: ProjectedBlock['kind'];
  readonly members: readonly string[];
}

export const blockIn = (units: readonly Unit[], { name, members }: NamedBlock): Block => ({
  name,
  units: units.filter((u) => members.includes(u.name)),
});

/** Leading vectors are wanted to a hundredth: what they share with a perturbation hardly changes among nearly equal values. */
const leading = { block: 12, tolerance: 1e-2 };

const searchOf = (top: number) => ({ count: top, ...leading, maxBasis: top + 5 * leading.block });

/** Bytes of the search for `top` leading vectors of a map. */
export const bytesOfLeading = (rows: number, cols: number, top: number): number =>
  top > 0 ? bytesOfTop(rows, cols, searchOf(top)) : 0;

/** A block's leading singular vectors at an image, as unit vectors in float32, left and right. */
async function leadingVectors(operator: LinearOperator, start: Float64Array, { top, seed, signal }: GroupOptions) {
  const { triplets } = await topSingularTriplets(operator, {
    ...searchOf(top),
    start,
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

/** Vectors of one image: its perturbations of every kind, and the gradient of its margin. */
export const vectorsOfAnImage = kinds.length + 1;

/** Kinds whose rows the isotropic gain is taken from: those of the first version, so that its digits stay. */
const isotropicRows = 3;

/** A block's gradients of the margin, image by image: with respect to what enters, and to what comes out. */
export interface BlockGradients {
  readonly incoming: Float32Array;
  readonly outgoing: Float32Array;
}

/** One block with the operating points of a group of images: first all adversarial perturbations, then the other kinds one after another, then the gradients. */
export class GroupProjection {
  readonly #block: NamedBlock;
  readonly #plateau: number;
  readonly #maps: BlockMaps;
  readonly #images: number;
  readonly #single: BlockMeasurement;
  readonly #singleInput: Block;
  readonly #options: GroupOptions;

  constructor(graph: Graph, one: Graph, block: NamedBlock, images: number, options: GroupOptions) {
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

  /** Energies by image. In `after` the rows of the gradients are as in `before`. */
  async measure(
    before: Activations,
    after: Activations,
    gradients: BlockGradients,
    say: (fraction: number) => void,
  ): Promise<ImageEnergies[]> {
    const { steps, seed, signal, top } = this.#options;
    const { maps, factors } = await this.#maps.at(before);
    const rows = this.#images * vectorsOfAnImage;
    const moved = (value: Value, gradient: Float32Array) => {
      const block = difference(after.get(value)!.data as Float32Array, before.get(value)!.data as Float32Array);
      block.set(gradient, kinds.length * gradient.length);
      return block;
    };
    const incoming = moved(this.#maps.input, gradients.incoming);
    const outgoing = moved(this.#maps.output, gradients.outgoing);
    const options = { plateau: this.#plateau, factors, steps, signal };
    const share = top > 0 ? 1 / 3 : 1 / 2;
    const right = await energiesOf(maps, incoming, { ...options, onProgress: (f) => say(f * share) });
    const left = await energiesOf(transposed(maps), outgoing, {
      ...options,
      onProgress: (f) => say((1 + f) * share),
    });
    const probe = noiseDirection('sign', incoming.length, { seed, index: 0 });
    const image = await maps.apply(probe);
    const length = (block: Float32Array, row: number) => {
      const size = block.length / rows;
      let sum = 0;
      for (let i = row * size; i < (row + 1) * size; i++) sum += block[i]! ** 2;
      return Math.sqrt(sum);
    };
    const [dIn, dOut] = [normalized(incoming, rows), normalized(outgoing, rows)];
    const size = incoming.length / rows;
    const start = Float64Array.from(noiseDirection('uniform', top > 0 ? leading.block * size : 0, { seed, index: 1 }));
    const found: ImageEnergies[] = [];
    for (let i = 0; i < this.#images; i++) {
      signal?.throwIfAborted();
      const vectors = top > 0 ? await leadingVectors(await this.#operatorAt(before, i), start, this.#options) : null;
      say(2 * share + (share * (i + 1)) / this.#images);
      const side = (energies: Energies, d: Float32Array, row: number, which: 'left' | 'right'): SideEnergies => {
        const { above, plateau, below, uncertainty, gain } = energies;
        const own = d.subarray((row * d.length) / rows, ((row + 1) * d.length) / rows);
        return { above, plateau, below, uncertainty, gain, top: vectors && energyOn(vectors[which], own) };
      };
      const both = (row: number) => ({
        incoming: side(right[row]!, dIn, row, 'right'),
        outgoing: side(left[row]!, dOut, row, 'left'),
      });
      const byKind = kinds.map((kind, k) => {
        const row = k * this.#images + i;
        return [kind, { ...both(row), gain: length(outgoing, row) / length(incoming, row) }] as const;
      });
      const last = kinds.length * this.#images + i;
      const squares = Array.from(
        { length: isotropicRows },
        (_, k) => (length(image, k * this.#images + i) / length(probe, k * this.#images + i)) ** 2,
      );
      found.push({
        method: factors ? 'projection' : 'bound',
        isotropic: Math.sqrt(meanOf(squares)),
        top: vectors && { values: vectors.values, residual: vectors.residual },
        kinds: Object.fromEntries(byKind) as ImageEnergies['kinds'],
        gradient: length(incoming, last) > 0 && length(outgoing, last) > 0 ? both(last) : null,
      });
    }
    return found;
  }

  #operatorAt(before: Activations, image: number): Promise<LinearOperator> {
    const all = before.get(this.#maps.input)!;
    const size = all.data.length / (this.#images * vectorsOfAnImage);
    const x = tensor(
      'float32',
      [1, ...all.shape.slice(1)],
      (all.data as Float32Array).slice(image * size, (image + 1) * size),
    );
    return this.#single.operator(new Map([[inputOf(this.#singleInput), x]]), leading.block);
  }

  get name() {
    return this.#block.name;
  }

  async dispose(): Promise<void> {
    await this.#maps.dispose();
    await this.#single.dispose();
  }
}
