import { cannotTell, corrected, judgeDirection, meanEffect, notTestable, overall } from '../../verdict/index.ts';
import type { InterventionResult } from '../interventions/intervention-result.ts';
import { type Finding, slightDifference } from './finding.ts';

/** What one pair of scales does to the spectra of the changed units. */
export interface ScaleChange {
  readonly skipScale: number;
  readonly weightScale: number;
  /** Relative differences to the unchanged spectra, unit by unit and image by image. */
  readonly changes: readonly number[];
}

export interface ScalesChangeMuch {
  readonly units: readonly string[];
  readonly scales: readonly ScaleChange[];
  /** Spectra whose plateau is at |a| with at least as many values as the rank demands: a theorem, so all of them or something is wrong. */
  readonly plateaus: { readonly kept: number; readonly of: number };
}

/** Observations (units and images) that a scale's verdict needs. */
const fewestSpectra = 3;

/**
 * F3: other scales of the skip connection, or of the weights, change the distribution strongly: by more than `slightDifference`, the threshold up to
 * which a difference between images is called slight. `interventions`: those of single units with frozen activations.
 */
export function scalesChangeMuch(interventions: readonly InterventionResult[]): Finding<ScalesChangeMuch> {
  const scaled = interventions.flatMap((i) => i.scales);
  const names = [...new Set(scaled.map((s) => `${s.skipScale} ${s.weightScale}`))].filter((n) => n !== '1 1');
  const scales = names.map((name): ScaleChange => {
    const [skipScale, weightScale] = name.split(' ').map(Number) as [number, number];
    const own = scaled.filter((s) => s.skipScale === skipScale && s.weightScale === weightScale);
    return {
      skipScale,
      weightScale,
      changes: own.flatMap((s) => s.units.flatMap((u) => (u.change === null ? [] : [u.change]))),
    };
  });
  const parts = corrected(
    scales.map(({ skipScale, weightScale, changes }) => {
      const claim = `skip scale ${skipScale}, weight scale ${weightScale}: the spectrum changes by more than ${100 * slightDifference} %`;
      if (changes.length === 0) return notTestable(claim, 'no complete spectrum before and after');
      const effect = meanEffect(
        changes.map((c) => Math.log(c / slightDifference)),
        'ratio',
      );
      if (changes.length < fewestSpectra || !effect)
        return cannotTell(claim, `${changes.length} spectra; expected at least ${fewestSpectra}`, effect);
      return judgeDirection(effect, { claim, expected: 'above' });
    }),
  );
  const plateaus = scaled.flatMap((s) => s.units.filter((u) => u.complete && u.plateau !== null && u.bound !== null));
  return {
    name: 'F3',
    statement: 'Other scales of the skip connection, or other weights, change the distribution strongly.',
    rule: `For every scale the relative change of the sorted values against ${100 * slightDifference} %, geometric mean over units and images with a 95 % interval, Holm-corrected over the scales. At least half of the scales above and none below: agrees; below in half and above in none: disagrees. The changed units (and images) are taken as a sample of the network’s, though nobody drew them at random. That the plateau moves to |a| is a theorem and no part of it.`,
    ...overall(parts),
    parts,
    numbers: {
      units: [...new Set(interventions.flatMap((i) => i.changed))],
      scales,
      plateaus: { kept: plateaus.filter((u) => u.plateau!.count >= u.bound!).length, of: plateaus.length },
    },
  };
}
