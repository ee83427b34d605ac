/** How results are shown that no measurement of the instrument makes. */
import type { Measurement } from '../instrument/index.ts';
import { batchPlanKind, growthKind, type Kind, type Of, studyReportKind, trainKind } from '../schema/index.ts';
import type { StudyReport } from '../study/analysis/index.ts';
import type { ReportCost } from '../study/cost/index.ts';
import { runConfigSchema } from '../train/index.ts';

/** What a result is shown by; the table is its rows as comma-separated values unless told. */
export interface Shown<Result = unknown> {
  readonly rows?: Measurement['rows'] | undefined;
  /** `request`: what was asked for, where the result says; the rows are shown where there is no table without it. */
  table?(
    result: Result,
    options: { readonly color: boolean; readonly request?: unknown },
  ): string | undefined | Promise<string | undefined>;
  /** `request`: null where the result does not say what was asked for; undefined where there is no page without it. */
  page?(
    result: Result,
    options: { readonly command?: string; readonly request?: unknown },
  ): string | undefined | Promise<string | undefined>;
}

const shownAs = <K extends Kind>({ kind }: K, shown: Shown<Of<K['result']>>) => [kind, shown as Shown] as const;

const configOf = (request: unknown) => runConfigSchema.safeParse((request as { config?: unknown } | null)?.config).data;

/** By kind. */
export const shownKinds: ReadonlyMap<string, Shown> = new Map([
  shownAs(growthKind, { rows: ['growth'] }),
  shownAs(batchPlanKind, {
    rows: ['rows'],
    async table(result, options) {
      const { batchPlanTable } = await import('../report/index.ts');
      return batchPlanTable(result, options);
    },
    async page(result, { command }) {
      const { renderBatchPlanReport } = await import('../report/pages.ts');
      return renderBatchPlanReport(result, command === undefined ? {} : { command });
    },
  }),
  shownAs(studyReportKind, {
    rows: ['workloads', 'strategies', 'points'],
    async table(result, options) {
      const { batchCostTable, batchTable } = await import('../report/index.ts');
      const { cost } = result;
      return `${batchTable(result, options)}${cost ? `\n${batchCostTable(cost, options)}` : ''}`;
    },
    async page(result, { command }) {
      const { pageOfStudyReport } = await import('./study/study-report.ts');
      return pageOfStudyReport(result as StudyReport<ReportCost | null>, command === undefined ? {} : { command });
    },
  }),
  shownAs(trainKind, {
    rows: ['records'],
    async table(result, { color, request }) {
      const config = configOf(request);
      if (!config) return undefined;
      const { trainingTable } = await import('../report/index.ts');
      const { trainingRun } = await import('./training/train-run.ts');
      return trainingTable(trainingRun(config, result), { color });
    },
    async page(result, { command = 'ballast train', request }) {
      const config = configOf(request);
      if (!config) return undefined;
      const { trainingPage } = await import('./training/train-run.ts');
      return trainingPage(config, result, command);
    },
  }),
]);
