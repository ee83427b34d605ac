import { join } from 'node:path';
import { version } from '../../../../base/version.ts';
import { writeFileAtomic } from '../../../../formats/index.ts';
import { batchPlanTable, comparisonText, createProgress, type Progress, wantsColor } from '../../../../report/index.ts';
import { defaultThreads, describeRuntime } from '../../../../runtime/index.ts';
import { batchPlanKind, toDocument } from '../../../../schema/index.ts';
import { type BatchPlanResult, compareWithReport } from '../../../../study/plan/index.ts';
import { commandLine } from '../../../terminal/invocation.ts';
import { printDocument } from '../../../terminal/print-document.ts';

type StoredRequest = Parameters<typeof toDocument<typeof batchPlanKind>>[1];

/** Where and when a plan is made. */
export async function environmentOfPlan({
  device,
  threads = defaultThreads(),
}: {
  readonly device: string;
  readonly threads?: number | undefined;
}): Promise<BatchPlanResult['environment']> {
  const { cpu, node } = await describeRuntime();
  return { ballast: version, node, cpu, device, threads, date: new Date().toISOString() };
}

/** Of the short run that a plan rests on. */
export const shortRunProgress = (steps: number, json: boolean): Progress =>
  createProgress({
    stream: process.stderr,
    total: steps,
    label: 'short run',
    quiet: json && !process.stderr.isTTY,
  });

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
