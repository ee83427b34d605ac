import type { ActiveUnits } from '../../schema/index.ts';
import { cannotTell, type Effect, judgeDirection, meanEffect, notTestable, type Verdict } from '../../verdict/index.ts';
import type { SpectrumResult } from '../result.ts';
import { allOf, type Finding } from './finding.ts';

/** How near the plateau a value counts as at it, relative to the plateau. */
export const nearness = [1e-5, 0.01, 0.05] as const;

/** Of one unit, means over the images with a complete spectrum. */
export interface PlateauShares {
  readonly name: string;
  readonly images: number;
  /** Shares of the values within each of `nearness` of the plateau. */
  readonly within: readonly number[];
}

export interface MostAreOne {
  readonly units: readonly PlateauShares[];
  /** Units of the network, and those without a complete spectrum, in order. */
  readonly all: number;
  readonly missing: readonly string[];
  /** Identity-shortcut units of which the rank alone demands more than half of the values at the plateau, at 95 % of the images, and how many such units there are. */
  readonly proven: { readonly units: number; readonly of: number };
  /** Spectra with fewer values at the plateau than the theorem demands: 0, or something is wrong. */
  readonly broken: number;
}

/** Shares of values near the plateau, unit by unit; complete spectra with a plateau above 0 only. */
export function plateauShares({ images }: SpectrumResult): PlateauShares[] {
  const names = images[0]?.units.map((u) => u.name) ?? [];
  return names.flatMap((name) => {
    const spectra = images
      .map((image) => image.units.find((u) => u.name === name))
      .filter((u) => u?.complete && u.plateau !== null && u.plateau.value > 0);
    if (spectra.length === 0) return [];
    const shareOf = (u: (typeof spectra)[number], near: number) => {
      const { value } = u!.plateau!;
      return u!.singularValues.filter((s) => Math.abs(s - value) <= near * value).length / u!.singularValues.length;
    };
    const within = nearness.map((near) => spectra.reduce((sum, u) => sum + shareOf(u, near), 0) / spectra.length);
    return [{ name, images: spectra.length, within }];
  });
}

const claim = 'more than half of a unit’s singular values lie within 1 % of the plateau, over all units';

/** The verdict with what is not known set to `unknown`. */
function judged(
  shares: readonly number[],
  missing: number,
  unknown: number,
): { verdict: Verdict; effect: Effect | null } {
  const values = [...shares, ...Array<number>(missing).fill(unknown)].map((s) => s - 0.5);
  const effect = meanEffect(values);
  return {
    effect,
    verdict: judgeDirection(effect, { claim, expected: 'above' }, 'complete spectra of two units are needed'),
  };
}

/**
 * F1: most singular values of a unit's linearization are 1. Judged over *all* units of the network: those that are left out for their cost are
 * large ones with many active inner units, and so with few ones. Units without a complete spectrum may have anything, so the outcome must be the
 * same whether they have no value at the plateau or all of them there.
 */
export function mostAreOne(spectra: SpectrumResult, active: readonly ActiveUnits[]): Finding<MostAreOne> {
  const units = plateauShares(spectra);
  const named = new Set(units.map((u) => u.name));
  const known = [...new Set([...active.map((a) => a.name), ...(spectra.images[0]?.units.map((u) => u.name) ?? [])])];
  const missing = known.filter((name) => !named.has(name));
  const shares = units.map((u) => u.within[1]!);
  const bounded = active.filter((a) => a.bound !== null);
  const broken = spectra.images
    .flatMap((i) => i.units)
    .filter((u) => u.complete && u.plateau && u.bound !== null && u.plateau.count < u.bound);
  const [worst, best] = [judged(shares, missing.length, 0), judged(shares, missing.length, 1)];
  const verdict =
    units.length === 0
      ? notTestable(claim, 'no complete spectrum was taken')
      : missing.length === 0
        ? worst.verdict
        : worst.verdict.outcome === best.verdict.outcome
          ? {
              ...worst.verdict,
              reason: `${worst.verdict.reason}, whatever the ${missing.length} units without a complete spectrum have`,
            }
          : cannotTell(
              claim,
              `${missing.length} of ${known.length} units have no complete spectrum, and what they have decides it`,
              judged(shares, 0, 0).verdict.effect,
            );
  const parts = [verdict];
  return {
    name: 'F1',
    statement: 'Most singular values of a unit’s linearization are 1.',
    rule: 'The mean over all units of the share of values within 1 % of the plateau, less one half, with a 95 % interval over units: above 0 it agrees, below 0 it disagrees. A unit without a complete spectrum may have any share. Conditional on this network; units are not independent of each other.',
    ...allOf(parts),
    parts,
    numbers: {
      units,
      all: known.length,
      missing,
      proven: { units: bounded.filter((a) => a.bound!.quantiles.q05 / a.size > 0.5).length, of: bounded.length },
      broken: broken.length,
    },
  };
}
