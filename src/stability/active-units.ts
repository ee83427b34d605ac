import { type ImageDataset, toFloat } from '../data/index.ts';
import type { Network } from '../models/index.ts';
import { tensor } from '../onnx/index.ts';
import type { RuntimeOptions } from '../runtime/index.ts';
import { activationsAt } from './activations.ts';
import { activeHidden, plateauBound } from './block.ts';
import { type Distribution, distributionOf } from './statistics.ts';
import { featureCount, findUnits } from './units.ts';

/** What the rank of a unit's branch says about its singular values, over images, without any of them computed. */
export interface ActiveUnits {
  readonly name: string;
  /** Outputs n. */
  readonly size: number;
  readonly hiddenSize: number;
  /** Active inner units k over images. */
  readonly active: Distribution;
  /** At least so many singular values are at the plateau (n - 2k, or 0); null where the shortcut is no identity. */
  readonly bound: Distribution | null;
}

/** Units with a single inner ReLU only; maps end at the addition. One forward pass an image. */
export async function countActiveUnits(
  network: Network,
  dataset: ImageDataset,
  images: readonly number[],
  runtime: RuntimeOptions = {},
): Promise<ActiveUnits[]> {
  const graph = network.graph(1);
  const units = findUnits(graph).filter((unit) => unit.hidden !== null);
  const counts = units.map((): number[] => []);
  // One image at a time: all inner activations of many would need gigabytes.
  for (const image of images) {
    const pixels = tensor('float32', [1, ...dataset.shape], toFloat(dataset, [image]));
    const [at] = await activationsAt(
      graph,
      units.map((unit) => unit.hidden!.pre),
      [pixels],
      runtime,
    );
    units.forEach((unit, u) => {
      counts[u]!.push(activeHidden(unit, at!));
    });
  }
  return units.map((unit, u) => {
    const size = featureCount(unit.sum);
    const bounds = counts[u]!.map((k) => plateauBound(unit, [size, featureCount(unit.input)], 0, k));
    return {
      name: unit.name,
      size,
      hiddenSize: featureCount(unit.hidden!.pre),
      active: distributionOf(counts[u]!)!,
      bound: bounds.includes(null) ? null : distributionOf(bounds as number[])!,
    };
  });
}
