import { type Effect, effectSize, twoSided } from './effect.ts';
import { detectableEffect, powerChance, powerOfEquivalence } from './power.ts';
import { alpha, cannotTell, decide, notTestable, short, type Verdict } from './verdict.ts';

export interface EquivalenceRule {
  /** `the bend is where it is with all of the data`. */
  readonly claim: string;
  /** What still counts as the same: a ratio above 1 (both ways), or a positive difference. Ours to choose, and printed with the verdict. */
  readonly margin: number;
}

/**
 * A claim that two things are the same. Agrees where two one-sided tests (Schuirmann 1987) put the effect within the margin, each at 5 %: the 90 % interval lies within.
 * Disagrees where the 95 % interval lies wholly beyond the margin. Cannot tell otherwise: overlapping intervals are no equality. `effect` null: not
 * testable, for the given reason.
 */
export function judgeEquivalence(effect: Effect | null, rule: EquivalenceRule, why = 'it was not measured'): Verdict {
  const { claim, margin } = rule;
  if (effect === null) return notTestable(claim, why);
  const inner = effect.scale === 'ratio' ? Math.log(margin) : margin;
  if (!(inner > 0)) return cannotTell(claim, `a margin of ${short(margin)} leaves nothing to be equal within`, effect);
  const [belowLow, belowHigh] = [effect.atMost(-inner), effect.atMost(inner)];
  const support = Math.max(belowLow, 1 - belowHigh);
  const against = twoSided(Math.min(1 - belowLow, belowHigh));
  const outcome = decide(support, against);
  const within = effect.scale === 'ratio' ? `a factor of ${short(margin)}` : `±${short(margin)}`;
  const different = Math.min(effect.atMost(0), 1 - effect.atMost(0)) < alpha / 2;
  const power = effect.standardError > 0 ? powerOfEquivalence(inner, effect) : null;
  const detectable = detectableEffect(effect);
  const reason =
    outcome === 'agrees'
      ? `two one-sided tests put it within ${within}`
      : outcome === 'disagrees'
        ? `the interval lies beyond ${within}`
        : `${different ? 'the two differ, though not beyond' : 'it is not shown to lie within'} ${within}${different ? ' for certain' : ''}${power === null ? '' : `; were they equal, ${power < 0.01 ? 'fewer than 1' : Math.round(100 * power)} in 100 studies like this would show it`}`;
  return {
    outcome,
    claim,
    effect: effectSize(effect),
    support,
    against,
    power: {
      chance: powerChance,
      detectable: detectable === null ? null : effect.scale === 'ratio' ? Math.exp(detectable) : detectable,
      atClaim: power,
    },
    reason,
    uncorrected: null,
  };
}
