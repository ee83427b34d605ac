import type { PerturbationKind } from '../perturbations/index.ts';
import { distributionOf } from '../statistics.ts';
import type { Energies } from './energies.ts';

/** Shares of a perturbation's squared length on singular vectors. */
export interface EnergyShares {
  readonly energyAbove: number;
  readonly energyPlateau: number;
  readonly energyBelow: number;
  /** On the k leading singular vectors; null where none were asked for. */
  readonly energyTop: number | null;
  /** By how much each of the first three may be off. */
  readonly uncertainty: number;
}

/** Energies of one kind of perturbation on the singular vectors of one block: means over images; gains are medians. */
export interface ProjectedKind extends EnergyShares {
  /** sqrt(Σ σ² c²) = ‖J d‖ / ‖d‖, and the true gain, to where the map ends. */
  readonly predictedGain: number;
  readonly measuredGain: number;
  /** On left singular vectors, of the perturbation that comes out. */
  readonly outgoing: EnergyShares;
}

export interface ProjectedBlock {
  readonly name: string;
  readonly kind: 'unit' | 'stage';
  readonly plateau: number;
  /** How the energy on the plateau is known: by projection onto it, or as the largest that the moments allow. */
  readonly method: 'projection' | 'bound';
  /** sqrt(mean σ²) over images, from random vectors: the gain of a perturbation without direction. */
  readonly isotropicGain: number;
  /** The k leading singular values, mean over images, and the largest residual of a triplet relative to the first value; null where not asked for. */
  readonly top: { readonly values: readonly number[]; readonly residual: number } | null;
  readonly adversarial: ProjectedKind | null;
  readonly random: ProjectedKind | null;
  readonly shuffled: ProjectedKind | null;
}

/** Energies of one perturbation on one side of a block's map. */
export type SideEnergies = Pick<Energies, 'above' | 'plateau' | 'below' | 'uncertainty' | 'gain'> & {
  readonly top: number | null;
};

/** What is kept of one block at one image. */
export interface ImageEnergies {
  readonly method: ProjectedBlock['method'];
  readonly isotropic: number;
  readonly top: { readonly values: readonly number[]; readonly residual: number } | null;
  readonly kinds: Readonly<
    Record<
      PerturbationKind,
      { readonly incoming: SideEnergies; readonly outgoing: SideEnergies; readonly gain: number }
    >
  >;
}

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
  };
}
