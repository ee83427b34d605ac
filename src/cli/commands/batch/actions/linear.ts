import { studyLinearErrors } from '../../../../app/study/index.ts';
import { alignColumns, createProgress, formatCount, formatNumber } from '../../../../report/index.ts';
import { checkRequest, linearErrorsKind } from '../../../../schema/index.ts';
import { listenForInterrupts } from '../../../terminal/interrupts.ts';
import { printDocument } from '../../../terminal/print-document.ts';

export async function run(given: unknown, { json = false }: { readonly json?: boolean }): Promise<void> {
  const request = checkRequest(linearErrorsKind.request, given);
  const interrupts = listenForInterrupts();
  const progress = createProgress({
    stream: process.stderr,
    label: 'linear approximation',
    quiet: json && !process.stderr.isTTY,
  });
  try {
    const rows = await studyLinearErrors(request, {
      signal: interrupts.signal,
      onProgress: (share, detail) => progress.update(share, detail),
    });
    progress.finish();
    if (json) {
      printDocument(linearErrorsKind, request, rows);
      return;
    }
    const lines = alignColumns(
      [
        ['workload', 'strategy', 'batch', 'rate', '|L - L^|', 'relative'],
        ...rows.map((r) => [
          r.workload,
          r.strategy,
          formatCount(r.batchSize),
          formatNumber(r.rate),
          r.absolute === null ? '-' : formatNumber(r.absolute),
          formatNumber(r.error),
        ]),
      ],
      { left: [0, 1] },
    );
    process.stdout.write(
      `${lines.join('\n')}\n|L - L^|: measured less predicted decrease of the loss, the paper's error; relative: over the predicted decrease, above 1 the step climbs or gains more than twice what was promised\n`,
    );
  } finally {
    interrupts.end();
    progress.finish();
  }
}
