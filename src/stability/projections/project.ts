import { UsageError } from '../../base/errors.ts';
import type { OnProgress } from '../../base/progress.ts';
import type { ResultCache } from '../../formats/index.ts';
import type { Network } from '../../models/index.ts';
import { flopsOf, tensor } from '../../onnx/index.ts';
import { availableMemory } from '../../runtime/index.ts';
import { type ControlledPerturbations, kinds, marginGradients } from '../perturbations/index.ts';
import { activationsAt } from '../units/activations.ts';
import { type Block, inputOf, outputOf, plateauOf } from '../units/block-ends.ts';
import { featureCount, findStages, findUnits, type Unit } from '../units/units.ts';
import {
  type BlockGradients,
  blockIn,
  bytesOfLeading,
  type GroupOptions,
  GroupProjection,
  type NamedBlock,
  vectorsOfAnImage,
} from './group-projection.ts';
import { type ImageEnergies, type ProjectedBlock, summarize } from './projected-block.ts';

export interface ProjectionOptions extends GroupOptions {
  readonly onProgress?: OnProgress | undefined;
  /** Of finished blocks, by image. */
  readonly cache?: ResultCache<ImageEnergies> | undefined;
  /** Only onto these units; onto all, and onto all stages, unless told. */
  readonly units?: readonly string[] | undefined;
}

/** What projections have come to, block by block: over images, and image by image. */
export interface Projections {
  readonly blocks: readonly ProjectedBlock[];
  readonly images: ReadonlyMap<string, readonly ImageEnergies[]>;
}

/** Numbers at both ends of blocks. */
const endsOf = (blocks: readonly Block[], finalRelu: boolean) =>
  blocks.map((block) => ({
    incoming: featureCount(inputOf(block)),
    outgoing: featureCount(outputOf(block, finalRelu)),
  }));

/** Of one image with all its vectors: the states of every block, before and after, and the programs that run on them. */
function bytesOfAnImage(blocks: readonly Block[], finalRelu: boolean): number {
  const sizes = endsOf(blocks, finalRelu).flatMap(({ incoming, outgoing }) => [incoming, outgoing]);
  return vectorsOfAnImage * 4 * (2 * sizes.reduce((sum, n) => sum + n, 0) + 20 * Math.max(...sizes));
}

/** Images that are projected together, with all kinds of perturbation: at most 20, and no more than fit into a quarter of the free memory. */
const imagesTogether = (bytesOfEach: number): number =>
  Math.max(1, Math.min(20, Math.floor(availableMemory() / 4 / bytesOfEach)));

/** The units of a network that are asked for and, where all are, its stages. */
const wantedBlocks = (units: readonly Unit[], asked: readonly string[] | undefined): NamedBlock[] => [
  ...units
    .filter((u) => asked?.includes(u.name) ?? true)
    .map((u) => ({ name: u.name, kind: 'unit' as const, members: [u.name] })),
  ...(asked ? [] : findStages(units)).map((s) => ({
    ...{ name: s.name, kind: 'stage' as const, members: s.units.map((u) => u.name) },
  })),
];

/**
 * What projecting the perturbations of `images` images takes: bytes at a time, and floating-point operations, two products a step for each vector and side, and the leading vectors;
 * stages cost as much again as their units.
 */
export function projectionCost(
  network: Network,
  images: number,
  {
    steps,
    top,
    finalRelu,
    units: asked,
  }: Pick<GroupOptions, 'steps' | 'top' | 'finalRelu'> & { readonly units?: readonly string[] },
): { readonly bytes: number; readonly flops: number } {
  const one = network.graph(1);
  const units = findUnits(one);
  const wanted = wantedBlocks(units, asked);
  if (wanted.length === 0 || images === 0) return { bytes: 0, flops: 0 };
  const blocks = wanted.map((block) => blockIn(units, block));
  const ofEach = bytesOfAnImage(blocks, finalRelu);
  const vectors = endsOf(blocks, finalRelu).map(({ incoming, outgoing }) => bytesOfLeading(outgoing, incoming, top));
  const parameters = [...one.constants.values()].reduce((sum, { data }) => sum + data.length, 0);
  const share = asked ? asked.length / units.length : 2;
  const flops = one.nodes.reduce((sum, node) => sum + flopsOf(node), 0);
  return {
    bytes: Math.min(images, imagesTogether(ofEach)) * ofEach + Math.max(...vectors) + 8 * parameters + 7e8,
    flops: share * 2 * images * flops * (vectorsOfAnImage * 8 * steps + 30 * top),
  };
}

