import { join } from 'node:path';
import type { Command } from 'commander';
import { outlineTraining, type TrainRunRequest, trainRun } from '../../../app/index.ts';
import { heldOutSplit } from '../../../data/index.ts';
import { parameterCount } from '../../../nn/index.ts';
import {
  createProgress,
  formatCount,
  formatDuration,
  formatNumber,
  lossCurve,
  type Progress,
} from '../../../report/index.ts';
import { trainOutlineKind } from '../../../schema/index.ts';
import type { Metric, MetricsRecord, RunConfig, RunResult, TrainingPlan } from '../../../train/index.ts';
import { type DatasetOptions, type DeviceOptions, requiredOut } from '../../flags/options.ts';
import { runtimeOf } from '../../flags/runtime.ts';
import { loadSplit } from '../../flags/test-set.ts';
import { configFrom, givenSettings, microBatchOf, type TrainSettings } from '../../flags/train-config.ts';
import { interruptedExitCode } from '../../terminal/failure.ts';
import { listenForInterrupts } from '../../terminal/interrupts.ts';
import { commandLine, runningCommand } from '../../terminal/invocation.ts';
import { printDocument } from '../../terminal/print-document.ts';

interface TrainOptions extends TrainSettings, Omit<DatasetOptions, 'dataset'>, DeviceOptions {
  readonly resume?: boolean;
  readonly out?: string;
  readonly json?: boolean;
  readonly dryRun?: boolean;
}

/** What the shell sees of a run that diverged. */
const infeasible = 3;

export async function run(options: TrainOptions, command: Command): Promise<void> {
  const { json = false, resume = false } = options;
  const out = requiredOut(options, command);
  const train = await loadSplit(options, 'train');
  const valid = await loadSplit(options, heldOutSplit(options.dataset));
  const config = configFrom(options, train);
  const request: TrainRunRequest = {
    ...{ train, valid, config, resume },
    microBatch: microBatchOf(options),
    given: givenSettings(options, command, config),
    runtime: runtimeOf(options),
    command: commandLine(),
    doing: runningCommand(),
  };
  if (out === undefined || options.dryRun) {
    const { plan, config } = await outlineTraining(request, out);
    if (json) printDocument(trainOutlineKind, null, { config, steps: plan.steps });
    else process.stdout.write(`${described(plan, config)}\n`);
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
      onPlan: (plan, config) => {
        known = plan;
        if (!json) process.stderr.write(`${described(plan, config)}\n`);
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
      onNote: (note) => process.stderr.write(`note: ${note}\n`),
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

function metricText(metric: Metric, value: number): string {
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

/** What a run is going to do, on a line. */
function described({ model, task, batches, steps }: TrainingPlan, config: RunConfig): string {
  const { batchSize, microBatch, growth } = config;
  const parts = microBatch < batchSize ? ` (${microBatch} at a time; batch norm sees these)` : '';
  const grown = growth ? ` growing to ${batches.batchSizeAt(steps - 1)}` : '';
  const unit = task.tokens === undefined ? '' : ` x ${task.tokens} tokens`;
  const epochs = formatNumber(batches.examplesBefore(steps) / task.examples);
  return (
    `${model.name} (${formatCount(parameterCount(model.parameters))} parameters) on ${config.dataset}: ${formatCount(steps)} steps of ` +
    `${batchSize}${unit}${grown}${parts}, ${epochs} epochs, ${config.optimizer}, ${config.schedule} schedule`
  );
}

function summary(
  plan: TrainingPlan,
  { status, steps, epochs, seconds, examplesPerSecond, final }: RunResult,
  records: readonly MetricsRecord[],
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
