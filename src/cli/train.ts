import { join } from 'node:path';
import { Command } from 'commander';
import { heldOutSplit } from '../data/index.ts';
import { makeFolder, writeFileAtomic } from '../formats/index.ts';
import { parameterCount } from '../nn/index.ts';
import { createProgress, formatCount, formatDuration, formatNumber, lossCurve } from '../report/index.ts';
import { describeRuntime } from '../runtime/index.ts';
import {
  fittingMicroBatch,
  type Metric,
  type MetricsRecord,
  planTraining,
  type RunConfig,
  type RunResult,
  readMetrics,
  readRunConfig,
  requireSame,
  type TrainingPlan,
  trainNetwork,
  writeRunConfig,
} from '../train/index.ts';
import { interruptedExitCode } from './failure.ts';
import { addDeviceOptions, type DatasetOptions, type DeviceOptions, runtimeOf } from './options.ts';
import { commandSummaries } from './summaries.ts';
import { loadSplit } from './test-set.ts';
import { configFrom, givenSettings, microBatchOf, type TrainSettings } from './train-config.ts';
import { addTrainingOptions, list } from './training-options.ts';
import { wholeNumber } from './values.ts';

interface TrainOptions extends TrainSettings, Omit<DatasetOptions, 'dataset'>, DeviceOptions {
  readonly resume?: boolean;
  readonly out: string;
  readonly json?: boolean;
  readonly dryRun?: boolean;
}

/** What the shell sees of a run that diverged. */
const infeasible = 3;

export function trainCommand(): Command {
  const command = new Command('train').description(commandSummaries.train.summary);
  addTrainingOptions(command)
    .option('--grow-at <list>', 'where the batch grows instead of a rate that falls, e.g. 20ep,30ep', list, [])
    .option('--grow-batch <f>', 'by which factor', wholeNumber(2), 2)
    .option('--log-every <duration>', 'a line of metrics', '50st')
    .option('--eval-every <duration>', 'evaluation on held-out data', '1ep')
    .option('--checkpoint-every <duration>', 'a checkpoint', '1ep');
  addDeviceOptions(command)
    .requiredOption('--out <dir>', 'the run: config.json, metrics.jsonl, checkpoint/, model.safetensors, report.html')
    .option('--resume', 'go on from the last checkpoint in --out')
    .option('--dry-run', 'say what would be done, and stop')
    .option('--json', 'print one JSON object on standard output and nothing else there')
    .action(run);
  return command;
}

async function run(options: TrainOptions, command: Command): Promise<void> {
  const { out, json = false, resume = false } = options;
  const train = await loadSplit(options, 'train');
  const valid = await loadSplit(options, heldOutSplit(options.dataset));
  const data = { train, valid };
  const stored = resume ? await readRunConfig(out) : undefined;
  const asked = configFrom(options, train);
  if (stored) requireSame(stored, givenSettings(options, command, asked), out);
  const plan = planTraining(stored ?? asked, data);
  const config: RunConfig = stored ?? {
    ...asked,
    microBatch: microBatchOf(options) ?? fittingMicroBatch(plan, asked.batchSize),
  };
  const { task, steps } = plan;
  if (options.dryRun) {
    process.stdout.write(json ? `${JSON.stringify({ ...config, steps })}\n` : `${described(plan, config)}\n`);
    return;
  }
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  const progressFrom = (from: number) =>
    createProgress({
      stream: process.stderr,
      total: steps,
      from,
      label: 'training',
      quiet: json && !process.stderr.isTTY,
    });
  let progress = progressFrom(0);
  try {
    await makeFolder(out);
    if (!json) process.stderr.write(`${described(plan, config)}\n`);
    if (!stored) await writeRunConfig(out, config);
    let shown = '';
    const result = await trainNetwork({
      config,
      ...data,
      folder: out,
      resume,
      signal: stop.signal,
      runtime: runtimeOf(options),
      onStart: (step) => {
        progress = progressFrom(step);
      },
      onRecord: (record) => {
        if (record.valMetric !== undefined) shown = `, ${metricText(task.metric, record.valMetric)}`;
      },
      onStep: ({ step, loss, examplesPerSecond }) =>
        progress.update(step, `loss ${loss.toFixed(3)}${shown}, ${speed(plan, examplesPerSecond)}`),
      onNote: (note) => process.stderr.write(`note: ${note}\n`),
    });
    progress.finish();
    const records = await readMetrics(join(out, 'metrics.jsonl'));
    await writeReport(plan, config, result, records, out);
    if (json) process.stdout.write(`${JSON.stringify(result)}\n`);
    else process.stdout.write(summary(plan, result, records, out));
    if (result.status === 'interrupted') {
      process.stderr.write(`interrupted at step ${result.steps}; go on with the same command and --resume\n`);
      process.exitCode = interruptedExitCode;
    }
    if (result.status === 'infeasible') process.exitCode = infeasible;
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
    progress.finish();
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
  const { renderTrainingReport } = await import('../report/pages.ts');
  const report = renderTrainingReport({
    config,
    records,
    result,
    metric: task.metric,
    parameters: parameterCount(model.parameters),
    heldOut: `${heldOutSplit(config.dataset) === 'valid' ? 'validation' : 'test'} split`,
    command: `ballast ${process.argv.slice(2).join(' ')}`,
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
