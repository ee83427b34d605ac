import { type ImageDataset, toFloat } from '../../data/index.ts';
import { type Network, withValues } from '../../models/index.ts';
import { initialize } from '../../nn/index.ts';
import type { RuntimeOptions } from '../../runtime/index.ts';
import { calibrateBatchNorm } from '../../train/index.ts';

export interface UntrainedControlRequest {
  /** The trained network that it is a control for. */
  readonly network: Network;
  readonly dataset: ImageDataset;
  /** Positions of the images that are measured; batch norm is calibrated on others while there are enough. */
  readonly images: readonly number[];
  readonly seed: number;
  readonly runtime?: RuntimeOptions | undefined;
}

/** Images that batch norm is calibrated on where there are as many, and how many it sees at a time. */
const calibrationImages = 512;
const calibrationBatch = 128;

/** The same architecture with fresh weights; undefined for a network of the user's own file, of which it is not known what is trained. */
export function freshTwin(network: Network, seed: number): Network | undefined {
  if (!network.builtFrom) return undefined;
  const { model } = network.builtFrom;
  return {
    ...withValues(model, initialize(model.parameters, seed)),
    name: network.name,
    weights: `freshly initialized (seed ${seed})`,
  };
}

/**
 * The same architecture with fresh weights and batch norm calibrated on the data, as a control for what training adds. Undefined for a network
 * of the user's own file, of which it is not known what is trained.
 */
export async function untrainedControl({
  network,
  dataset,
  images,
  seed,
  runtime,
}: UntrainedControlRequest): Promise<Network | undefined> {
  const fresh = freshTwin(network, seed);
  if (!fresh) return undefined;
  const measured = new Set(images);
  const all = Array.from({ length: dataset.count }, (_, i) => i);
  const others = all.filter((i) => !measured.has(i));
  // A small data set has no others: calibrating on what is measured is better than not calibrating.
  const chosen = (others.length >= calibrationBatch ? others : all).slice(0, calibrationImages);
  return calibrateBatchNorm({
    network: fresh,
    images: toFloat(dataset, chosen),
    batchSize: Math.min(calibrationBatch, chosen.length),
    runtime,
  });
}
