import { leastOf } from '../../base/statistics.ts';
import type { ProfileComparison } from '../../schema/index.ts';

export type { ProfileComparison };
/**
 * Performance profiles (Dolan and Moré 2002, arXiv cs/0102001): of all problems, the share that a solver solves within τ times the
 * effort of the best solver of each. Here a solver is a strategy, a problem a (workload, target, batch size), the effort steps.
 */
export interface ProfileProblem {
  readonly name: string;
  /** Steps by strategy, infinite where the target was not reached; strategies that were not run are absent. */
  readonly steps: ReadonlyMap<string, number>;
}

export interface PerformanceProfile {
  readonly strategy: string;
  /** Step function: share of the problems with a ratio of at most `ratio`, from each `ratio` on. */
  readonly steps: readonly { readonly ratio: number; readonly share: number }[];
  /** Share of the problems on which it is the best, and that it solves at all. */
  readonly best: number;
  readonly solved: number;
}

/**
 * Only problems that all compared strategies were run on count, so that none is judged on easier ones; strategies that ran on fewer than half of all problems
 * are left out first. Problems that nobody solves say nothing and do not count. Null with fewer than two strategies or no common problem.
 */
export function performanceProfiles(problems: readonly ProfileProblem[]): ProfileComparison | null {
  const solvable = problems.filter((p) => [...p.steps.values()].some((s) => Number.isFinite(s) && s > 0));
  const all = [...new Set(solvable.flatMap((p) => [...p.steps.keys()]))];
  const runs = (strategy: string) => solvable.filter((p) => p.steps.has(strategy)).length;
  const compared = all.filter((s) => 2 * runs(s) >= solvable.length);
  const common = solvable.filter(
    (p) => compared.every((s) => p.steps.has(s)) && compared.some((s) => Number.isFinite(p.steps.get(s)!)),
  );
  if (compared.length < 2 || common.length === 0) return null;
  const profiles = compared.map((strategy): PerformanceProfile => {
    const ratios = common
      .map(({ steps }) => steps.get(strategy)! / leastOf(compared.map((s) => steps.get(s)!)))
      .filter(Number.isFinite)
      .sort((a, b) => a - b);
    const steps = ratios
      .map((ratio, i) => ({ ratio, share: (i + 1) / common.length }))
      .filter(({ ratio }, i) => ratios[i + 1] !== ratio);
    return {
      strategy,
      steps,
      best: ratios.filter((r) => r === 1).length / common.length,
      solved: ratios.length / common.length,
    };
  });
  return {
    problems: common.map((p) => p.name),
    profiles,
    leftOut: all.filter((s) => !compared.includes(s)),
  };
}
