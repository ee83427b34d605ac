import { UsageError } from '../../base/errors.ts';
import type { StudyReportResult } from '../../schema/index.ts';
import type { MeasuredStudy } from '../measured/measured.ts';
import { comparisonRow, contrastsOf } from './comparison.ts';
import { type ProfileProblem, performanceProfiles } from './performance-profile.ts';
import type { LinearErrorRow } from './statements/statement.ts';
import { judgeStatements } from './statements/statements.ts';
import { depthOf, isKnown } from './target.ts';
import { type WorkloadReport, workloadReport } from './workload.ts';

/** The analysis of a study. `Cost` is the cost model's table, joined in by whoever has one. */
export type StudyReport<Cost = null> = Omit<StudyReportResult, 'cost'> & { readonly cost: Cost };

export interface ReportOptions<Cost> {
  /** Curves do not hold it, so it is measured apart and joined in here. */
  readonly linearErrors?: readonly LinearErrorRow[];
  readonly cost: Cost;
}

/** Analyses a study. Throws UsageError for one without trials or with trials of a workload that it does not declare. */
export function reportOf(study: MeasuredStudy): StudyReport;
export function reportOf<Cost>(study: MeasuredStudy, options: ReportOptions<Cost>): StudyReport<Cost>;
export function reportOf<Cost>(study: MeasuredStudy, options?: ReportOptions<Cost>): StudyReport<Cost | null> {
  if (study.trials.length === 0)
    throw new UsageError(`study ${study.name}: has no trials yet; nothing can be reported`);
  const stray = study.trials.find((t) => study.workloads.every((w) => w.name !== t.workload));
  if (stray)
    throw new UsageError(
      `study ${study.name}: trial ${stray.id} is of workload ${stray.workload}, which is not declared`,
    );
  const workloads = study.workloads.map((workload) =>
    workloadReport(
      workload,
      study.trials.filter((t) => t.workload === workload.name),
    ),
  );
  const rows = study.workloads.flatMap((workload, i) => {
    const own = study.trials.filter((t) => t.workload === workload.name);
    const depths = new Map(workloads[i]!.targets.filter(isKnown).map((t) => [t.name, depthOf(t, own)]));
    return workloads[i]!.strategies.flatMap((s) =>
      s.byTarget.map((t) => comparisonRow(workload, s.name, t, depths.get(t.target) ?? null)),
    );
  });
  const linearErrors = options?.linearErrors ?? [];
  const comparison = { rows, contrasts: contrastsOf(rows) };
  return {
    study: study.name,
    workloads,
    profiles: performanceProfiles(problemsOf(workloads)),
    comparison,
    linearErrors,
    statements: judgeStatements({ study, workloads, contrasts: comparison.contrasts, linearErrors }),
    cost: options?.cost ?? null,
  };
}

function problemsOf(workloads: readonly WorkloadReport[]): ProfileProblem[] {
  return workloads.flatMap(({ name, strategies }) => {
    const byProblem = new Map<string, Map<string, number>>();
    for (const strategy of strategies)
      for (const { target, points } of strategy.byTarget)
        for (const { batchSize, stepsToTarget, pending } of points) {
          if (pending > 0) continue;
          const problem = `${name}, ${target}, batch ${batchSize}`;
          const steps = byProblem.get(problem) ?? new Map<string, number>();
          byProblem.set(problem, steps.set(strategy.name, stepsToTarget.median ?? Number.POSITIVE_INFINITY));
        }
    return [...byProblem].map(([problem, steps]) => ({ name: problem, steps }));
  });
}
