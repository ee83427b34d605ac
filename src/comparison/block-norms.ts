import { type ImageDataset, toFloat } from '../data/index.ts';
import { topSingularTriplets } from '../linalg/index.ts';
import type { Network } from '../models/index.ts';
import { tensor } from '../onnx/index.ts';
import type { RuntimeOptions } from '../runtime/index.ts';
import {
  activationsAt,
  type Block,
  BlockMeasurement,
  findStages,
  findUnits,
  valuesNeeded,
} from '../stability/index.ts';
import type { BlockNorm } from './result.ts';

/** A value's relative error is of the order of the square of its residual: a hundredth of a per cent at most is far below what networks differ by. */
const krylov = { block: 8, tolerance: 1e-2, maxBasis: 160 } as const;

export interface BlockNormOptions {
  readonly seed: number;
  readonly runtime: RuntimeOptions;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((fraction: number) => void) | undefined;
}

/** ‖J‖₂ of every residual unit, and of every stage of more than one, without the last ReLU: means over images. None without units or images. */
export async function blockNorms(
  network: Network,
  dataset: ImageDataset,
  images: readonly number[],
  { seed, runtime, signal, onProgress }: BlockNormOptions,
): Promise<BlockNorm[]> {
  const graph = network.graph(1);
  const units = findUnits(graph);
  if (units.length === 0 || images.length === 0) return [];
  const blocks: Block[] = [
    ...units.map((unit) => ({ name: unit.name, units: [unit] })),
    ...findStages(units).filter((stage) => stage.units.length > 1),
  ];
  const seen = await activationsAt(
    graph,
    blocks.flatMap(valuesNeeded),
    images.map((i) => tensor('float32', [1, ...dataset.shape], toFloat(dataset, [i]))),
    runtime,
  );
  const found: BlockNorm[] = [];
  for (const [b, block] of blocks.entries()) {
    const measurement = new BlockMeasurement(graph, block, {
      ...{ finalRelu: false, method: 'lanczos', top: 1, seed, runtime },
    });
    try {
      const tops = [];
      for (const at of seen) {
        signal?.throwIfAborted();
        const operator = await measurement.operator(at, krylov.block);
        const { triplets } = await topSingularTriplets(operator, { ...krylov, count: 1, seed, signal });
        tops.push(triplets[0]!);
      }
      found.push({
        name: block.name,
        norm: tops.reduce((sum, t) => sum + t.value, 0) / tops.length,
        maxResidual: Math.max(...tops.map((t) => t.residual)),
      });
    } finally {
      await measurement.dispose();
    }
    onProgress?.((b + 1) / blocks.length);
  }
  return found;
}
