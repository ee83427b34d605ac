import { UsageError } from '../../base/errors.ts';
import type { StudyCosts } from '../../schema/index.ts';
import type { StudyReport } from '../analysis/index.ts';
import type { MeasuredStudy } from '../measured/measured.ts';
import type { Link } from './all-reduce.ts';
import { studyCost } from './study-cost.ts';

/** What the strategies of a study cost. */
export type ReportCost = StudyCosts;
export type StrategyCost = StudyCosts['strategies'][number];

export interface ReportCostOptions {
  readonly devices?: readonly number[];
  readonly link?: Link | undefined;
  readonly price?: number | undefined;
}

/**
 * The cost of every strategy with tuned rates at the batch sizes that reached its workload's primary target. Throws UsageError for several devices
 * without a link between them, or for a workload whose number of parameters, which they exchange, is not known.
 */
export function costsOfReport(
  study: MeasuredStudy,
  report: StudyReport<unknown>,
  { devices = [1], link, price }: ReportCostOptions = {},
): ReportCost {
  const several = devices.some((d) => d > 1);
  if (several && !link) throw new UsageError('several devices need a bandwidth and a latency between them');
  const strategies: StrategyCost[] = [];
  const without: ReportCost['without'][number][] = [];
  for (const { name: workload, parameters, strategies: own, primaryTarget } of report.workloads)
    for (const { name: strategy, rates, points } of own) {
      if (rates !== 'tuned' || primaryTarget === null) continue;
      if (several && parameters === null)
        throw new UsageError(`workload ${workload}: how many parameters devices exchange is not known`);
      const reached = points.flatMap(({ batchSize, stepsToTarget: { median } }) =>
        median !== null && median > 0 ? [{ batchSize, steps: median }] : [],
      );
      const why = (text: string) => without.push({ workload, strategy, why: text });
      if (reached.length === 0) {
        why('no batch size reached the target');
        continue;
      }
      const cost = studyCost(
        study.trials.filter((t) => t.workload === workload),
        reached,
        { parameters: parameters ?? 0, devices, ...(link ? { link } : {}), ...(price === undefined ? {} : { price }) },
      );
      if (cost) strategies.push({ workload, strategy, target: primaryTarget, ...cost });
      else why('its trials have no step times at two batch sizes');
    }
  return { devices, link: link ?? null, price: price ?? null, strategies, without };
}
