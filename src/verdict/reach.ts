import { shareInterval } from './share.ts';
import { cannotTell, notTestable, short, type Verdict } from './verdict.ts';

/** What became of one training that was to reach a target. `missed` after `steps`; `diverged` misses whatever its budget. */
export type Attempt =
  | { readonly kind: 'reached' }
  | { readonly kind: 'missed'; readonly steps: number }
  | { readonly kind: 'diverged' };

export interface ReachRule {
  readonly claim: string;
  readonly expected: 'reaches' | 'misses';
  /** Fewest steps with which the target can be reached at all (S_min); null where that is not known. */
  readonly leastSteps: number | null;
  /** A miss counts only after so many times S_min; 3 unless told. */
  readonly ample?: number;
  /** Trainings that a verdict needs; 3 unless told. */
  readonly fewest?: number;
}

/** How many times S_min a training must have had before its miss is one of the method and not of the budget. */
export const ampleBudget = 3;

/** Whether a miss after so many steps says only that the budget was short. */
export const isCensoredByBudget = (steps: number, leastSteps: number, ample = ampleBudget): boolean =>
  steps < ample * leastSteps;

/**
 * A claim that a target is reached, or is not. What the budget ended before `ample` S_min counts for neither side, and where nothing else is there the claim is not testable.
 * Decides only where all that count say the same: three misses of three would be chance once in eight if reaching were a coin's toss, and the
 * share's exact interval stands beside it.
 */
export function judgeReach(attempts: readonly Attempt[], rule: ReachRule): Verdict {
  const { claim, expected, leastSteps, ample = ampleBudget, fewest = 3 } = rule;
  if (attempts.length === 0) return notTestable(claim, 'nothing was trained there');
  const reached = attempts.filter((a) => a.kind === 'reached').length;
  const missed = attempts.filter(
    (a) =>
      a.kind === 'diverged' ||
      (a.kind === 'missed' && leastSteps !== null && !isCensoredByBudget(a.steps, leastSteps, ample)),
  ).length;
  const censored = attempts.length - reached - missed;
  const count = reached + missed;
  const budget =
    leastSteps === null
      ? 'the fewest steps to the target (S_min) are not known, so a miss may be the budget’s'
      : `the budget ended ${censored === attempts.length ? 'every training' : `${censored} of ${attempts.length} trainings`} before ${short(ample)} times the ${short(leastSteps)} steps that the target takes at least`;
  if (count === 0) return notTestable(claim, budget);
  const hits = expected === 'reaches' ? reached : missed;
  const effect = {
    scale: 'difference' as const,
    estimate: hits / count,
    ...shareInterval(hits, count),
    level: 0.95,
    count,
  };
  if (censored > 0 && reached === 0) return cannotTell(claim, budget, effect);
  if (count < fewest)
    return cannotTell(claim, `${count} training${count === 1 ? '' : 's'}; expected at least ${fewest}`, effect);
  if (hits > 0 && hits < count)
    return cannotTell(claim, `${reached} of ${count} trainings reach the target, the others do not`, effect);
  const outcome = hits === count ? 'agrees' : 'disagrees';
  return {
    ...cannotTell(
      claim,
      `${reached === 0 ? 'none' : 'all'} of ${count} trainings ${reached === 0 ? 'reaches' : 'reach'} the target`,
      effect,
    ),
    outcome,
  };
}
