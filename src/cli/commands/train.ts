import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { Command } from 'commander';
import { requireFree } from '../../app/index.ts';
import { heldOutSplit } from '../../data/index.ts';
import { writeFileAtomic } from '../../formats/index.ts';
import { parameterCount } from '../../nn/index.ts';
import { createProgress, formatCount, formatDuration, formatNumber, lossCurve } from '../../report/index.ts';
import { describeRuntime } from '../../runtime/index.ts';
import {
  fittingMicroBatch,
  type Metric,
  type MetricsRecord,
  openRun,
  planTraining,
  type RunConfig,
  type RunResult,
  readMetrics,
  readRunConfig,
  requireStepMemory,
  rhythmSettings,
  type TrainingPlan,
  trainNetwork,
  writeRunConfig,
} from '../../train/index.ts';
import { addDeviceOptions, type DatasetOptions, type DeviceOptions, requiredOut, runtimeOf } from '../flags/options.ts';
import { addSettingOptions } from '../flags/setting-options.ts';
import { loadSplit } from '../flags/test-set.ts';
import { configFrom, givenSettings, microBatchOf, type TrainSettings } from '../flags/train-config.ts';
import { addGrowthOptions, addTrainingOptions } from '../flags/training-options.ts';
import { folderName } from '../flags/values.ts';
import { commandSummaries } from '../summaries.ts';
import { interruptedExitCode } from '../terminal/failure.ts';
import { listenForInterrupts } from '../terminal/interrupts.ts';
import { commandLine } from '../terminal/invocation.ts';
import { alone } from '../terminal/output-folder.ts';

interface TrainOptions extends TrainSettings, Omit<DatasetOptions, 'dataset'>, DeviceOptions {
  readonly resume?: boolean;
  readonly out?: string;
  readonly json?: boolean;
  readonly dryRun?: boolean;
}

/** What the shell sees of a run that diverged. */
const infeasible = 3;

export function trainCommand(): Command {
  const command = new Command('train').description(commandSummaries.train.summary);
  addSettingOptions(addGrowthOptions(addTrainingOptions(command)), rhythmSettings);
  addDeviceOptions(command)
    .option(
      '--out <dir>',
      'the run: config.json, metrics.jsonl, checkpoint/, model.safetensors, report.html; the same command again goes on (required unless --dry-run)',
      folderName,
    )
    .option(
      '--resume',
      'go on with the run in --out, whose settings need not be said again; --max-steps and --epochs make it longer',
    )
    .option('--dry-run', 'say what would be done, and stop')
    .option('--json', 'print one JSON object on standard output and nothing else there')
    .action(run);
  return command;
}

/** What a training run leaves in its folder. */
const own = ['config.json'];

async function run(options: TrainOptions, command: Command): Promise<void> {
  const out = requiredOut(options, command);
  if (out === undefined) return train(options, command, undefined);
  if (!options.dryRun) return alone(out, own, () => train(options, command, out));
  requireFree(out, own);
  return train(options, command, out);
}

async function train(options: TrainOptions, command: Command, out: string | undefined): Promise<void> {
  const { json = false, resume = false } = options;
  const train = await loadSplit(options, 'train');
  const valid = await loadSplit(options, heldOutSplit(options.dataset));
  const data = { train, valid };
  const asked = configFrom(options, train);
  const opened =
    out === undefined
      ? undefined
      : await openRun(out, {
          asked,
          given: givenSettings(options, command, asked),
          resume,
          stepsOf: (config) => planTraining(config, data).steps,
        });
  const stored = opened?.stored;
  const plan = planTraining(stored ?? asked, data);
  const config: RunConfig = stored ?? {
    ...asked,
    microBatch: microBatchOf(options) ?? fittingMicroBatch(plan, asked.batchSize),
  };
  requireStepMemory(plan, config.microBatch);
  const { task, steps } = plan;
  if (out === undefined || options.dryRun) {
    process.stdout.write(json ? `${JSON.stringify({ ...config, steps })}\n` : `${described(plan, config)}\n`);
    return;
  }
  const progressFrom = (from: number) =>
    createProgress({
      stream: process.stderr,
      total: steps,
      from,
      label: 'training',
      quiet: json && !process.stderr.isTTY,
    });
  let progress = progressFrom(0);
  const interrupts = listenForInterrupts();
  try {
    if (!json) process.stderr.write(`${described(plan, config)}\n`);
    let shown = '';
    const result = await trainNetwork({
      config,
      ...data,
      folder: out,
      resume: stored !== undefined,
      formerIdentities: opened?.formerIdentities ?? [],
      signal: interrupts.signal,
      runtime: runtimeOf(options),
      onStart: async (step) => {
        // Only now is it sure that the run can begin or go on.
        if (!isDeepStrictEqual(config, await readRunConfig(out))) await writeRunConfig(out, config);
        progress = progressFrom(step);
      },
      onRecord: (record) => {
        if (record.valMetric !== undefined) shown = `, ${metricText(task.metric, record.valMetric)}`;
      },
      onStep: ({ step, loss, examplesPerSecond }) =>
        progress.update(step, `loss ${loss.toFixed(3)}${shown}, ${speed(plan, examplesPerSecond)}`),
      onNote: (note) => process.stderr.write(`note: ${note}\n`),
    });
    progress.finish(result.status === 'interrupted' ? 'stopped' : 'done');
    const records = await readMetrics(join(out, 'metrics.jsonl'));
    await writeReport(plan, config, result, records, out);
    if (json) process.stdout.write(`${JSON.stringify(result)}\n`);
    else process.stdout.write(summary(plan, result, records, out));
    if (result.status === 'interrupted') {
      process.stderr.write(`interrupted at step ${result.steps}; the same command goes on\n`);
      process.exitCode = interruptedExitCode;
    }
    if (result.status === 'infeasible') process.exitCode = infeasible;
  } finally {
    interrupts.end();
    progress.finish('stopped');
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

async function writeReport(
  { model, task }: TrainingPlan,
  config: RunConfig,
  result: RunResult,
  records: readonly MetricsRecord[],
  out: string,
): Promise<void> {
  const { cpu, threads, onnxruntime, node } = await describeRuntime();
  const { renderTrainingReport } = await import('../../report/pages.ts');
  const report = renderTrainingReport({
    config,
    records,
    result,
    metric: task.metric,
    parameters: parameterCount(model.parameters),
    heldOut: `${heldOutSplit(config.dataset) === 'valid' ? 'validation' : 'test'} split`,
    command: commandLine(),
    machine: `${cpu}, ${threads} thread${threads === 1 ? '' : 's'}, ONNX Runtime ${onnxruntime}, Node ${node}`,
  });
  await writeFileAtomic(join(out, 'report.html'), report);
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
