import { short, type Verdict } from '../../../verdict/index.ts';
import type { MeasuredStudy } from '../../measured/measured.ts';
import type { Contrast } from '../comparison.ts';
import { batchGroups, type TargetAnalysis } from '../strategy.ts';
import { isKnown, type KnownTarget } from '../target.ts';
import type { StrategyReport, WorkloadReport } from '../workload.ts';
import type { LinearErrorRow, Observation } from './statement.ts';

/** What statements are judged on. */
export interface Judged {
  readonly study: MeasuredStudy;
  readonly workloads: readonly WorkloadReport[];
  readonly contrasts: readonly Contrast[];
  readonly linearErrors: readonly LinearErrorRow[];
}

export const at = (where: string, verdict: Verdict): Observation => ({ where, ...verdict });

export const orNone = (x: number | null) => (x === null ? 'none within the study' : short(x));
export const tuned = ({ strategies }: WorkloadReport) => strategies.filter((s) => s.rates === 'tuned');
export const reachedAt = ({ points }: TargetAnalysis) => points.filter((p) => p.stepsToTarget.median !== null);

/** Strategies that the paper names, in our spellings: `LSR`, `LSR + warm-up`, `LSR, rate kept`. Others of the name, such as `LSR, Nesterov`, differ in more than the rule. */
export const named = (strategies: readonly StrategyReport[], name: string) =>
  strategies.filter((s) => new RegExp(`^${name}( ?\\+ ?warm-?up)?(, rate kept)?$`, 'i').test(s.name));

/** The trials behind a strategy by batch size, held against a target of its workload. */
export function groupsOf({ study }: Judged, workload: WorkloadReport, strategy: StrategyReport, target: KnownTarget) {
  const name = strategy.rates === 'kept' ? strategy.name.replace(/, rate kept$/, '') : strategy.name;
  return batchGroups(
    study.trials.filter(
      (t) =>
        t.workload === workload.name &&
        t.strategy === name &&
        (strategy.keptRate === null || t.baseRate === strategy.keptRate),
    ),
    target,
  );
}

export const primaryOf = ({ targets, primaryTarget }: WorkloadReport) =>
  targets.filter(isKnown).find((t) => t.name === primaryTarget)!;

/** `linear until 2048, half efficiency at 3100, flat from 4096`. */
export function bends({ baseBatch, breakpoints: { linearUntil, halfEfficiency, flatFrom } }: TargetAnalysis): string {
  return `from batch ${orNone(baseBatch)}: linear until ${orNone(linearUntil)}, half efficiency at ${orNone(halfEfficiency)}, flat from ${orNone(flatFrom)}`;
}
