import { join } from 'node:path';
import type { Command } from 'commander';
import { type BatchReproductionRequest, bundledStudy, reproduceBatch } from '../../../../app/study/index.ts';
import { createProgress, type Progress } from '../../../../report/index.ts';
import { batchReproductionKind } from '../../../../schema/index.ts';
import { requiredOut } from '../../../flags/options.ts';
import { interruptedExitCode } from '../../../terminal/failure.ts';
import { commandLine } from '../../../terminal/invocation.ts';
import { printDocument } from '../../../terminal/print-document.ts';
import type { RunOptions } from '../../batch/options/run-options.ts';
import { layingOutListed, showing } from '../../batch/shown/compute-study.ts';
import { dryRun } from '../../batch/shown/dry-run.ts';
import { countsText } from '../../batch/shown/texts.ts';

interface ReproduceBatchOptions extends RunOptions {
  readonly studies: NonNullable<BatchReproductionRequest['studies']>;
}

export async function run(options: ReproduceBatchOptions, command: Command): Promise<void> {
  const { json = false } = options;
  const studies = [...new Set(options.studies)];
  const out = requiredOut(options, command);
  if (out === undefined || options.dryRun) {
    for (const name of studies) {
      const { out: _, ...rest } = options;
      const layOut = await layingOutListed(bundledStudy(name), options);
      await dryRun(bundledStudy(name), layOut, out === undefined ? rest : { ...rest, out: join(out, name) });
    }
    return;
  }
  const quiet = json && !process.stderr.isTTY;
  let linear: Progress | undefined;
  const { status, failed, reports, page } = await showing(options, (shown, signal) =>
    reproduceBatch({
      ...{ ...options, ...shown, studies, out, command: commandLine() },
      onStudy: (name, counts) => process.stderr.write(`${name}: ${countsText(counts)}\n`),
      onLinear: (name, share, detail) => {
        linear ??= createProgress({ stream: process.stderr, label: `${name}, linear approximation`, quiet });
        linear.update(share, detail);
      },
      onLinearEnd: () => {
        linear?.finish(signal.aborted ? 'stopped' : 'done');
        linear = undefined;
      },
    }),
  );
  if (status === 'interrupted') {
    process.stderr.write('interrupted; the same command goes on\n');
    process.exitCode = interruptedExitCode;
    return;
  }
  if (failed > 0) process.exitCode = 1;
  if (json) {
    const found = reports.map(({ study, statements }) => ({ study, statements }));
    printDocument(batchReproductionKind, { studies, folder: out }, { status, failed, studies: found });
    return;
  }
  for (const { study, statements } of reports) {
    process.stdout.write(`${study}\n`);
    for (const s of statements)
      process.stdout.write(`  ${s.verdict.padEnd(18)}${s.statement}\n  ${' '.repeat(18)}${s.answer}\n`);
  }
  process.stdout.write(`\nreport: ${page}\n`);
}
