/** What a study says so far: its report, what is still open, and what became of each trial. */
import type { AskedOf, StudyAnalysis } from '../../schema/serve/index.ts';
import {
  isKnown,
  outcomeOf,
  type StrategyReport,
  type StudyReport,
  type WorkloadReport,
} from '../../study/analysis/index.ts';
import type { Link, ReportCost } from '../../study/cost/index.ts';
import type { MeasuredStudy, MeasuredTrial } from '../../study/index.ts';
import { reportOfStudy } from '../study-report.ts';

type Undecided = StudyAnalysis['undecided'][number];

const isOpen = ({ status }: MeasuredTrial) => status === 'queued' || status === 'running';

/** What a strategy cannot say yet; null where it has said all that it will. */
function undecidedOf(study: MeasuredStudy, workload: WorkloadReport, strategy: StrategyReport): Undecided | null {
  const { value, reason, standing, condition } = strategy.criticalBatch;
  const waiting = strategy.points.filter((p) => p.pending > 0).map((p) => p.batchSize);
  const open = study.trials.filter((t) => t.workload === workload.name && t.strategy === strategy.name && isOpen(t));
  const edges = strategy.points.flatMap(({ batchSize, edge }) =>
    edge === null ? [] : [`the best rate at batch ${batchSize} is the ${edge} that was tried`],
  );
  const what = [
    ...(value === null
      ? [`B_crit: ${reason}`]
      : standing === 'estimate'
        ? [`B_crit is an estimate: ${condition}`]
        : []),
    ...(waiting.length > 0 ? [`trials are not done at batch ${waiting.join(', ')}`] : []),
    ...edges,
  ];
  if (what.length === 0) return null;
  // Those at batch sizes of which nothing is known count before further rates and seeds of others.
  const deciding = [...open].sort(
    (a, b) => Number(waiting.includes(b.batchSize)) - Number(waiting.includes(a.batchSize)),
  );
  return { workload: workload.name, strategy: strategy.name, what: what.join('; '), trials: deciding.map((t) => t.id) };
}

function undecidedIn(study: MeasuredStudy, report: StudyReport<unknown>): Undecided[] {
  return report.workloads.flatMap((workload) =>
    workload.strategies
      .filter((s) => s.rates === 'tuned')
      .flatMap((strategy) => undecidedOf(study, workload, strategy) ?? []),
  );
}

/** The best value of each trial, and where it first met the primary target of its workload. */
function outcomesIn(study: MeasuredStudy, report: StudyReport<unknown>): StudyAnalysis['outcomes'] {
  const targets = new Map(
    report.workloads.map((w) => [w.name, w.targets.filter(isKnown).find((t) => t.name === w.primaryTarget)]),
  );
  const seen = new Set<string>();
  return study.trials.flatMap((trial) => {
    if (seen.has(trial.id)) return [];
    seen.add(trial.id);
    const target = targets.get(trial.workload);
    const quantity = target?.quantity ?? 'trainLoss';
    const sign = target?.direction === 'max' ? -1 : 1;
    let best: number | null = null;
    for (const m of trial.measurements) {
      const value = m[quantity];
      if (value !== null && (best === null || sign * value < sign * best)) best = value;
    }
    const outcome = target && outcomeOf(trial, target);
    return [{ trial: trial.id, best, reachedAt: outcome?.kind === 'reached' ? outcome.first.step : null }];
  });
}

export interface AnalysedStudy {
  readonly report: StudyReport<ReportCost>;
  readonly undecided: readonly Undecided[];
  readonly outcomes: StudyAnalysis['outcomes'];
}

type CostOptions = Pick<AskedOf<'analysis'>, 'devices' | 'price' | 'bandwidth' | 'latency'>;

/** A usual data-centre network, where a page asks for several devices and says nothing of what lies between them. */
const usualLink = { bandwidth: 12.5e9, latency: 20e-6 };

/** Analyses a study, with the cost of training it with so many devices. Throws as `studyReport` does. */
export async function analyseStudy(
  study: MeasuredStudy,
  folder: string,
  { devices = 1, price, bandwidth = usualLink.bandwidth, latency = usualLink.latency }: CostOptions,
): Promise<AnalysedStudy> {
  const link: Link = { bandwidth, latency, source: 'given' };
  const several = devices > 1 ? { devices: [1, devices], link } : {};
  const report = await reportOfStudy(study, folder, { ...several, ...(price !== undefined && { price }) });
  return { report, undecided: undecidedIn(study, report), outcomes: outcomesIn(study, report) };
}
