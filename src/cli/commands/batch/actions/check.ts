import { checkStudy } from '../../../../app/study/index.ts';
import {
  alignColumns,
  createProgress,
  formatCount,
  formatDuration,
  formatNumber,
  plural,
} from '../../../../report/index.ts';
import { type CheckedStudy, checkedStudyKind, checkRequest, studyCheckRequest } from '../../../../schema/index.ts';
import { interruptedExitCode } from '../../../terminal/failure.ts';
import { listenForInterrupts } from '../../../terminal/interrupts.ts';
import { printDocument } from '../../../terminal/print-document.ts';
import { layingOutListed } from '../shown/compute-study.ts';

export async function check(given: unknown, { json = false }: { readonly json?: boolean }): Promise<void> {
  const request = checkRequest(studyCheckRequest, given);
  const layOut = await layingOutListed(request.study, request);
  const interrupts = listenForInterrupts();
  const progress = createProgress({ stream: process.stderr, label: 'checking', quiet: json && !process.stderr.isTTY });
  try {
    const checked = await checkStudy(layOut, {
      ...request,
      signal: interrupts.signal,
      onProgress: (workload, doing) => progress.update(0, `${workload}, ${doing}`),
    }).finally(() => progress.finish());
    const { workloads, maxParallel } = checked;
    if (json) printDocument(checkedStudyKind, request, checked);
    else process.stdout.write(workloads.map((c) => textOf(c, maxParallel)).join('\n'));
    if (workloads.some((c) => c.problems.length > 0)) process.exitCode = 1;
  } catch (cause) {
    if (!interrupts.signal.aborted) throw cause;
    process.exitCode = interruptedExitCode;
  } finally {
    interrupts.end();
  }
}

function textOf(c: CheckedStudy['workloads'][number], parallel: number): string {
  const or = (value: number | null) => (value === null ? '-' : formatNumber(value));
  const files = c.files.filter((f) => f.format !== 'stdout' || c.source === 'stdout');
  const lines = [
    `${c.workload}, batch ${c.batchSize}: ${formatCount(c.rows)} rows up to step ${formatCount(c.step)}${c.examples === null ? '' : `, ${formatCount(Math.round(c.examples))} examples`}`,
    `  read from ${c.source === undefined ? 'nothing' : c.source === 'all' ? 'the named files' : c.source === 'stdout' ? 'what it prints' : c.source}`,
    ...files.slice(0, 5).map((f) => `    ${f.path}: ${f.format}${f.problem === undefined ? '' : ` (${f.problem})`}`),
    ...(files.length > 5 ? [`    and ${files.length - 5} more`] : []),
    ...(c.quantities.length > 0
      ? alignColumns([
          ['  quantity', 'from', 'first', 'last'],
          ...c.quantities.map((q) => [`  ${q.quantity}`, q.from, or(q.first), or(q.last)]),
        ])
      : []),
    ...(c.unused.length > 0 ? [`  not used: ${c.unused.slice(0, 20).join(', ')}`] : []),
    ...c.secondsPerStep.map((t) => `  batch ${t.batchSize}: ${formatDuration(t.seconds)} a step`),
    `  checkpoint: ${c.checkpoint ?? 'none found'}; resume: ${c.resume}`,
    `  the study: ${plural(c.trials, 'trial')}, ${c.seconds === undefined ? 'of unknown time' : `at most ${formatDuration(c.seconds / parallel)} with ${parallel} at a time (start-up and evaluation as in these runs)`}`,
    ...c.problems.map((p) => `  problem: ${p}`),
    ...c.hints.map((h) => `  hint: ${h}`),
    '',
  ];
  return lines.join('\n');
}
