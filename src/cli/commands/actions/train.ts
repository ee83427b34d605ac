import { join } from 'node:path';
import type { Command } from 'commander';
import {
  asBegun,
  openTraining,
  outlineTraining,
  type TrainRun,
  type TrainRunRequest,
  trainRun,
  type WantedTraining,
} from '../../../app/training/index.ts';
import {
  createProgress,
  formatCount,
  formatDuration,
  formatNumber,
  lossCurve,
  type Progress,
} from '../../../report/index.ts';
import { type TrainResult, trainOutlineKind } from '../../../schema/index.ts';
import { requiredOut } from '../../flags/options.ts';
import { showingDownload } from '../../terminal/download-progress.ts';
import { interruptedExitCode } from '../../terminal/failure.ts';
import { listenForInterrupts } from '../../terminal/interrupts.ts';
import { commandLine, runningCommand } from '../../terminal/invocation.ts';
import { noteToUser } from '../../terminal/notes.ts';
import { printDocument } from '../../terminal/print-document.ts';

/** A run that is gone on with knows its model. */
interface TrainOptions extends Omit<WantedTraining, 'model'> {
  readonly model?: string;
  readonly resume?: boolean;
  readonly out?: string;
  readonly json?: boolean;
  readonly dryRun?: boolean;
}

type TrainingPlan = TrainRun['plan'];

/** What the options say, with what a run that is gone on with says itself. Ends with the usual line of a missing option. */
async function wantedOf(
  { model, ...options }: TrainOptions,
  command: Command,
  asked: readonly string[],
  folder: string | undefined,
): Promise<WantedTraining> {
  if (options.resume && folder !== undefined) return asBegun({ ...options, model }, { folder, asked });
  return model === undefined
    ? command.error("error: required option '--model <name>' not specified")
    : { ...options, model };
}

/** What the shell sees of a run that diverged. */
const infeasible = 3;

export async function run(options: TrainOptions, command: Command): Promise<void> {
  const { json = false, resume = false } = options;
  const out = requiredOut(options, command);
  const asked = Object.keys(options).filter((key) => command.getOptionValueSource(key) === 'cli');
  const wanted = await wantedOf(options, command, asked, out);
  const opened = await showingDownload(options, (onProgress) =>
    openTraining(wanted, { asked, onProgress, onNote: noteToUser }),
  );
  const request: TrainRunRequest = {
    ...{ ...opened, resume },
    command: commandLine(),
    doing: runningCommand(),
  };
  if (out === undefined || options.dryRun) {
    const { plan, config, estimate } = await outlineTraining(request, out);
    if (json) printDocument(trainOutlineKind, null, { config, steps: plan.steps });
    else process.stdout.write(`${estimate}\n`);
    return;
  }
  const interrupts = listenForInterrupts();
  let progress: Progress | undefined;
  let shown = '';
  let known: TrainingPlan | undefined;
  try {
    const { plan, result, records, document } = await trainRun(out, {
      ...request,
      signal: interrupts.signal,
      onPlan: ({ plan, estimate }) => {
        known = plan;
        if (!json) process.stderr.write(`${estimate}\n`);
      },
      onStart: (step) => {
        progress = createProgress({
          stream: process.stderr,
          total: known!.steps,
          from: step,
          label: 'training',
          quiet: json && !process.stderr.isTTY,
        });
      },
      onRecord: ({ valMetric }) => {
        if (valMetric !== undefined) shown = `, ${metricText(known!.task.metric, valMetric)}`;
      },
      onStep: ({ step, loss, examplesPerSecond }) =>
        progress?.update(step, `loss ${loss.toFixed(3)}${shown}, ${speed(known!, examplesPerSecond)}`),
      onNote: noteToUser,
    });
    progress?.finish(result.status === 'interrupted' ? 'stopped' : 'done');
    process.stdout.write(json ? `${JSON.stringify(document)}\n` : summary(plan, result, records, out));
    if (result.status === 'interrupted') {
      process.stderr.write(`interrupted at step ${result.steps}; the same command goes on\n`);
      process.exitCode = interruptedExitCode;
    }
    if (result.status === 'infeasible') process.exitCode = infeasible;
  } finally {
    interrupts.end();
    progress?.finish('stopped');
  }
}

function metricText(metric: TrainResult['metric'], value: number): string {
  switch (metric) {
    case 'accuracy':
      return `accuracy ${(100 * value).toFixed(2)} %`;
    case 'meanIoU':
      return `mean IoU ${value.toFixed(4)}`;
    case 'perplexity':
      return `perplexity ${value.toFixed(2)}`;
  }
}

function speed({ task }: TrainingPlan, examplesPerSecond: number): string {
  return task.tokens === undefined
    ? `${examplesPerSecond < 20 ? examplesPerSecond.toFixed(1) : Math.round(examplesPerSecond)} images/s`
    : `${Math.round(examplesPerSecond * task.tokens)} tokens/s`;
}

function summary(
  plan: TrainingPlan,
  { status, steps, epochs, seconds, examplesPerSecond, final }: TrainRun['result'],
  records: TrainRun['records'],
  out: string,
): string {
  const curve = lossCurve(records.map((r) => ({ x: r.epoch, y: r.trainLoss })));
  const heldOut =
    final.valMetric === undefined
      ? ''
      : `, held-out ${metricText(plan.task.metric, final.valMetric)} (loss ${final.valLoss?.toFixed(4)})`;
  return (
    `${curve && `training loss\n${curve}\n`}${status}: ${formatCount(steps)} steps, ${formatNumber(epochs)} epochs in ${formatDuration(seconds)}` +
    `${examplesPerSecond > 0 ? ` (${speed(plan, examplesPerSecond)})` : ''}, training loss ${final.trainLoss.toFixed(4)}${heldOut}\n` +
    `${status === 'complete' ? `weights: ${join(out, 'model.safetensors')}\n` : ''}report: ${join(out, 'report.html')}\n`
  );
}
