import { distributionOf } from '../../base/statistics.ts';
import type { Part, ProjectedBlock, ProjectedGradient, ProjectedKind } from '../../schema/index.ts';
import type { PerturbationKind } from '../perturbations/index.ts';

export type { ProjectedBlock, ProjectedGradient, ProjectedKind };
/** Shares of a perturbation's squared length on singular vectors. */
export type EnergyShares = ProjectedKind['outgoing'];

/** What is kept of one block at one image. */
export type ImageEnergies = Part<'energies'>;

/** Energies of one perturbation on one side of a block's map. */
export type SideEnergies = ImageEnergies['kinds'][PerturbationKind]['incoming'];

/** Over images: means of energies, medians of gains. */
export function summarize(
  { name, kind, plateau }: Pick<ProjectedBlock, 'name' | 'kind' | 'plateau'>,
  images: readonly ImageEnergies[],
): ProjectedBlock {
  const mean = (values: number[]) => distributionOf(values)?.mean ?? Number.NaN;
  const shares = (sides: readonly SideEnergies[]): EnergyShares => ({
    energyAbove: mean(sides.map((s) => s.above)),
    energyPlateau: mean(sides.map((s) => s.plateau)),
    energyBelow: mean(sides.map((s) => s.below)),
    energyTop: sides.some((s) => s.top === null) ? null : mean(sides.map((s) => s.top!)),
    uncertainty: mean(sides.map((s) => s.uncertainty)),
  });
  const of = (which: PerturbationKind): ProjectedKind => {
    const own = images.map((image) => image.kinds[which]);
    return {
      ...shares(own.map((o) => o.incoming)),
      predictedGain: distributionOf(own.map((o) => o.incoming.gain))?.median ?? Number.NaN,
      measuredGain: distributionOf(own.map((o) => o.gain))?.median ?? Number.NaN,
      outgoing: shares(own.map((o) => o.outgoing)),
    };
  };
  const gradientOf = (own: readonly NonNullable<ImageEnergies['gradient']>[]): ProjectedGradient | null =>
    own.length === 0
      ? null
      : {
          ...shares(own.map((o) => o.incoming)),
          predictedGain: distributionOf(own.map((o) => o.incoming.gain))?.median ?? Number.NaN,
          outgoing: shares(own.map((o) => o.outgoing)),
        };
  const tops = images.flatMap((image) => (image.top ? [image.top] : []));
  return {
    name,
    kind,
    plateau,
    method: images[0]!.method,
    isotropicGain: Math.sqrt(mean(images.map((image) => image.isotropic ** 2))),
    top: tops.length
      ? {
          values: tops[0]!.values.map((_, i) => mean(tops.map((t) => t.values[i]!))),
          residual: Math.max(...tops.map((t) => t.residual)),
        }
      : null,
    adversarial: of('adversarial'),
    random: of('random'),
    shuffled: of('shuffled'),
    directed: of('directed'),
    gradient: gradientOf(images.flatMap((image) => image.gradient ?? [])),
  };
}
