import type { Measurement } from '../instrument/index.ts';
import type { BatchPlanResult } from '../study/plan/index.ts';

/** How results are shown that no measurement of the instrument makes. */
export const shownKinds: Readonly<
  Record<string, Pick<Measurement, 'rows'> & Partial<Pick<Measurement, 'table' | 'page'>>>
> = {
  growth: { rows: ['growth'] },
  'batch-plan': {
    rows: ['rows'],
    async table(result, options) {
      const { batchPlanTable } = await import('../report/index.ts');
      return batchPlanTable(result as BatchPlanResult, options);
    },
    async page(result, options) {
      const { renderBatchPlanReport } = await import('../report/pages.ts');
      return renderBatchPlanReport(
        result as BatchPlanResult,
        options.command === undefined ? {} : { command: options.command },
      );
    },
  },
};
