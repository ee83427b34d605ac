import { OverflowError } from '../../base/errors.ts';
import type { ImageDataset } from '../../data/index.ts';
import type { Network } from '../../models/index.ts';
import type { RuntimeOptions } from '../../runtime/index.ts';
import { measurePerturbations } from '../perturbations/perturbation-measurement.ts';
import { plainPgd } from '../perturbations/perturbation-setting.ts';
import type { ScaledGrowth } from './intervention-result.ts';

/** How perturbations are made and followed through each changed network. */
export interface GrowthSettings {
  /** Positions in the data set. */
  readonly images: readonly number[];
  /** Linf radius of PGD in pixel units; the random control has the same Euclidean norm, image by image. */
  readonly eps: number;
  readonly steps: number;
}

/**
 * PGD against a changed network itself, and the growth of its perturbations and of random ones: medians over images. Of a network whose activations overflow, which
 * answers nothing rightly, none is followed.
 */
export async function growthIn(
  network: Network,
  dataset: ImageDataset,
  { images, eps, steps }: GrowthSettings,
  { seed, runtime, signal }: { seed: number; runtime: RuntimeOptions; signal?: AbortSignal | undefined },
): Promise<ScaledGrowth> {
  const measured = await measurePerturbations({
    network,
    dataset,
    images,
    ...plainPgd(eps, steps),
    seed,
    runtime,
    signal,
  }).catch((error: unknown) => {
    if (error instanceof OverflowError) return null;
    throw error;
  });
  if (!measured) return { images: images.length, followed: 0, eps, steps, accuracyUnderAttack: 0, layers: [] };
  const { result } = measured;
  return {
    images: images.length,
    followed: result.followed,
    eps,
    steps,
    accuracyUnderAttack: result.attack.accuracy,
    layers: result.layers.map(({ name, adversarial, random }) => ({
      name,
      adversarial: adversarial?.relativeNorm ?? null,
      random: random?.relativeNorm ?? null,
    })),
  };
}
