import type { OnProgress } from '../../base/progress.ts';
import type { ImageDataset } from '../../data/index.ts';
import type { ResultCache } from '../../formats/index.ts';
import { partCache } from '../../instrument/part-cache.ts';
import type { Network } from '../../models/index.ts';
import type { RuntimeOptions } from '../../runtime/index.ts';
import { type Part, partForms } from '../../schema/index.ts';
import type { ImageEnergies } from '../projections/index.ts';
import { type AttackName, findsSmallest, type Noise, type Norm } from './index.ts';

/** Which network, at which images, and how they are perturbed. */
export interface PerturbationRequest {
  readonly network: Network;
  readonly dataset: ImageDataset;
  /** Positions in the data set. */
  readonly images: readonly number[];
  readonly attack: AttackName;
  readonly norm: Norm;
  /** In pixel units, or in units of the layer's values with `layer`; the first is followed through the network. Attacks that look for the smallest perturbation are judged at each, and need none. */
  readonly radii: readonly number[];
  readonly steps: number;
  /** A quarter of each radius unless told; for cw the rate of Adam, 0.01 unless told. */
  readonly stepSize?: number | undefined;
  readonly restarts: number;
  readonly randomStart: boolean;
  /** Class to aim at: see `targetsFor`; any wrong one unless told. */
  readonly target?: string | undefined;
  readonly noise: Noise;
  /** Unit at whose input perturbations enter; the image unless told. */
  readonly layer?: string | undefined;
  /** The same architecture with fresh weights, as a control; attacked on its own answers. */
  readonly untrained?: Network | undefined;
  /** Also project onto the singular vectors of units and stages, at the first `images` of the images that are followed; at all unless told. */
  readonly project?:
    | { readonly steps: number; readonly top: number; readonly finalRelu: boolean; readonly images?: number }
    | undefined;
  readonly seed: number;
  readonly runtime?: RuntimeOptions;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
  /** Of projections, by block and image. */
  readonly cache?: ResultCache<ImageEnergies> | undefined;
  /** The same of the untrained control. */
  readonly untrainedCache?: ResultCache<ImageEnergies> | undefined;
  /** Folder for what attacks have come to, group of images by group; nothing is kept without. */
  readonly attacks?: string | undefined;
}

/** PGD without a random start, in steps of a quarter of the radius, beside Gaussian noise: what is followed where the attack is not the question. */
export const plainPgd = (eps: number, steps: number) =>
  ({
    attack: 'pgd',
    norm: 'linf',
    radii: [eps],
    steps,
    stepSize: eps / 4,
    restarts: 1,
    randomStart: false,
    noise: 'gaussian',
  }) as const satisfies Partial<PerturbationRequest>;

/** Radii where none are asked for: 2/255 (linf) or 0.5 (l2); none for attacks that look for the smallest perturbation. */
export function defaultRadii(attack: AttackName, norm: Norm): readonly number[] {
  if (findsSmallest(attack)) return [];
  return [norm === 'linf' ? 2 / 255 : 0.5];
}

/** Raised whenever the numbers of a perturbation change. */
export const perturbationRevision = 2;

/** Finished projections of the network below `dir`, for this request only: other images may differ, all other settings may not. */
export const perturbationCache = (dir: string, request: PerturbationRequest): ResultCache<ImageEnergies> =>
  projectionsBelow(dir, request, request.network);

/** The same of the untrained control, under names of their own; undefined without one. */
export function untrainedCache(dir: string, request: PerturbationRequest): ResultCache<ImageEnergies> | undefined {
  if (!request.untrained) return undefined;
  const { read, write } = projectionsBelow(dir, request, request.untrained);
  const named = (key: string) => `untrained ${key}`;
  return { read: (key) => read(named(key)), write: (key, value) => write(named(key), value) };
}

function projectionsBelow(dir: string, request: PerturbationRequest, network: Network): ResultCache<ImageEnergies> {
  const { dataset, attack, norm, radii, steps, stepSize, restarts, randomStart, target, noise, runtime } = request;
  const { project, seed } = request;
  // How many images are projected is no part of what is found at one of them.
  const projected = project && { steps: project.steps, top: project.top, finalRelu: project.finalRelu };
  return partCache(dir, partForms.energies, {
    ...{ measurement: 'perturb', revision: perturbationRevision, network, data: dataset, runtime },
    settings: {
      // Only the first radius is projected.
      ...{ attack, norm, radius: radii[0], steps, stepSize, restarts, randomStart, target, noise, seed },
      project: projected,
    },
  });
}

/** Finished attacks below `dir`, by group of images. `ownAnswers`: whether the network's own answers count as right. */
export function attackCache(
  dir: string,
  request: PerturbationRequest,
  network: Network,
  ownAnswers: boolean,
): ResultCache<Part<'attacked'>> {
  const { dataset, attack, norm, radii, steps, stepSize, restarts, randomStart, target, layer, seed, runtime } =
    request;
  return partCache(dir, partForms.attacked, {
    ...{ measurement: 'attack', revision: perturbationRevision, network, data: dataset, runtime },
    settings: { attack, norm, radii, steps, stepSize, restarts, randomStart, target, layer, seed, ownAnswers },
  });
}
