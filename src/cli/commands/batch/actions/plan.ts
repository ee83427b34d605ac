import type { Command } from 'commander';
import { z } from 'zod';
import {
  compareWithReport,
  linkOf,
  type PlanSource,
  preparePlan,
  requireFreeForPlan,
} from '../../../../app/study/index.ts';
import {
  batchPlanTable,
  comparisonText,
  createProgress,
  formatCount,
  formatDuration,
  type Progress,
  wantsColor,
} from '../../../../report/index.ts';
import {
  type BatchPlanRequest,
  type BatchPlanResult,
  batchPlanKind,
  batchPlanOutlineKind,
  checkRequest,
  type PlanKeys,
  planKeys,
} from '../../../../schema/index.ts';
import { requiredOut } from '../../../flags/options.ts';
import { requestFrom } from '../../../flags/request-options.ts';
import { showingDownload } from '../../../terminal/download-progress.ts';
import { interruptedExitCode } from '../../../terminal/failure.ts';
import { listenForInterrupts } from '../../../terminal/interrupts.ts';
import { commandLine, runningCommand } from '../../../terminal/invocation.ts';
import { noteToUser } from '../../../terminal/notes.ts';
import { printDocument } from '../../../terminal/print-document.ts';
import { refuseRunOptions, requireRunOptions } from '../options/plan-options.ts';

/** Settings of a training of ours, which `requireRunOptions` has seen to. */
type TrainingOptions = Omit<Extract<PlanSource, { readonly kind: 'training' }>, 'kind'>;

type PlanOptions = TrainingOptions &
  PlanKeys & {
    readonly out?: string;
    readonly dryRun?: boolean;
    readonly json?: boolean;
  };

/** What is planned for: a training of ours, or the command of a study file. */
function sourceOf(options: PlanOptions, command: Command): PlanSource {
  const { command: study, workload, parameters, threads, ...rest } = options;
  if (study === undefined) {
    requireRunOptions(command);
    return { kind: 'training', threads, ...rest };
  }
  refuseRunOptions(command);
  return { kind: 'command', study, workload, parameters, threads };
}

export async function plan(options: PlanOptions, command: Command): Promise<void> {
  const { json = false, dryRun = false } = options;
  const source = sourceOf(options, command);
  const asked = z.object(planKeys);
  const { against, steps, timing, batchSizes, devices, price, ...lies } = checkRequest(
    asked,
    requestFrom(asked, command.opts(), []),
  );
  const out = requiredOut(options, command);
  // What cannot be asked for is refused before anything is loaded.
  const link = linkOf(lies);
  if (out !== undefined && !dryRun) requireFreeForPlan(out);
  const interrupts = listenForInterrupts();
  let progress: Progress | undefined;
  try {
    const prepared = await showingDownload(options, (onProgress) =>
      preparePlan(
        { source, steps, timing, batchSizes, devices, link, price },
        {
          onProgress,
          signal: interrupts.signal,
          command: commandLine(),
          doing: runningCommand(),
          onNote: noteToUser,
          onStep: (step, detail) => progress?.update(step, detail),
          onPoint: ({ batchSize, seconds }) => {
            progress?.finish();
            if (!json) process.stderr.write(`a step of ${formatCount(batchSize)} takes ${formatDuration(seconds)}\n`);
          },
        },
      ),
    );
    const { request, outline, estimate } = prepared;
    if (out === undefined || dryRun) {
      if (json) printDocument(batchPlanOutlineKind, request, outline);
      else process.stdout.write(`${estimate}\n`);
      return;
    }
    if (!json) process.stderr.write(`${estimate}\n`);
    progress = createProgress({
      stream: process.stderr,
      total: outline.steps,
      label: 'short run',
      quiet: json && !process.stderr.isTTY,
    });
    const made = await prepared.run(out);
    progress.finish(made ? 'done' : 'stopped');
    if (!made) {
      process.stderr.write('interrupted; the same command goes on\n');
      process.exitCode = interruptedExitCode;
      return;
    }
    const comparisons = against === undefined ? [] : await compareWithReport(made.result, against);
    if (json) printPlan(request, made.result, comparisons);
    else {
      const compared = comparisons.map((c) => `${c.workload}, ${c.strategy}: ${comparisonText(c)}\n`).join('');
      const table = batchPlanTable(made.result, { color: wantsColor(process.stdout) });
      process.stdout.write(`${table}\n${compared}report: ${made.page}\n`);
    }
  } finally {
    interrupts.end();
    progress?.finish('stopped');
  }
}

const printPlan = (
  request: BatchPlanRequest,
  result: BatchPlanResult,
  comparisons: NonNullable<BatchPlanResult['comparisons']>,
) => printDocument(batchPlanKind, request, comparisons.length > 0 ? { ...result, comparisons } : result);