/**
 * Energies of perturbations of images, and of the gradients of their margins, on the singular vectors of every unit and stage of a network, incoming on right ones
 * and outgoing on left ones, at the clean images' operating points. `ids`: what the rows of `perturbations` are called in the cache. Throws UsageError for a
 * network without residual units.
 */
export async function projectPerturbations(
  network: Network,
  perturbations: ControlledPerturbations,
  ids: readonly number[],
  options: ProjectionOptions,
): Promise<Projections> {
  const { signal, onProgress, cache, runtime } = options;
  const { size, clean, perturbed, answers } = perturbations;
  const one = network.graph(1);
  const units = findUnits(one);
  if (units.length === 0) throw new UsageError(`${network.name} has no residual units to project onto`);
  const wanted = wantedBlocks(units, options.units);
  const found = new Map<string, ImageEnergies[]>(wanted.map((b) => [b.name, []]));
  const blocksOfOne = wanted.map((block) => blockIn(units, block));
  const together = imagesTogether(bytesOfAnImage(blocksOfOne, options.finalRelu));
  const groups = Math.ceil(ids.length / together);
  let done = 0;
  for (let first = 0; first < ids.length; first += together) {
    const group = ids.slice(first, first + together);
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
    const rows = group.length * vectorsOfAnImage;
    const graph = network.graph(rows);
    const blocks = missing.map((block) => new GroupProjection(graph, one, block, group.length, options));
    const own = (block: Float32Array) => block.subarray(first * size, (first + group.length) * size);
    const batchOf = (all: readonly Float32Array[]) => {
      const block = new Float32Array(rows * size);
      all.forEach((of, k) => {
        block.set(own(of), k * group.length * size);
      });
      return tensor('float32', [rows, ...network.inputShape], block);
    };
    const [before, after] = await activationsAt(
      graph,
      blocks.flatMap((b) => b.needed),
      [
        batchOf(Array.from({ length: vectorsOfAnImage }, () => clean)),
        batchOf([...kinds.map((kind) => perturbed[kind]), clean]),
      ],
      runtime,
    );
    const gradients = await gradientsAt(network, missing, own(clean), {
      ...options,
      answers: answers.slice(first, first + group.length),
    });
    try {
      for (const [b, block] of missing.entries()) {
        signal?.throwIfAborted();
        const say = (f: number) => onProgress?.((done + f) / (groups * wanted.length), `projections, ${block.name}`);
        const energies = await blocks[b]!.measure(before!, after!, gradients[b]!, say);
        for (const [i, image] of group.entries()) await cache?.write(keyOf(block, image), energies[i]!);
        found.get(block.name)!.push(...energies);
        done++;
        await blocks[b]!.dispose();
      }
    } finally {
      for (const block of blocks) await block.dispose();
    }
  }
  return {
    blocks: wanted.map((block) =>
      summarize({ ...block, plateau: plateauOf(blockIn(units, block)) }, found.get(block.name)!),
    ),
    images: found,
  };
}

/** Of the margin, with respect to what enters each block and what comes out of it, image by image. */
async function gradientsAt(
  network: Network,
  wanted: readonly NamedBlock[],
  images: Float32Array,
  {
    answers,
    finalRelu,
    runtime,
  }: Pick<GroupOptions, 'finalRelu' | 'runtime'> & { readonly answers: readonly number[] },
): Promise<BlockGradients[]> {
  const graph = network.graph(answers.length);
  const units = findUnits(graph);
  const ends = wanted.map((named) => {
    const block = blockIn(units, named);
    return { input: inputOf(block), output: outputOf(block, finalRelu) };
  });
  const found = await marginGradients(
    graph,
    ends.flatMap(({ input, output }) => [input, output]),
    tensor('float32', [answers.length, ...network.inputShape], images.slice()),
    { answers, runtime },
  );
  return ends.map(({ input, output }) => ({ incoming: found.get(input)!, outgoing: found.get(output)! }));
}
