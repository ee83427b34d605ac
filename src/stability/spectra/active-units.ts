import { distributionOf } from '../../base/statistics.ts';
import { type ImageDataset, toFloat } from '../../data/index.ts';
import type { Network } from '../../models/index.ts';
import { tensor } from '../../onnx/index.ts';
import type { RuntimeOptions } from '../../runtime/index.ts';
import type { ActiveUnits } from '../../schema/index.ts';
import { activationsAt } from '../units/activations.ts';
import { activeHidden, plateauBound } from '../units/block-ends.ts';
import { featureCount, findUnits } from '../units/units.ts';

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
