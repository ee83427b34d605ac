import { plannedArray } from '../../../../app/queue/index.ts';
import { type LayOut, missingOfStudy, type StudyOptions } from '../../../../app/study/index.ts';
import {
  alignColumns,
  createProgress,
  formatBytes,
  formatCount,
  formatDuration,
  formatNumber,
  plural,
} from '../../../../report/index.ts';
import { type MissingOfStudy, missingOfStudyKind, type PlannedArray } from '../../../../schema/index.ts';
import { printDocument } from '../../../terminal/print-document.ts';
import type { RunOptions } from '../options/run-options.ts';

/** Says what is missing of a study, and what that takes. */
export async function dryRun(
  study: string,
  layOut: LayOut,
  options: RunOptions & Pick<StudyOptions, 'handOut'>,
): Promise<void> {
  const { out, json = false, handOut } = options;
  const progress = createProgress({
    stream: process.stderr,
    label: 'measuring steps',
    quiet: json && !process.stderr.isTTY,
  });
  const missing = await missingOfStudy(layOut, {
    ...options,
    onProgress: (share, what) => progress.update(share, what),
  }).finally(() => progress.finish());
  const array =
    handOut?.choice.kind === 'slurm'
      ? plannedArray(handOut.choice, {
          study: out ?? 'OUT',
          missing: missing.missing,
          commands: missing.commands.length > 0,
          program: handOut.program,
          trainingMinutes: missing.commands.length > 0 ? null : missing.minutes,
        })
      : undefined;
  const found = array ? { ...missing, array } : missing;
  if (json) printDocument(missingOfStudyKind, { study, folder: out ?? null }, found);
  else process.stdout.write(textOf(found));
}

function textOf(found: MissingOfStudy): string {
  const { study, points, trials, missing, workloads, flops, bytes, minutes, commands, assumption, array } = found;
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
    `${study}: ${plural(points, 'point')} of the grid, ${plural(trials, 'trial')}, ${formatCount(missing)} of them missing`,
    ...alignColumns([['workload', 'trials', 'steps', 'TFLOP', 'on disk', 'training', 'evaluation'], ...rows]),
    `in all ${formatNumber(flops / 1e12)} TFLOP, ${formatBytes(bytes)}, at most ${formatDuration(60 * minutes)}: ${assumption}`,
    ...(commands.length > 0
      ? [`without ${commands.join(', ')}, which other programs train: ballast batch check measures what those cost`]
      : []),
    ...(array ? arrayLines(array) : []),
    '',
  ].join('\n');
}

function arrayLines({ tasks, atATime, hoursOfTask, hoursOfTrials, hoursTillEnd, script }: PlannedArray): string[] {
  const hours = (value: number) => formatDuration(3600 * value);
  return [
    `for Slurm: one array of ${formatCount(tasks)} task${tasks === 1 ? '' : 's'}, ${formatCount(atATime)} at a time, ${
      hoursOfTask === null ? 'as long as the partition allows' : `up to ${hours(hoursOfTask)} each`
    }${
      hoursOfTrials === null
        ? ''
        : `; the trials take about ${hours(hoursOfTrials)} of a processor like this one, ${hours(hoursTillEnd!)} with all tasks at once`
    }`,
    'it would be submitted:',
    ...script
      .trimEnd()
      .split('\n')
      .map((line) => `  ${line}`),
  ];
}
