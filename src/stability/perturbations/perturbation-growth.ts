import { type Distribution, distributionOf, medianInterval } from '../../base/statistics.ts';
import type { Network } from '../../models/index.ts';
import type { ProjectedBlock } from '../projections/index.ts';
import { findStages, findUnits } from '../units/units.ts';
import { type ControlledPerturbations, kinds, type PerturbationKind, type Propagated, Propagation } from './index.ts';
import type { GrowthRatio, LayerPerturbation, PerturbedLayer } from './perturbation-result.ts';
import type { PerturbationRequest } from './perturbation-setting.ts';

/** What becomes of each kind of perturbation at every place of a network. */
export type FollowedKinds = Readonly<Record<PerturbationKind, readonly Propagated[]>>;

/** Follows perturbations and their controls through a network, from where the request lets them enter. */
export async function followKinds(
  request: PerturbationRequest,
  network: Network,
  controls: ControlledPerturbations,
): Promise<FollowedKinds> {
  const propagation = new Propagation(network, { entry: request.layer, runtime: request.runtime });
  try {
    const found: Partial<Record<PerturbationKind, Propagated[]>> = {};
    for (const [k, kind] of kinds.entries()) {
      request.signal?.throwIfAborted();
      request.onProgress?.(k / kinds.length, `${kind} perturbations through the network`);
      found[kind] = await propagation.follow(controls.clean, controls.perturbed[kind]);
    }
    return found as FollowedKinds;
  } finally {
    await propagation.dispose();
  }
}

/** Over images, at the place `at`; null where no image has a perturbation. */
function layerOf(rows: readonly Propagated[], at: number): LayerPerturbation | null {
  const row = rows[at]!;
  const entry = rows[0]!;
  const over = (a: Float64Array, b: Float64Array) => distributionOf(a.map((v, i) => v / b[i]!));
  const relativeNorm = over(row.perturbation, row.state);
  const growth = over(row.perturbation, entry.perturbation);
  const linearRelativeNorm = over(row.predictedFromEntry, row.state);
  if (!relativeNorm || !growth || !linearRelativeNorm) return null;
  const gain = row.incoming && over(row.perturbation, row.incoming);
  const predictedGain = row.incoming && row.predicted && over(row.predicted, row.incoming);
  const linearizationError = row.error && over(row.error, row.perturbation);
  const distributions: Record<string, Distribution | null> = {
    relativeNorm,
    growth,
    gain,
    predictedGain,
    linearizationError,
    linearRelativeNorm,
  };
  return {
    relativeNorm: relativeNorm.median,
    growth: growth.median,
    gain: gain?.median ?? null,
    predictedGain: predictedGain?.median ?? null,
    linearizationError: linearizationError?.median ?? null,
    linearRelativeNorm: linearRelativeNorm.median,
    distributions,
  };
}

/** A row for each place of the network, with the energies of units that were projected. */
export function layersOf(found: FollowedKinds, projections: readonly ProjectedBlock[] = []): PerturbedLayer[] {
  return found.adversarial.map(({ name, size }, at) => {
    const energies = projections.find((p) => p.name === name && p.kind === 'unit');
    const of = (kind: PerturbationKind): LayerPerturbation | null => {
      const layer = layerOf(found[kind], at);
      const own = energies?.[kind];
      if (!layer || !own) return layer;
      const { energyAbove, energyPlateau, energyBelow, energyTop } = own;
      return { ...layer, energyAbove, energyPlateau, energyBelow, energyTop };
    };
    return {
      ...{ name, size, adversarial: of('adversarial'), random: of('random') },
      ...{ shuffled: of('shuffled'), directed: of('directed') },
    };
  });
}

/**
 * Adversarial ‖d‖ to a control's at the place called `name`, image by image: the ratio of relative norms, as both have the same state, and of
 * relative growth, as both have the same norm at the entry.
 */
function ratiosAt(found: FollowedKinds, name: string, control: PerturbationKind): number[] {
  const at = found.adversarial.findIndex((row) => row.name === name);
  if (at < 0) return [];
  const own = found[control][at]!.perturbation;
  return Array.from(found.adversarial[at]!.perturbation, (v, i) => v / own[i]!);
}

/** Ratios of adversarial to control growth at the end of every stage behind the entry (finding F4). */
export function growthRatios(
  network: Network,
  found: FollowedKinds,
  untrained: FollowedKinds | undefined,
  seed: number,
): GrowthRatio[] {
  const reached = new Set(found.adversarial.map((row) => row.name));
  return findStages(findUnits(network.graph(1))).flatMap((stage): GrowthRatio[] => {
    const { name } = stage.units.at(-1)!;
    if (!reached.has(name)) return [];
    return [
      {
        name,
        stage: stage.name,
        toRandom: medianInterval(ratiosAt(found, name, 'random'), seed),
        toShuffled: medianInterval(ratiosAt(found, name, 'shuffled'), seed),
        toDirected: medianInterval(ratiosAt(found, name, 'directed'), seed),
        untrainedToRandom: untrained ? medianInterval(ratiosAt(untrained, name, 'random'), seed) : null,
      },
    ];
  });
}
