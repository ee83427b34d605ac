import { cannotTell, corrected, judgeDirection, meanOverRows, notTestable, overall } from '../../verdict/index.ts';
import type { InterventionResult } from '../interventions/intervention-result.ts';
import { allOf, type Finding, fewestImages, noVerdictOverImages, slightDifference } from './finding.ts';

/** What one pair of scales does to the spectra of the changed units. */
export interface ScaleChange {
  readonly skipScale: number;
  readonly weightScale: number;
  /** Relative differences to the unchanged spectra, a row for each changed unit and in it a value for each image; null where a spectrum is not complete. */
  readonly changes: readonly (readonly (number | null)[])[];
}

export interface ScalesChangeMuch {
  readonly units: readonly string[];
  readonly scales: readonly ScaleChange[];
  /** Spectra whose plateau is at |a| with at least as many values as the rank demands: a theorem, so all of them or something is wrong. */
  readonly plateaus: { readonly kept: number; readonly of: number };
}

/** Relative differences of spectra that float32 does not tell from none. */
const rounding = 1e-6;

/**
 * F3: other scales of the skip connection, and of the weights, change the distribution strongly: by more than `slightDifference`, the threshold up to
 * which a difference between images is called slight. `interventions`: those of single units with frozen activations, all at the same images. The units are
 * those that were chosen, so nothing is uncertain but the images.
 */
export function scalesChangeMuch(interventions: readonly InterventionResult[]): Finding<ScalesChangeMuch> {
  const scaled = interventions.flatMap((i) => i.scales);
  const names = [...new Set(scaled.map((s) => `${s.skipScale} ${s.weightScale}`))].filter((n) => n !== '1 1');
  const scales = names.map((name): ScaleChange => {
    const [skipScale, weightScale] = name.split(' ').map(Number) as [number, number];
    const own = scaled
      .filter((s) => s.skipScale === skipScale && s.weightScale === weightScale)
      .flatMap((s) => s.units);
    const units = [...new Set(own.map((u) => u.name))];
    const rows = units.map((unit) => own.filter((u) => u.name === unit).map((u) => u.change));
    return { skipScale, weightScale, changes: rows.filter((row) => row.some((change) => change !== null)) };
  });
  const parts = corrected(
    scales.map(({ skipScale, weightScale, changes }) => {
      const claim = `skip scale ${skipScale}, weight scale ${weightScale}: the spectrum changes by more than ${100 * slightDifference} %`;
      if (changes.length === 0) return notTestable(claim, 'no complete spectrum before and after');
      const logs = changes.map((row) =>
        row.map((c) => (c === null ? null : Math.log(Math.max(c, rounding) / slightDifference))),
      );
      const effect = meanOverRows(logs, 'ratio');
      const images = Math.max(...changes.map((row) => row.filter((c) => c !== null).length));
      if (images < fewestImages || !effect) return cannotTell(claim, noVerdictOverImages(images), effect);
      return judgeDirection(effect, { claim, expected: 'above' });
    }),
  );
  const halves = [
    { claim: 'the scaling of the skip connection', parts: parts.filter((_, i) => scales[i]!.skipScale !== 1) },
    { claim: 'the values of the weights', parts: parts.filter((_, i) => scales[i]!.skipScale === 1) },
  ];
  const plateaus = scaled.flatMap((s) => s.units.filter((u) => u.complete && u.plateau !== null && u.bound !== null));
  return {
    name: 'F3',
    statement: 'Other scales of the skip connection, and other weights, change the distribution strongly.',
    rule: `For every scale the relative change of the sorted values against ${100 * slightDifference} %, geometric mean over the changed units with a 95 % interval over images, Holm-corrected over the scales; fewer than ${fewestImages} images cannot tell. Of skip scales and of weight scales each: at least half above and none below agrees, half below and none above disagrees, else it cannot be told; the finding is both. Conditional on this network and the units that were changed, the cheapest. That the plateau moves to |a| is a theorem and no part of it.`,
    ...allOf(halves.filter((half) => half.parts.length > 0).map(({ claim, parts }) => ({ claim, ...overall(parts) }))),
    parts,
    numbers: {
      units: [...new Set(interventions.flatMap((i) => i.changed))],
      scales,
      plateaus: { kept: plateaus.filter((u) => u.plateau!.count >= u.bound!).length, of: plateaus.length },
    },
  };
}
