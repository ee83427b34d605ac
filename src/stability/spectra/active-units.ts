import { distributionOf } from '../../base/statistics.ts';
import { type ImageDataset, toFloat } from '../../data/index.ts';
import type { Network } from '../../models/index.ts';
import { tensor } from '../../onnx/index.ts';
import type { RuntimeOptions } from '../../runtime/index.ts';
import type { ActiveUnits } from '../../schema/index.ts';
import { visitActivations } from '../units/activations.ts';
import { activeHidden, plateauBound } from '../units/block-ends.ts';
import { featureCount, findUnits } from '../units/units.ts';

/** Units with a single inner ReLU only; maps end at the addition. One forward pass an image. */
export async function countActiveUnits(
  network: Network,
  dataset: ImageDataset,
  images: readonly number[],
  options: { runtime?: RuntimeOptions | undefined; signal?: AbortSignal | undefined } = {},
): Promise<ActiveUnits[]> {
  const graph = network.graph(1);
  const units = findUnits(graph).filter((unit) => unit.hidden !== null);
  const counts = units.map((): number[] => []);
  function* pixels() {
    for (const image of images) yield tensor('float32', [1, ...dataset.shape], toFloat(dataset, [image]));
  }
  await visitActivations(
    graph,
    units.map((unit) => unit.hidden!.pre),
    pixels(),
    (at) => {
      units.forEach((unit, u) => {
        counts[u]!.push(activeHidden(unit, at));
      });
    },
    options,
  );
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
