import { type Command, Option } from 'commander';
import { z } from 'zod';
import { freeSettings, gridSettings, presets } from '../../app/training/settings.ts';
import { dataKeys, flags, modelName } from '../../schema/index.ts';
import { addRequestOptions } from './request-options.ts';
import { addSettingOptions, list } from './setting-options.ts';
import { number, wholeNumber } from './values.ts';

/** Which network, on which data. */
const trained = z.object({
  model: modelName.describe('built-in model').register(flags, { value: 'name' }),
  ...dataKeys,
});

const epochs = Object.entries(presets)
  .map(([task, preset]) => `${preset.epochs} for ${task}`)
  .join(', ');

/** Everything that decides what a training of one batch size computes: see `trainingSettings`. */
export function addTrainingOptions(command: Command): Command {
  addRequestOptions(command, trained);
  addSettingOptions(command, { ...gridSettings, ...freeSettings });
  return command
    .option('--micro-batch <n>', 'examples in memory at a time (default: as many as fit)', wholeNumber(1))
    .addOption(
      new Option('--ghost-batch <n>', 'examples that batch norm sees at a time: the same as --micro-batch')
        .argParser(wholeNumber(1))
        .conflicts('microBatch'),
    )
    .option('--epochs <n>', `passes over the training data (default: ${epochs})`, number(0))
    .option('--max-steps <n>', 'end after so many steps instead', wholeNumber(1));
}

/** Headings of the help of a training, and the flags below each; the rest is about the run itself. */
const headings: Readonly<Record<string, readonly string[]>> = {
  'Network and data:':
    'model dataset data class-names download fraction seed normalize dropout no-augment zoom jitter sequence-length'.split(
      ' ',
    ),
  'Batch and update rule:':
    'batch-size lr scaling base-batch optimizer momentum trust weight-decay decay-on adapt-on clip-norm label-smoothing micro-batch ghost-batch'.split(
      ' ',
    ),
  'Schedule and length:':
    'schedule milestones factor power warmup loss-bound epochs max-steps grow-at grow-batch'.split(' '),
  'Where it runs:': 'device threads emission'.split(' '),
};

/** Puts the options of a training, which are many, under headings; those that are about the run under `rest`. */
export function groupTrainingOptions(command: Command, rest: string): Command {
  for (const option of command.options) {
    const flag = option.long!.slice(2);
    const [heading = rest] = Object.entries(headings).find(([, flags]) => flags.includes(flag)) ?? [];
    option.helpGroup(heading);
  }
  return command;
}

/** A batch that grows, which is for a whole run and not for a plan. */
export function addGrowthOptions(command: Command): Command {
  return command
    .option('--grow-at <list>', 'where the batch grows instead of a rate that falls, e.g. 20ep,30ep', list, [])
    .option('--grow-batch <f>', 'by which factor', wholeNumber(2), 2);
}
