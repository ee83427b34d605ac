/** Rules that turn measurements into verdicts: effects with intervals, directions, equivalence, reaching a target within a budget, and several at once. */

export { meanOverRows } from './crossed.ts';
export { type DirectionRule, judgeDirection } from './direction.ts';
export { fCdf, fQuantile, normalCdf, studentCdf, studentQuantile } from './distributions.ts';
export {
  differenceEffect,
  type Effect,
  type EffectSize,
  effectSize,
  intervalOf,
  meanEffect,
  profileEffect,
  pValue,
  type Scale,
  studentEffect,
  twoSided,
} from './effect.ts';
export { type EquivalenceRule, judgeEquivalence } from './equivalence.ts';
export { anyOf, corrected, holm, overall, tally } from './family.ts';
export { jackknifeEffect } from './jackknife.ts';
export { type PairedDifference, pairedDifference } from './paired.ts';
export { detectableEffect, type Power, powerOfDifference, powerOfEquivalence } from './power.ts';
export { type Attempt, ampleBudget, isCensoredByBudget, judgeReach, type ReachRule } from './reach.ts';
export { shareInterval } from './share.ts';
export {
  alpha,
  cannotTell,
  decide,
  effectText,
  notTestable,
  short,
  type Uncorrected,
  type Verdict,
  type VerdictOutcome,
  verdictOutcomes,
} from './verdict.ts';
