import type { Command } from 'commander';
import { studyRunKind } from '../../../../schema/index.ts';
import { requiredOut } from '../../../flags/options.ts';
import { handOutOf } from '../../../hand-out.ts';
import { interruptedExitCode } from '../../../terminal/failure.ts';
import { printDocument } from '../../../terminal/print-document.ts';
import type { RunOptions } from '../options/run-options.ts';
import { computeShown, layingOutListed } from '../shown/compute-study.ts';
import { dryRun } from '../shown/dry-run.ts';
import { countsText, edgeText } from '../shown/texts.ts';

export async function run(path: string, options: RunOptions, command: Command): Promise<void> {
  const { json = false } = options;
  const out = requiredOut(options, command);
  const layOut = await layingOutListed(path, options);
  const handOut = handOutOf(options);
  if (out === undefined || options.dryRun) return dryRun(path, layOut, { ...options, handOut });
  const { name, status, counts, edges } = await computeShown(layOut, { ...options, out, handOut });
  if (json) printDocument(studyRunKind, { study: path, folder: out }, { study: name, status, trials: counts, edges });
  else {
    process.stdout.write(`${name}: ${countsText(counts)}\n`);
    for (const edge of edges) process.stderr.write(`warning: ${edgeText(edge)}\n`);
  }
  if (status === 'interrupted') {
    process.stderr.write(
      handOut
        ? 'workers go on; the same command, or ballast batch sync, takes in what they say\n'
        : 'interrupted; the same command goes on\n',
    );
    process.exitCode = interruptedExitCode;
  } else if (counts.failed > 0) process.exitCode = 1;
}
