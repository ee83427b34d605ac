import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  alignColumns,
  createProgress,
  formatBytes,
  formatCount,
  formatDuration,
  formatNumber,
  plural,
} from '../../../report/index.ts';
import { defaultThreads, parseDevice } from '../../../runtime/index.ts';
import { type MissingOfStudy, missingOfStudyKind } from '../../../schema/index.ts';
import { StudyStore } from '../../../store/index.ts';
import {
  type Estimate,
  type ExtraRate,
  estimateStudy,
  type LaidOutTrial,
  machineShare,
  missingTrials,
  type StudyLayout,
} from '../../../study/index.ts';
import { printDocument } from '../../terminal/print-document.ts';
import type { RunOptions } from './run-options.ts';

/** Says what is missing of a study, and what that takes. */
export async function dryRun(
  study: string,
  layOut: (extra: readonly ExtraRate[]) => Promise<StudyLayout>,
  options: RunOptions,
): Promise<void> {
  const { out, json = false, gpus } = options;
  const { layout, missing } = await compared(out, layOut);
  const machine = { threads: options.threads ?? defaultThreads(), gpus };
  const { maxParallel } = machineShare(layout, machine, options.maxParallel);
  const threads = Math.max(1, Math.floor(machine.threads / maxParallel));
  const progress = createProgress({
    stream: process.stderr,
    label: 'measuring steps',
    quiet: json && !process.stderr.isTTY,
  });
  const workloads = await estimateStudy(
    layout,
    missing,
    { device: parseDevice(options.device), threads },
    (share, what) => progress.update(share, what),
  ).finally(() => progress.finish());
  const sum = (of: keyof Estimate) => workloads.reduce((total, w) => total + (w[of] ?? 0), 0);
  const minutesOf = (seconds: number | null) => (seconds === null ? null : seconds / 60 / maxParallel);
  const minutes = (sum('trainingSeconds') + sum('evaluationSeconds')) / 60 / maxParallel;
  const found: MissingOfStudy = {
    study: layout.name,
    points: layout.points.length,
    trials: layout.trials.length,
    missing: missing.length,
    workloads: workloads.map(({ trainingSeconds, evaluationSeconds, ...w }) => ({
      ...w,
      trainingMinutes: minutesOf(trainingSeconds),
      evaluationMinutes: minutesOf(evaluationSeconds),
    })),
    flops: sum('flops'),
    bytes: sum('bytes'),
    minutes,
    /** Whose time is not known before `ballast batch check` has run them: the sums are without them. */
    commands: workloads.filter((w) => w.trainingSeconds === null).map((w) => w.name),
    assumption: `every trial uses up its budget; ${maxParallel} at a time with ${threads} thread${threads === 1 ? '' : 's'} each, as fast as now`,
  };
  if (json) printDocument(missingOfStudyKind, { study, folder: out ?? null }, found);
  else process.stdout.write(textOf(found));
}

/** The study, with the rates that were added to it before, and what the store lacks of it. */
async function compared(
  out: string | undefined,
  layOut: (extra: readonly ExtraRate[]) => Promise<StudyLayout>,
): Promise<{ layout: StudyLayout; missing: readonly LaidOutTrial[] }> {
  if (out === undefined || !existsSync(join(out, 'study.sqlite'))) {
    const layout = await layOut([]);
    return { layout, missing: layout.trials };
  }
  const store = await StudyStore.openToRead(out);
  try {
    const layout = await layOut(store.extensions());
    return { layout, missing: missingTrials(store, layout) };
  } finally {
    store.close();
  }
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
    `${study}: ${plural(points, 'point')} of the grid, ${plural(trials, 'trial')}, ${formatCount(missing)} of them missing`,
    ...alignColumns([['workload', 'trials', 'steps', 'TFLOP', 'on disk', 'training', 'evaluation'], ...rows]),
    `in all ${formatNumber(flops / 1e12)} TFLOP, ${formatBytes(bytes)}, at most ${formatDuration(60 * minutes)}: ${assumption}`,
    ...(commands.length > 0
      ? [`without ${commands.join(', ')}, which other programs train: ballast batch check measures what those cost`]
      : []),
    '',
  ].join('\n');
}
