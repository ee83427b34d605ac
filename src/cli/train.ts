import { join } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { heldOutSplit } from '../data/index.ts';
import { makeFolder, writeFileAtomic } from '../formats/index.ts';
import { normalizationNames } from '../models/index.ts';
import { parameterCount } from '../nn/index.ts';
import {
  createProgress,
  formatCount,
  formatDuration,
  formatNumber,
  lossCurve,
  renderTrainingReport,
} from '../report/index.ts';
import { describeRuntime } from '../runtime/index.ts';
import {
  fittingMicroBatch,
  type Metric,
  type MetricsRecord,
  optimizerNames,
  parameterGroups,
  planTraining,
  presets,
  type RunConfig,
  type RunResult,
  readMetrics,
  readRunConfig,
  requireSame,
  scalingRules,
  scheduleKinds,
  type TrainingPlan,
  trainNetwork,
  writeRunConfig,
} from '../train/index.ts';
import {
  addDatasetOptions,
  addDeviceOptions,
  type DatasetOptions,
  type DeviceOptions,
  runtimeOf,
  wholeNumber,
} from './options.ts';
import { loadSplit } from './test-set.ts';
import { configFrom, givenSettings, microBatchOf, type TrainSettings } from './train-config.ts';

interface TrainOptions extends TrainSettings, Omit<DatasetOptions, 'dataset'>, DeviceOptions {
  readonly resume?: boolean;
  readonly out: string;
  readonly json?: boolean;
  readonly dryRun?: boolean;
}

/** What the shell sees of a run that was interrupted (128 + SIGINT), and of one that diverged. */
const [interrupted, infeasible] = [130, 3];

function number(min: number, max = Number.POSITIVE_INFINITY) {
  return (text: string): number => {
    const n = Number(text);
    if (text.trim() !== '' && n >= min && n <= max) return n;
    throw new InvalidArgumentError(
      `expected a number ${max === Number.POSITIVE_INFINITY ? `of at least ${min}` : `from ${min} to ${max}`}.`,
    );
  };
}

const list = (text: string): string[] => text.split(',').map((part) => part.trim());

/** `128 for classification, ...`: a setting that depends on the task. */
const byTask = (key: keyof (typeof presets)['language']) =>
  `(default: ${Object.entries(presets)
    .map(([task, preset]) => `${preset[key] ?? 'none'} for ${task}`)
    .join(', ')})`;

export function trainCommand(): Command {
  const command = new Command('train').description(
    'Train a network for images, masks or text; the run can be interrupted and resumed exactly',
  );
  const choice = (flags: string, what: string, names: readonly string[], preset?: string) =>
    command.addOption(new Option(flags, what).choices(names).default(preset));
  addDatasetOptions(command.requiredOption('--model <name>', 'built-in model: see `ballast models`'))
    .option('--fraction <f>', 'share of the training data, the same of every class', number(0, 1))
    .option('--no-augment', 'train on the images as they are, without random crops and mirroring')
    .option('--sequence-length <n>', 'tokens that a language model reads in a step (default: 35)', wholeNumber(1))
    .option('--dropout <ratio>', 'of the models that have some (default: 0)', number(0, 1))
    .option('--batch-size <n>', `examples a step ${byTask('batchSize')}`, wholeNumber(1))
    .option('--micro-batch <n>', 'examples in memory at a time (default: as many as fit)', wholeNumber(1))
    .addOption(
      new Option('--ghost-batch <n>', 'examples that batch norm sees at a time: the same as --micro-batch')
        .argParser(wholeNumber(1))
        .conflicts('microBatch'),
    )
    .option('--grow-at <list>', 'where the batch grows instead of a rate that falls, e.g. 20ep,30ep', list, [])
    .option('--grow-batch <f>', 'by which factor', wholeNumber(2), 2)
    .option('--lr <rate>', `learning rate, before scaling ${byTask('lr')}`, number(0))
    .option('--momentum <m>', 'of SGD and LARS (default: 0.9; 0 for sgd)', number(0, 1))
    .option('--weight-decay <d>', `L2 penalty; decoupled in AdamW and LAMB ${byTask('weightDecay')}`, number(0))
    .option('--trust <t>', 'LARS: trust coefficient (default: 0.001)', number(0))
    .option('--clip-norm <c>', `bound of the gradient's norm; 0 for none ${byTask('clipNorm')}`, number(0))
    .option('--label-smoothing <s>', 'from 0 to 1', number(0, 1), 0)
    .option('--base-batch <n>', `batch size that --lr belongs to ${byTask('batchSize')}`, wholeNumber(1))
    .option('--milestones <list>', 'schedule "step": where the rate falls, e.g. 80ep,120ep', list, [])
    .option('--factor <f>', 'schedule "step": by which factor', number(0), 0.1)
    .option('--power <p>', 'schedule "polynomial": exponent', number(0), 1)
    .option('--warmup <duration>', 'linear growth of the rate in front, e.g. 5ep or 400st', '0st')
    .option('--epochs <n>', `passes over the training data ${byTask('epochs')}`, number(0))
    .option('--max-steps <n>', 'end after so many steps instead', wholeNumber(1))
    .option('--log-every <duration>', 'a line of metrics', '50st')
    .option('--eval-every <duration>', 'evaluation on held-out data', '1ep')
    .option('--checkpoint-every <duration>', 'a checkpoint', '1ep')
    .option('--loss-bound <loss>', 'a loss above it ends the run as infeasible', number(0), 1e4)
    .option('--seed <n>', 'seed of everything random', wholeNumber(0), 0);
  choice(
    '--normalize <name>',
    "normalisation in front of a network for images (default: cifar10 for CIFAR, else the model's own)",
    normalizationNames,
  );
  choice('--optimizer <name>', `update rule ${byTask('optimizer')}`, optimizerNames);
  choice('--decay-on <what>', 'weight decay: all parameters, or weights and not biases and norms', parameterGroups);
  choice('--adapt-on <what>', 'LARS, LAMB: which parameters have a rate of their own, and decay', parameterGroups);
  choice('--schedule <kind>', 'how the rate falls', scheduleKinds, 'cosine');
  choice('--scaling <rule>', 'how the rate follows the batch size from --base-batch on', scalingRules, 'base');
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
      process.exitCode = interrupted;
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
