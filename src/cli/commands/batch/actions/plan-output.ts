import { join } from 'node:path';
import { writeFileAtomic } from '../../../../formats/index.ts';
import { batchPlanTable, comparisonText, wantsColor } from '../../../../report/index.ts';
import { batchPlanKind, toDocument } from '../../../../schema/index.ts';
import { type BatchPlanResult, compareWithReport } from '../../../../study/plan/index.ts';
import { commandLine } from '../../../terminal/invocation.ts';
import { printDocument } from '../../../terminal/print-document.ts';

type StoredRequest = Parameters<typeof toDocument<typeof batchPlanKind>>[1];

/** Writes a plan and its report into its folder, and prints it. */
export async function deliverPlan(
  request: StoredRequest,
  result: BatchPlanResult,
  { out, json, against }: { readonly out: string; readonly json: boolean; readonly against: string | undefined },
): Promise<void> {
  const document = toDocument(batchPlanKind, request, result);
  await writeFileAtomic(join(out, 'plan.json'), `${JSON.stringify(document, null, 2)}\n`);
  const { renderBatchPlanReport } = await import('../../../../report/pages.ts');
  await writeFileAtomic(join(out, 'report.html'), renderBatchPlanReport(result, { command: commandLine() }));
  const comparisons = against === undefined ? [] : await compareWithReport(result, against);
  if (json) {
    printDocument(batchPlanKind, request, comparisons.length > 0 ? { ...result, comparisons } : result);
    return;
  }
  const compared = comparisons.map((c) => `${c.workload}, ${c.strategy}: ${comparisonText(c)}\n`).join('');
  process.stdout.write(
    `${batchPlanTable(result, { color: wantsColor(process.stdout) })}\n${compared}report: ${join(out, 'report.html')}\n`,
  );
}
