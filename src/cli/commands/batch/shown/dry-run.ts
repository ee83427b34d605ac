import { type LayOut, missingOfStudy } from '../../../../app/study/index.ts';
import {
  alignColumns,
  createProgress,
  formatBytes,
  formatCount,
  formatDuration,
  formatNumber,
} from '../../../../report/index.ts';
import { type MissingOfStudy, missingOfStudyKind } from '../../../../schema/index.ts';
import { printDocument } from '../../../terminal/print-document.ts';
import type { RunOptions } from '../options/run-options.ts';

/** Says what is missing of a study, and what that takes. */
export async function dryRun(study: string, layOut: LayOut, options: RunOptions): Promise<void> {
  const { out, json = false } = options;
  const progress = createProgress({
    stream: process.stderr,
    label: 'measuring steps',
    quiet: json && !process.stderr.isTTY,
  });
  const found = await missingOfStudy(layOut, {
    ...options,
    onProgress: (share, what) => progress.update(share, what),
  }).finally(() => progress.finish());
  if (json) printDocument(missingOfStudyKind, { study, folder: out ?? null }, found);
  else process.stdout.write(textOf(found));
}

function textOf(found: MissingOfStudy): string {
  const { study, points, trials, missing, workloads, flops, bytes, minutes, commands, assumption } = found;
  const or = (value: number | null, text: (known: number) => string) => (value === null ? '?' : text(value));
  const rows = workloads.map((w) => [
    w.name,
    formatCount(w.trials),
    formatCount(w.steps),
    or(w.flops, (flops) => formatNumber(flops / 1e12)),
    or(w.bytes, formatBytes),
    or(w.trainingMinutes, (minutes) => formatDuration(60 * minutes)),
    or(w.evaluationMinutes, (minutes) => formatDuration(60 * minutes)),
  ]);
  return [
    `${study}: ${formatCount(points)} points of the grid, ${formatCount(trials)} trials, ${formatCount(missing)} of them missing`,
    ...alignColumns([['workload', 'trials', 'steps', 'TFLOP', 'on disk', 'training', 'evaluation'], ...rows]),
    `in all ${formatNumber(flops / 1e12)} TFLOP, ${formatBytes(bytes)}, at most ${formatDuration(60 * minutes)}: ${assumption}`,
    ...(commands.length > 0
      ? [`without ${commands.join(', ')}, which other programs train: ballast batch check measures what those cost`]
      : []),
    '',
  ].join('\n');
}
