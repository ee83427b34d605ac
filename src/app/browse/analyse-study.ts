/** What a study says so far: its report, what is still open, and what became of each trial. */
import { html, studyAnswer } from '../../report/index.ts';
import type { AskedOf, StudyAnalysis } from '../../schema/serve/index.ts';
import {
  isKnown,
  outcomeOf,
  reportOf,
  type StrategyReport,
  type StudyReport,
  type WorkloadReport,
} from '../../study/analysis/index.ts';
import { costsOfReport } from '../../study/cost/index.ts';
import { type MeasuredStudy, type MeasuredTrial, measuredInFolder, readLinearErrors } from '../../study/index.ts';
import { linkOf } from '../study/link.ts';
import { pageOfStudyReport } from '../study/study-report.ts';

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
  readonly report: StudyReport;
  /** The study without its curves: what costs are counted from. */
  readonly trials: MeasuredStudy;
  /** What the report says first. */
  readonly answer: readonly string[];
  readonly undecided: readonly Undecided[];
  readonly outcomes: StudyAnalysis['outcomes'];
}

/** Analyses the study, the import or the export in a folder. Throws FileError where there is none, UsageError for one of which nothing can be said yet. */
export async function analyseStudy(folder: string): Promise<AnalysedStudy> {
  const study = await measuredInFolder(folder);
  const report = { ...reportOf(study, { cost: null, linearErrors: await readLinearErrors(folder) }), cost: null };
  const trials = { ...study, trials: study.trials.map((t) => ({ ...t, measurements: [] })) };
  return {
    report,
    trials,
    answer: studyAnswer(report),
    undecided: undecidedIn(study, report),
    outcomes: outcomesIn(study, report),
  };
}

/** The report as a page without its costs, which are a page of their own. */
export const pageOfAnalysis = ({ report }: AnalysedStudy): Promise<string> => pageOfStudyReport(report);

export type CostOptions = Omit<AskedOf<'cost'>, 'study'>;

/** A usual network between machines in GB/s and microseconds, where it is asked for several devices and nothing is said of what lies between them. */
const usualLink = { bandwidth: 12.5, latency: 20 };

/** What training costs with so many devices at such a price, as a page; undefined where nothing can be said. Throws UsageError where it is not known what devices exchange. */
export async function pageOfCosts(
  { report, trials }: AnalysedStudy,
  { devices = 1, price, bandwidth = usualLink.bandwidth, latency = usualLink.latency }: CostOptions,
): Promise<string | undefined> {
  const link = linkOf({ bandwidth, latency });
  const cost = costsOfReport(trials, report, {
    ...(devices > 1 && { devices: upTo(devices), ...(link && { link }) }),
    ...(price !== undefined && { price }),
  });
  const { batchCostSection, renderPage } = await import('../../report/pages.ts');
  const section = batchCostSection(cost);
  return section ? renderPage({ title: section.title, lede: '', sections: [section], footer: html`` }) : undefined;
}

/** Numbers of devices up to the largest, each twice the one before. */
function upTo(largest: number): number[] {
  const found: number[] = [];
  for (let n = 1; n < largest; n *= 2) found.push(n);
  return [...found, largest];
}
