import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { FileError } from '../../base/errors.ts';
import { checkDocument, studyReportKind } from '../../schema/index.ts';
import { comparePlan, type PlanComparison } from './compare.ts';
import type { BatchPlanResult } from './plan-result.ts';

const bound = z.number().nonnegative().nullable();

/** The part of `ballast batch report` as JSON that a plan is compared with; a `value` of null is a curve that does not show B_crit. */
const reportSchema = z.object({
  workloads: z.array(
    z.object({
      name: z.string(),
      model: z.string(),
      dataset: z.string(),
      strategies: z.array(
        z.object({
          name: z.string(),
          rates: z.enum(['tuned', 'kept']),
          // Earlier versions did not say it: then the points tell.
          keptRate: z.number().nullable().default(null),
          points: z.array(z.object({ rates: z.number() })),
          criticalBatch: z.object({ value: z.number().positive().nullable(), low: bound, high: bound }),
        }),
      ),
    }),
  ),
});

type StrategyOfReport = z.infer<typeof reportSchema>['workloads'][number]['strategies'][number];

const isTuned = ({ rates, keptRate, points }: StrategyOfReport): boolean =>
  rates === 'tuned' && keptRate === null && points.length > 0 && points.every((p) => p.rates > 1);

/** The report in a document. Throws FileError for one of another kind. */
function resultIn(json: unknown, path: string): unknown {
  const { kind, result } = checkDocument(json, path);
  if (kind !== studyReportKind)
    throw new FileError(path, `has the kind "${kind.kind}"; expected ${studyReportKind.kind}, a report of a study`);
  return result;
}

/** A plan compared with what one strategy of a study showed. */
export interface NamedComparison extends PlanComparison {
  readonly workload: string;
  readonly strategy: string;
}

/**
 * Compares a plan with the strategies of a study's report (`ballast batch report` as JSON) on the same model and data set whose rate was tuned at every batch size: a rate that is
 * carried along bends the curve by itself, and a plan says nothing of that. Throws FileError where the file is no such report, or has no such B_crit.
 */
export async function compareWithReport(plan: BatchPlanResult, path: string): Promise<NamedComparison[]> {
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new FileError(path, `cannot be read (${cause.code})`, { cause });
  });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new FileError(path, 'is no JSON; expected what `ballast batch report` as JSON prints', { cause });
  }
  // Earlier versions printed the report alone.
  const isDocument = typeof json === 'object' && json !== null && 'kind' in json;
  const report = reportSchema.safeParse(isDocument ? resultIn(json, path) : json);
  if (!report.success) {
    const [issue] = report.error.issues;
    throw new FileError(path, `is no report of a study: ${issue?.path.join('.')}: ${issue?.message}`);
  }
  const comparisons = report.data.workloads
    .filter((w) => w.model === plan.model && w.dataset === plan.dataset)
    .flatMap(({ name: workload, strategies }) =>
      strategies
        .filter(isTuned)
        .flatMap(({ name: strategy, criticalBatch: { value, low, high } }) =>
          value === null ? [] : [{ workload, strategy, ...comparePlan(plan, { criticalBatch: { value, low, high } }) }],
        ),
    );
  if (comparisons.length === 0)
    throw new FileError(
      path,
      `has no critical batch size of ${plan.model} on ${plan.dataset} with rates tuned at every batch size`,
    );
  return comparisons;
}
