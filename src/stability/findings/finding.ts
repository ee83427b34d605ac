import { tally, type Verdict, type VerdictOutcome } from '../../verdict/index.ts';

/** One finding of arXiv 1905.13386 held against measurements. Plain JSON. */
export interface Finding<Numbers> {
  readonly name: 'F1' | 'F2' | 'F3' | 'F4' | 'F5';
  /** The paper's finding in our words. */
  readonly statement: string;
  /** The rule of the verdict, and what it is conditional on: ours. */
  readonly rule: string;
  readonly outcome: VerdictOutcome;
  /** Why this outcome: one sentence. */
  readonly reason: string;
  /** The claims that together make the finding. */
  readonly parts: readonly Verdict[];
  readonly numbers: Numbers;
}

/**
 * Relative difference of two spectra, ||s - s'|| / ||(s + s') / 2||, up to which they are called slightly different, and above which strongly. One threshold
 * for findings F2 and F3, so that nothing is both. Ours: the paper gives none.
 */
export const slightDifference = 0.1;

/**
 * A finding that is several claims at once holds where all of them do and fails where one does (an intersection-union test: no correction is
 * needed). What cannot be told of one part cannot be told of the whole, unless another part fails.
 */
export function allOf(parts: readonly Pick<Verdict, 'claim' | 'outcome' | 'reason'>[]): {
  readonly outcome: VerdictOutcome;
  readonly reason: string;
} {
  const counts = tally(parts);
  const first = (outcome: VerdictOutcome) => parts.find((p) => p.outcome === outcome)!;
  const because = (outcome: VerdictOutcome) => ({
    outcome,
    reason: `${first(outcome).claim}: ${first(outcome).reason}`,
  });
  if (parts.length === 0) return { outcome: 'not testable here', reason: 'nothing of it was measured' };
  if (counts.disagrees > 0) return because('disagrees');
  if (counts['not testable here'] > 0) return because('not testable here');
  if (counts['cannot tell'] > 0) return because('cannot tell');
  const reason = parts.length === 1 ? parts[0]!.reason : `each of the ${parts.length} claims that it is made of agrees`;
  return { outcome: 'agrees', reason };
}

/** Images that a verdict over images needs (F1, F3): how much they differ is not known otherwise. */
export const fewestImages = 3;

/** Why complete spectra at so many images give no verdict over images. */
export const noVerdictOverImages = (images: number): string =>
  images < fewestImages
    ? `complete spectra at ${images} image${images === 1 ? '' : 's'}; expected at least ${fewestImages}`
    : 'no unit has complete spectra at all of the images';
