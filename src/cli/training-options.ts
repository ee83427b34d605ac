import { type Command, InvalidArgumentError, Option } from 'commander';
import { normalizationNames } from '../models/index.ts';
import { optimizerNames, parameterGroups, presets, scalingRules, scheduleKinds } from '../train/index.ts';
import { addDatasetOptions } from './options.ts';
import { wholeNumber } from './values.ts';

/** A number within bounds. */
export function number(min: number, max = Number.POSITIVE_INFINITY) {
  return (text: string): number => {
    const n = Number(text);
    if (text.trim() !== '' && n >= min && n <= max) return n;
    throw new InvalidArgumentError(
      `expected a number ${max === Number.POSITIVE_INFINITY ? `of at least ${min}` : `from ${min} to ${max}`}.`,
    );
  };
}

/** Parts with commas between them. */
export const list = (text: string): string[] => text.split(',').map((part) => part.trim());

/** `128 for classification, ...`: a setting that depends on the task. */
const byTask = (key: keyof (typeof presets)['language']) =>
  `(default: ${Object.entries(presets)
    .map(([task, preset]) => `${preset[key] ?? 'none'} for ${task}`)
    .join(', ')})`;

/** Everything that decides what a training of one batch size computes: see `TrainSettings`. */
export function addTrainingOptions(command: Command): Command {
  const choice = (flags: string, what: string, names: readonly string[], preset?: string) =>
    command.addOption(new Option(flags, what).choices(names).default(preset));
  addDatasetOptions(command.requiredOption('--model <name>', 'built-in model: see `ballast models`'))
    .option('--fraction <f>', 'share of the training data, the same of every class', number(0, 1))
    .option('--no-augment', 'train on the images as they are, without random crops and mirroring')
    .option('--zoom <factor>', 'augment: images up to so much larger or smaller, at random (default: 1)', number(1, 16))
    .option(
      '--jitter <j>',
      'augment: brightness and contrast times 1 - j to 1 + j, at random (default: 0)',
      number(0, 0.99),
    )
    .option('--sequence-length <n>', 'tokens that a language model reads in a step (default: 35)', wholeNumber(1))
    .option('--dropout <ratio>', 'of the models that have some (default: 0)', number(0, 1))
    .option('--batch-size <n>', `examples a step ${byTask('batchSize')}`, wholeNumber(1))
    .option('--micro-batch <n>', 'examples in memory at a time (default: as many as fit)', wholeNumber(1))
    .addOption(
      new Option('--ghost-batch <n>', 'examples that batch norm sees at a time: the same as --micro-batch')
        .argParser(wholeNumber(1))
        .conflicts('microBatch'),
    )
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
  return command;
}
