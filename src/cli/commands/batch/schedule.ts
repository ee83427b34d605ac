import { Command, Option } from 'commander';
import { InputError } from '../../../base/errors.ts';
import { formatCount, formatPercent } from '../../../report/numbers.ts';
import type { BranchesResult } from '../../../schema/index.ts';
import type { RateRule } from '../../../study/branch/index.ts';
import {
  adamwAt,
  averaged,
  type Decay,
  type KnownTraining,
  type ScheduleFormat,
  scheduleFormats,
  scheduleText,
  seesaw,
  stepsOf,
  type TrainingStage,
  warmedUp,
  withSteps,
} from '../../../study/schedule/index.ts';
import { exampleText } from '../../flags/examples.ts';
import { number, wholeNumber } from '../../flags/values.ts';
import { batchSummaries } from './summaries.ts';

const strategies = ['adamw', 'seesaw', 'warm-up', 'average'] as const;
type Strategy = (typeof strategies)[number];

interface ScheduleOptions {
  readonly batchSize?: number;
  readonly rate?: number;
  readonly examples?: number;
  readonly weightDecay?: number;
  readonly beta2?: number;
  readonly toBatch?: number;
  readonly toExamples?: number;
  readonly rateRule: RateRule;
  readonly decay: Decay;
  readonly mostBatch?: number;
  readonly branches?: string;
  readonly cautious?: boolean;
  readonly halfLife: number;
  readonly format: ScheduleFormat;
}

const choice = (flags: string, about: string, values: readonly string[], usual: string) =>
  new Option(flags, about).choices(values).default(usual);

export function scheduleCommand(): Command {
  return new Command('schedule')
    .description(batchSummaries.schedule)
    .argument(
      '<strategy>',
      'adamw: the training at another batch size; seesaw: the batch grows where the rate would fall; warm-up: the batch that branches measured; average: a constant rate with averaged weights',
      (text: string) => {
        if ((strategies as readonly string[]).includes(text)) return text as Strategy;
        throw new InputError('strategy', `expected ${strategies.join(', ')}, got ${JSON.stringify(text)}`);
      },
    )
    .option('--batch-size <n>', 'of the training that is known to go well', wholeNumber(1))
    .option('--rate <rate>', 'its learning rate', number(0))
    .option('--examples <n>', 'of all of it; tokens where its batch is in tokens', number(1))
    .option('--weight-decay <d>', 'its decoupled weight decay', number(0))
    .option('--beta2 <b>', 'its decay rate of the second moment', number(0))
    .option('--to-batch <n>', 'adamw: the other batch size', wholeNumber(1))
    .option('--to-examples <n>', 'adamw: another length (default: the same)', number(1))
    .addOption(
      choice('--rate-rule <rule>', 'adamw: how the rate follows the batch', ['sqrt', 'linear', 'kept'], 'sqrt'),
    )
    .addOption(choice('--decay <kind>', 'seesaw: how the rate would fall', ['cosine', 'linear'], 'cosine'))
    .option(
      '--most-batch <n>',
      'seesaw: the largest batch (default: 16 times the first); the critical one is its bound',
      wholeNumber(1),
    )
    .option('--branches <result>', 'warm-up: what `ballast batch branch` wrote (a folder, or result.json)')
    .option('--cautious', 'warm-up: by the lower ends of the intervals')
    .option('--half-life <share>', 'average: of the average, as a share of the training', number(0), 0.05)
    .addOption(choice('--format <name>', 'for a trainer', scheduleFormats, 'python'))
    .addHelpText('after', exampleText('ballast batch schedule warm-up --branches out/branches --format yaml'))
    .action(print);
}

async function print(strategy: Strategy, options: ScheduleOptions): Promise<void> {
  const { stages, examples, first } = await scheduled(strategy, options);
  const steps = stepsOf(stages, examples);
  process.stdout.write(`${scheduleText(stages, options.format)}\n`);
  process.stderr.write(
    `${formatCount(steps)} steps, ${formatPercent((steps * first) / examples)} of those at ${formatCount(first)} throughout\n`,
  );
}

async function scheduled(
  strategy: Strategy,
  options: ScheduleOptions,
): Promise<{ readonly stages: TrainingStage[]; readonly examples: number; readonly first: number }> {
  if (strategy === 'warm-up') {
    const { result, known } = await measured(options);
    const { stages } = options.cautious ? result.cautious : result.warmUp;
    return { stages: withSteps(warmedUp(known, stages)), examples: known.examples, first: known.batchSize };
  }
  const known = knownOf(options);
  const { batchSize: first, examples } = known;
  switch (strategy) {
    case 'adamw': {
      const to = {
        batchSize: needed('toBatch', options.toBatch),
        examples: options.toExamples ?? examples,
        rule: options.rateRule,
      };
      return { stages: withSteps([adamwAt(known, to)]), examples: to.examples, first };
    }
    case 'seesaw':
      return {
        stages: withSteps(seesaw(known, { decay: options.decay, most: options.mostBatch ?? 16 * first })),
        examples,
        first,
      };
    case 'average':
      return { stages: withSteps([averaged(known, options.halfLife)]), examples, first };
  }
}

function needed(key: string, value: number | undefined): number {
  if (value === undefined) throw new InputError(key, 'is missing');
  return value;
}

function knownOf({ batchSize, rate, examples, weightDecay, beta2 }: ScheduleOptions): KnownTraining {
  if (beta2 !== undefined && beta2 >= 1) throw new InputError('beta2', `expected a number below 1, got ${beta2}`);
  return {
    batchSize: needed('batchSize', batchSize),
    rate: needed('rate', rate),
    examples: needed('examples', examples),
    ...(weightDecay === undefined ? {} : { weightDecay }),
    ...(beta2 === undefined ? {} : { beta2 }),
  };
}

/** Branches, and their training: what is not said of it is what they found. */
async function measured(options: ScheduleOptions) {
  if (options.branches === undefined)
    throw new InputError('branches', 'is missing; expected what `ballast batch branch` wrote');
  const { storedResults } = await import('../../../app/stored-results.ts');
  const found = (await storedResults(options.branches)).find((r) => r.document.kind.kind === 'branches');
  if (!found) throw new InputError('branches', `${options.branches} has no result of branches`);
  const result = found.document.result as BranchesResult;
  const [first] = result.moments;
  const batchSize = result.warmUp.stages[0]!.batchSize;
  const known = knownOf({
    rate: first!.learningRate,
    examples: result.totalExamples,
    ...options,
    batchSize,
  });
  return { result, known };
}
