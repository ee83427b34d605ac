import { meanOf } from '../../base/statistics.ts';
import type { ActiveUnits } from '../../schema/index.ts';
import {
  cannotTell,
  type Effect,
  judgeDirection,
  meanOverRows,
  notTestable,
  studentEffect,
  type Verdict,
} from '../../verdict/index.ts';
import type { SpectrumResult } from '../result.ts';
import { allOf, type Finding, fewestImages, noVerdictOverImages } from './finding.ts';

/** How near the plateau a value counts as at it, relative to the plateau. */
export const nearness = [1e-5, 0.01, 0.05] as const;

/** Of one unit. */
export interface PlateauShares {
  readonly name: string;
  /** Images with a complete spectrum. */
  readonly images: number;
  /** Shares of the values within each of `nearness` of the plateau: means over those images. */
  readonly within: readonly number[];
  /** The share within 1 % at each image of the measurement; null where the spectrum is not complete. */
  readonly byImage: readonly (number | null)[];
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
    const shares = images.map(({ units }) => {
      const unit = units.find((u) => u.name === name);
      if (!unit?.complete || unit.plateau === null || unit.plateau.value <= 0) return null;
      const { singularValues: values, plateau } = unit;
      return nearness.map(
        (near) => values.filter((s) => Math.abs(s - plateau.value) <= near * plateau.value).length / values.length,
      );
    });
    const known = shares.filter((s) => s !== null);
    if (known.length === 0) return [];
    const within = nearness.map((_, i) => meanOf(known.map((s) => s[i]!)));
    return [{ name, images: known.length, within, byImage: shares.map((s) => s && s[1]!) }];
  });
}

const claim = 'share of a unit’s singular values within 1 % of the plateau less one half, mean over all units';

/** The verdict with what is not known set to `unknown`. */
function judged(measured: Effect, share: number, unknown: number): Verdict {
  const { standardError, degrees, scale, count } = measured;
  const estimate = share * measured.estimate + (1 - share) * unknown - 0.5;
  return judgeDirection(studentEffect({ estimate, standardError: share * standardError, degrees, scale, count }), {
    claim,
    expected: 'above',
  });
}

/**
 * F1: most singular values of a unit's linearization are 1. Judged over *all* units of the network: those that are left out for their cost are
 * large ones with many active inner units, and so with few ones. Units without a complete spectrum may have anything, so the outcome must be the
 * same whether they have no value at the plateau or all of them there. The units are all that there are, so nothing is uncertain but the images.
 */
export function mostAreOne(spectra: SpectrumResult, active: readonly ActiveUnits[]): Finding<MostAreOne> {
  const units = plateauShares(spectra);
  const named = new Set(units.map((u) => u.name));
  const known = [...new Set([...active.map((a) => a.name), ...(spectra.images[0]?.units.map((u) => u.name) ?? [])])];
  const missing = known.filter((name) => !named.has(name));
  const bounded = active.filter((a) => a.bound !== null);
  const broken = spectra.images
    .flatMap((i) => i.units)
    .filter((u) => u.complete && u.plateau && u.bound !== null && u.plateau.count < u.bound);
  const verdict = verdictOf(units, missing.length);
  const parts = [verdict];
  return {
    name: 'F1',
    statement: 'Most singular values of a unit’s linearization are 1.',
    rule: `The mean over all units of the share of values within 1 % of the plateau, less one half, with a 95 % interval over images: above 0 it agrees, below 0 it disagrees; fewer than ${fewestImages} images cannot tell. A unit with complete spectra at some of the images is taken to vary between images as those at all of them do; one without any may have any share. Conditional on this network and its units.`,
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

function verdictOf(units: readonly PlateauShares[], missing: number): Verdict {
  if (units.length === 0) return notTestable(claim, 'no complete spectrum was taken');
  // Images at which no unit has a complete spectrum say nothing of shares.
  const counted = units[0]!.byImage.flatMap((_, i) => (units.some((u) => u.byImage[i] !== null) ? [i] : []));
  const effect = meanOverRows(units.map((u) => counted.map((i) => u.byImage[i]!)));
  const share = units.length / (units.length + missing);
  if (!effect || counted.length < fewestImages) {
    const mean = meanOf(units.map((u) => u.within[1]!)) - 0.5;
    const alone = {
      scale: 'difference',
      estimate: mean,
      low: null,
      high: null,
      level: 0.95,
      count: units.length,
    } as const;
    return cannotTell(claim, noVerdictOverImages(counted.length), missing === 0 ? alone : null);
  }
  const [worst, best] = [judged(effect, share, 0), judged(effect, share, 1)];
  if (missing === 0) return worst;
  if (worst.outcome === best.outcome)
    return {
      ...worst,
      reason: `${worst.reason}, whatever the ${missing} units without a complete spectrum have`,
    };
  return cannotTell(
    claim,
    `${missing} of ${units.length + missing} units have no complete spectrum, and what they have decides it`,
    judged(effect, 1, 0).effect,
  );
}
