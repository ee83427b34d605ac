import { type Effect, effectSize, twoSided } from './effect.ts';
import { detectableEffect, powerChance, powerOfDifference } from './power.ts';
import { alpha, decide, notTestable, short, type Verdict } from './verdict.ts';

export interface DirectionRule {
  /** `the curve of the simpler data bends later`. */
  readonly claim: string;
  /** Where the true effect lies if the claim is right: above or below 0 (a ratio: above or below 1). */
  readonly expected: 'above' | 'below';
  /**
   * The least effect that the claim means, in its direction, on the effect's scale (a ratio above 1): a smaller one disagrees. None unless told: then only the opposite
   * direction disagrees.
   */
  readonly least?: number;
  /** What the effect is compared with: 0 (a ratio: 1) unless told. `below` 1.1: a gain of at most a tenth. */
  readonly than?: number;
}

/**
 * A claim with a direction. Agrees where the 95 % interval lies on the claimed side of no effect; disagrees where it lies wholly below the least effect that the claim
 * means (on the other side, or too close to none); cannot tell otherwise. `effect` null: not testable, for the given reason.
 */
export function judgeDirection(effect: Effect | null, rule: DirectionRule, why = 'it was not measured'): Verdict {
  if (effect === null) return notTestable(rule.claim, why);
  const { claim, expected, least } = rule;
  const sign = expected === 'above' ? 1 : -1;
  const ratio = effect.scale === 'ratio';
  const { than = ratio ? 1 : 0 } = rule;
  const origin = ratio ? Math.log(than) : than;
  const inner = least === undefined ? 0 : ratio ? Math.log(least) : least;
  const below = (x: number) => (sign > 0 ? effect.atMost(origin + x) : 1 - effect.atMost(origin - x));
  const support = twoSided(below(0));
  const against = twoSided(1 - below(inner));
  // An effect that is there and too small is both: then the claim, which means a larger one, is what it is held against.
  const outcome = support < alpha && against < alpha ? 'disagrees' : decide(support, against);
  const size = effectSize(effect);
  const detectable = detectableEffect(effect);
  const shown = (x: number) => (effect.scale === 'ratio' ? Math.exp(x) : x);
  const none = short(than);
  const reason =
    outcome === 'agrees'
      ? `the interval lies on the claimed side of ${none}`
      : outcome === 'cannot tell'
        ? `the interval holds ${none}${detectable === null ? '' : `; an effect of ${short(shown(detectable))} would have been found four times in five`}`
        : against < alpha && inner > 0 && sign * (effect.estimate - origin) > 0
          ? `the effect is smaller than the ${short(least!)} that the claim means`
          : `the interval lies on the other side of ${none}`;
  return {
    outcome,
    claim,
    effect: size,
    support,
    against,
    power: {
      chance: powerChance,
      detectable: detectable === null ? null : shown(detectable),
      atClaim: inner > 0 && detectable !== null ? powerOfDifference(inner, effect) : null,
    },
    reason,
    uncorrected: null,
  };
}
