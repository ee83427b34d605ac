import { type Effect, type EffectSize, effectSize } from './effect.ts';
import type { Power } from './power.ts';

/**
 * What measurements say of a claim. `cannot tell`: they were made, and are too few or too noisy. `not testable here`: they were not made, or say nothing of
 * it (the budget ended them, the base point was not tuned).
 */
export type VerdictOutcome = 'agrees' | 'disagrees' | 'cannot tell' | 'not testable here';

export const verdictOutcomes: readonly VerdictOutcome[] = ['agrees', 'disagrees', 'cannot tell', 'not testable here'];

/** What a comparison says by itself, before it is taken as one of several. */
export interface Uncorrected {
  readonly outcome: VerdictOutcome;
  readonly support: number | null;
  readonly against: number | null;
  readonly reason: string;
}

/** Plain JSON. */
export interface Verdict {
  readonly outcome: VerdictOutcome;
  /** What is claimed of the observation, in words: with a direction or a margin. */
  readonly claim: string;
  /** Null where nothing was measured. */
  readonly effect: EffectSize | null;
  /** p of the hypothesis that the claim is wrong, and of the one that it is right; after `holm` where the verdict is one of a family. Null where no test was made. */
  readonly support: number | null;
  readonly against: number | null;
  readonly power: Power | null;
  /** One sentence: why this outcome. */
  readonly reason: string;
  /** Null where it was not corrected; a larger family begins from this one again. */
  readonly uncorrected: Uncorrected | null;
}

/** Level of all tests. */
export const alpha = 0.05;

/** The outcome that two p values come to. */
export const decide = (support: number, against: number): VerdictOutcome =>
  support < alpha ? 'agrees' : against < alpha ? 'disagrees' : 'cannot tell';

/** A verdict without a measurement. */
export const notTestable = (claim: string, reason: string): Verdict => ({
  outcome: 'not testable here',
  claim,
  effect: null,
  support: null,
  against: null,
  power: null,
  reason,
  uncorrected: null,
});

/** A verdict that measurements cannot be the ground of yet: too few seeds for an interval, say. */
export const cannotTell = (claim: string, reason: string, effect: Effect | EffectSize | null = null): Verdict => ({
  ...notTestable(claim, reason),
  outcome: 'cannot tell',
  effect: effect && 'atMost' in effect ? effectSize(effect) : effect,
});

/** Three digits; whole numbers as they are. */
export const short = (x: number): string => {
  if (Number.isInteger(x)) return String(x);
  return Math.abs(x) < 1e-3 ? x.toExponential(1) : String(Number(x.toPrecision(3)));
};

/** Effects are differences, ratios and slopes of numbers of ordinary size: what is smaller is the rounding of their sums. */
const rounding = 1e-12;

/** `1.76 (95 %: 1.21 to 2.56)`. */
export function effectText({ estimate, low, high, level }: EffectSize): string {
  const size = (x: number) => short(Math.abs(x) < rounding ? 0 : x);
  const end = (x: number | null) => (x === null ? 'unbounded' : size(x));
  if (low === null && high === null) return `${size(estimate)} (no interval)`;
  return `${size(estimate)} (${short(100 * level)} %: ${end(low)} to ${end(high)})`;
}
