import { join } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { UsageError } from '../errors.ts';
import { makeFolder } from '../formats/index.ts';
import { parameterCount } from '../nn/index.ts';
import { createProgress, formatCount, formatDuration, formatNumber, lossCurve } from '../report/index.ts';
import {
  configuredModel,
  fittingMicroBatch,
  type MetricsRecord,
  optimizerNames,
  type RunConfig,
  type RunResult,
  readMetrics,
  readRunConfig,
  requireSame,
  scalingRules,
  scheduleKinds,
  stepsOf,
  trainClassifier,
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

interface TrainOptions extends DatasetOptions, DeviceOptions {
  readonly model: string;
  readonly normalize: RunConfig['normalize'];
  readonly augment: boolean;
  readonly seed: number;
  readonly batchSize: number;
  readonly microBatch?: number;
  readonly optimizer: string;
  readonly lr: number;
  readonly momentum?: number;
  readonly weightDecay: number;
  readonly labelSmoothing: number;
  readonly scaling: RunConfig['scaling'];
  readonly baseBatch: number;
  readonly schedule: RunConfig['schedule'];
  readonly milestones: string[];
  readonly factor: number;
  readonly power: number;
  readonly warmup: string;
  readonly epochs: number;
  readonly maxSteps?: number;
  readonly logEvery: string;
  readonly evalEvery: string;
  readonly checkpointEvery: string;
  readonly lossBound: number;
  readonly resume?: boolean;
  readonly out: string;
  readonly json?: boolean;
  readonly dryRun?: boolean;
}

/** What the shell sees of a run that was interrupted (128 + SIGINT), and of one that diverged. */
const [interrupted, infeasible] = [130, 3];

function number(min: number) {
  return (text: string): number => {
    const n = Number(text);
    if (text.trim() === '' || !(n >= min)) throw new InvalidArgumentError(`expected a number of at least ${min}.`);
    return n;
  };
}

const list = (text: string): string[] => text.split(',').map((part) => part.trim());

export function trainCommand(): Command {
  const command = new Command('train').description(
    'Train an image classifier; the run can be interrupted and resumed exactly',
  );
  const choice = (flags: string, what: string, names: readonly string[], preset: string) =>
    command.addOption(new Option(flags, what).choices(names).default(preset));
  addDatasetOptions(command.requiredOption('--model <name>', 'built-in model (resnet20, resnet56, ...)'))
    .option('--no-augment', 'train on the images as they are, without random crops and mirroring')
    .option('--batch-size <n>', 'examples a step', wholeNumber(1), 128)
    .option('--micro-batch <n>', 'examples in memory at a time (default: as many as fit)', wholeNumber(1))
    .option('--lr <rate>', 'learning rate, before scaling', number(0), 0.1)
    .option('--momentum <m>', 'of SGD', number(0))
    .option('--weight-decay <d>', 'L2 penalty (AdamW: decoupled)', number(0), 1e-4)
    .option('--label-smoothing <s>', 'from 0 to 1', number(0), 0)
    .option('--base-batch <n>', 'batch size that --lr belongs to', wholeNumber(1), 128)
    .option('--milestones <list>', 'schedule "step": where the rate falls, e.g. 80ep,120ep', list, [])
    .option('--factor <f>', 'schedule "step": by which factor', number(0), 0.1)
    .option('--power <p>', 'schedule "polynomial": exponent', number(0), 1)
    .option('--warmup <duration>', 'linear growth of the rate in front, e.g. 5ep or 400st', '0st')
    .option('--epochs <n>', 'passes over the training data', number(0), 40)
    .option('--max-steps <n>', 'end after so many steps instead', wholeNumber(1))
    .option('--log-every <duration>', 'a line of metrics', '50st')
    .option('--eval-every <duration>', 'evaluation on the test set', '1ep')
    .option('--checkpoint-every <duration>', 'a checkpoint', '1ep')
    .option('--loss-bound <loss>', 'a loss above it ends the run as infeasible', number(0), 1e4)
    .option('--seed <n>', 'seed of everything random', wholeNumber(0), 0);
  choice('--normalize <name>', 'normalisation in front of the network', ['imagenet', 'cifar10', 'none'], 'cifar10');
  choice('--optimizer <name>', 'update rule', optimizerNames, 'momentum');
  choice('--schedule <kind>', 'how the rate falls', scheduleKinds, 'cosine');
  choice('--scaling <rule>', 'how the rate follows the batch size from --base-batch on', scalingRules, 'base');
  addDeviceOptions(command)
    .requiredOption('--out <dir>', 'the run: config.json, metrics.jsonl, checkpoint/, model.safetensors')
    .option('--resume', 'go on from the last checkpoint in --out')
    .option('--dry-run', 'say what would be done, and stop')
    .option('--json', 'print one JSON object on standard output and nothing else there')
    .action(run);
  return command;
}

async function run(options: TrainOptions, command: Command): Promise<void> {
  const { out, json = false, resume = false } = options;
  const [train, test] = [await loadSplit(options, 'train'), await loadSplit(options, 'test')];
  const stored = resume ? await readRunConfig(out) : undefined;
  const config = stored ?? configFrom(options, train.classes.length);
  if (stored) requireSame(stored, given(options, command), out);
  const steps = stepsOf(config, train.count);
  const model = configuredModel(config, train.classes.length);
  const plan =
    `${model.name} (${formatCount(parameterCount(model.parameters))} parameters) on ${train.name}: ${formatCount(steps)} steps of ` +
    `${config.batchSize}${config.microBatch < config.batchSize ? ` (${config.microBatch} at a time; batch norm sees these)` : ''}, ` +
    `${formatNumber((steps * config.batchSize) / train.count)} epochs, ${config.optimizer}, ${config.schedule} schedule`;
  if (options.dryRun) {
    process.stdout.write(json ? `${JSON.stringify({ ...config, steps })}\n` : `${plan}\n`);
    return;
  }
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  const progress = createProgress({
    stream: process.stderr,
    total: steps,
    label: 'training',
    quiet: json && !process.stderr.isTTY,
  });
  try {
    await makeFolder(out);
    if (!json) process.stderr.write(`${plan}\n`);
    if (!stored) await writeRunConfig(out, config);
    let shown = '';
    const result = await trainClassifier({
      config,
      train,
      test,
      folder: out,
      resume,
      signal: stop.signal,
      runtime: runtimeOf(options),
      onRecord: (record) => {
        if (record.valMetric !== undefined) shown = `, test ${percent(record.valMetric)}`;
      },
      onStep: ({ step, loss, examplesPerSecond }) =>
        progress.update(step, `loss ${loss.toFixed(3)}${shown}, ${Math.round(examplesPerSecond)} images/s`),
      onNote: (note) => process.stderr.write(`note: ${note}\n`),
    });
    progress.finish();
    if (json) process.stdout.write(`${JSON.stringify(result)}\n`);
    else process.stdout.write(summary(result, await readMetrics(join(out, 'metrics.jsonl')), out));
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

const percent = (fraction: number) => `${(100 * fraction).toFixed(2)} %`;

function configFrom(options: TrainOptions, classes: number): RunConfig {
  const { batchSize, microBatch, momentum, maxSteps, epochs } = options;
  if (options.labelSmoothing >= 1) throw new UsageError('--label-smoothing must be below 1');
  const base = pick(options);
  const model = configuredModel(base, classes);
  return {
    ...base,
    ...(momentum === undefined ? {} : { momentum }),
    microBatch: microBatch ?? fittingMicroBatch(model, batchSize),
    length: maxSteps === undefined ? `${epochs}ep` : `${maxSteps}st`,
  };
}

const shared = [
  'model',
  'normalize',
  'dataset',
  'augment',
  'seed',
  'batchSize',
  'optimizer',
  'weightDecay',
  'labelSmoothing',
  'lr',
  'scaling',
  'baseBatch',
  'schedule',
  'milestones',
  'factor',
  'power',
  'warmup',
  'logEvery',
  'evalEvery',
  'checkpointEvery',
  'lossBound',
] as const satisfies readonly (keyof RunConfig & keyof TrainOptions)[];

function pick(options: TrainOptions): Pick<RunConfig, (typeof shared)[number]> {
  return Object.fromEntries(shared.map((key) => [key, options[key]])) as Pick<RunConfig, (typeof shared)[number]>;
}

/** The settings that were given on the command line, not by default: a resumed run must have been begun with them. */
function given(options: TrainOptions, command: Command): Partial<RunConfig> {
  const spoken = (key: string) => command.getOptionValueSource(key) === 'cli';
  const settings: Record<string, unknown> = {};
  for (const key of [...shared, 'momentum', 'microBatch'] as const) if (spoken(key)) settings[key] = options[key];
  if (spoken('maxSteps')) settings.length = `${options.maxSteps}st`;
  else if (spoken('epochs')) settings.length = `${options.epochs}ep`;
  return settings as Partial<RunConfig>;
}

function summary(
  { status, steps, epochs, seconds, examplesPerSecond, final }: RunResult,
  records: readonly MetricsRecord[],
  out: string,
): string {
  const curve = lossCurve(records.map((r) => ({ x: r.epoch, y: r.trainLoss })));
  const test =
    final.valMetric === undefined
      ? ''
      : `, test accuracy ${percent(final.valMetric)} (loss ${final.valLoss?.toFixed(4)})`;
  return (
    `${curve && `training loss\n${curve}\n`}${status}: ${formatCount(steps)} steps, ${formatNumber(epochs)} epochs in ${formatDuration(seconds)} ` +
    `(${Math.round(examplesPerSecond)} images/s), training loss ${final.trainLoss.toFixed(4)}${test}\n` +
    `${status === 'complete' ? `weights: ${join(out, 'model.safetensors')}\n` : ''}`
  );
}
