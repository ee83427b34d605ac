/** What a measured study says: steps to targets, speed-up, critical batch, and statements held against it. */
import { z } from 'zod';
import type { Of } from '../readonly.ts';
import { effectSize, verdict } from '../verdict.ts';
import { link, studyCosts } from './cost.ts';
import { linearErrorRow } from './linear-errors.ts';

/** Over seeds. */
export const spread = z.object({
  median: z.number().nullable().describe('null where it did not reach the target'),
  low: z.number().nullable().describe('the least'),
  high: z.number().nullable().describe('the largest; null where one did not reach the target'),
});

const tradeoff = z.object({
  minSteps: z.number().describe('Smin'),
  minExamples: z.number().describe('Emin'),
  criticalBatch: z.number().describe('Emin / Smin'),
  residual: z
    .number()
    .describe(
      'root of the weighted mean square of log S - log(Smin + Emin / B) over the points that reached the target',
    ),
});

const tradeoffPoint = z.object({
  batchSize: z.number().describe('examples a step'),
  steps: z.number().describe('to the target'),
  censored: z.boolean().describe('the steps are a lower bound only'),
  dominated: z
    .boolean()
    .optional()
    .describe(
      'put on the level of a smaller batch that took fewer steps: it holds the curve, and is no observation of its own',
    ),
  weight: z.number().describe('relative; 1 for one trial'),
});

/** B_crit = Emin / Smin of the fitted hyperbola with a 95 % interval by profile likelihood. */
const whole = {
  dominated: z
    .array(z.number())
    .describe(
      'batch sizes that a smaller one beats by over a quarter: in the fit they count with the steps of that one',
    ),
  points: z.array(tradeoffPoint).describe('of the fit'),
  method: z.string().describe('how it was estimated'),
};
export const criticalBatch = z.union([
  z.object({
    value: z.number().describe('B_crit'),
    low: z.number().describe('lower end of its interval'),
    high: z.number().nullable().describe('upper end; null: not bounded from above'),
    standing: z
      .enum(['measured', 'estimate'])
      .describe('measured: at five batch sizes or more, with three seeds or more at each'),
    condition: z.string().nullable().describe('what an estimate rests on; null for a measured one'),
    reason: z.null().describe('null: it was found'),
    fit: tradeoff.describe('S = Smin + Emin / B'),
    ...whole,
  }),
  z.object({
    value: z.null().describe('null: the curve does not show it'),
    low: z.number().nullable().describe('a bound that remains'),
    high: z.number().nullable().describe('a bound that remains'),
    standing: z.null().describe('null: there is none'),
    condition: z.null().describe('null: there is none'),
    reason: z.string().describe('why there is none'),
    fit: z.null().describe('null: there is none'),
    ...whole,
  }),
]);

const studyPoint = z.object({
  batchSize: z.number().describe('examples a step'),
  trials: z.int().describe('at the best rate; the next five sum up to it'),
  reached: z.int().describe('that reached the target'),
  censored: z.int().describe('that ended before'),
  infeasible: z.int().describe('that diverged'),
  failed: z.int().describe('whose process failed'),
  pending: z.int().describe('that are not done'),
  rates: z.int().describe('rates that were tried'),
  edge: z.enum(['lowest', 'highest']).nullable().describe('the best is the first or the last of several'),
  baseRate: z.number().describe('the best rate before the rule of the strategy'),
  learningRate: z.number().describe('after it'),
  stepsToTarget: spread.describe('over seeds'),
  smoothedStepsToTarget: spread.describe('the same for the curves after a running median of five evaluations'),
  epochsToTarget: spread.describe('nulls where the size of an epoch is not known'),
  examplesToTarget: spread.describe('over seeds'),
  secondsToTarget: spread.describe('nulls without a clock'),
  stepsAtLeast: z
    .number()
    .nullable()
    .describe('steps that the median takes at least; null where nothing is known, or where all trials diverged'),
  endedByBudget: z.boolean().describe('the target was missed for want of budget: this counts for no verdict'),
  speedup: z.number().nullable().describe('steps of the base batch over its own'),
  speedupInterval: effectSize
    .nullable()
    .describe(
      '95 % over seeds, steps taken as log-normal (Welch); null without two seeds at both ends, and at the base',
    ),
  ideal: z.number().nullable().describe('batch size over that of the base'),
  regime: z.enum(['linear', 'diminishing', 'stagnation', 'not reached', 'before the base']).describe('of scaling'),
});

export const breakpoints = z.object({
  linearUntil: z.number().nullable().describe('largest m with a speed-up of at least 0.8 m / m0'),
  halfEfficiency: z
    .number()
    .nullable()
    .describe(
      'where the speed-up falls to half of m / m0, between batch sizes by a line through log efficiency against log m',
    ),
  flatFrom: z
    .number()
    .nullable()
    .describe(
      'the batch size from which a doubling gains less than 5 %; null where every one gains more, or is not known to gain less',
    ),
});

const analysis = {
  target: z.string().describe('name of the target'),
  points: z.array(studyPoint).describe('by batch size, each at the rate that gets to the target in the fewest steps'),
  baseBatch: z
    .number()
    .nullable()
    .describe(
      'speed-ups are relative to it: the smallest batch that reaches the target with a rate that is tuned and off the edge of its grid, or (with a problem) the smallest that reaches it',
    ),
  baseProblem: z.string().nullable().describe('why speed-ups from there are not sure; null where they are'),
  leastSteps: z
    .number()
    .nullable()
    .describe(
      'Smin of the fit, or the fewest steps of any batch size, which are more; null where none reaches the target',
    ),
  criticalBatch: criticalBatch.describe('the batch beyond which more steps are hardly saved'),
  breakpoints: breakpoints.describe(
    'of the speed-up; half efficiency depends on the base batch m0: on the fitted curve it is B_crit + 2 m0',
  ),
};
const targetAnalysis = z.object(analysis);

const strategyReport = z.object({
  name: z.string().describe('name of the strategy'),
  rates: z
    .enum(['tuned', 'kept'])
    .describe(
      'tuned: the best rate of each batch size; kept: one base rate, the best at the smallest batch, at all of them (no trials of its own)',
    ),
  keptRate: z
    .number()
    .nullable()
    .describe(
      'the one base rate at all batch sizes: of a kept one, and of a rule that carries it; null where each has its own',
    ),
  ...analysis,
  byTarget: z.array(targetAnalysis).describe('the same for every target'),
});

const target = z.object({
  name: z.string().describe('as it is written in tables'),
  quantity: z.enum(['trainLoss', 'valLoss', 'valMetric']).describe('what is to reach it'),
  direction: z.enum(['min', 'max']).describe('which way is better'),
  rule: z.string().describe('in words'),
  value: z.number().nullable().describe('null where it cannot be told'),
  reason: z.string().nullable().describe('why not'),
});

const noiseScaleRow = z.object({
  strategy: z.string().describe('name of the strategy'),
  target: z.string().describe('name of the target'),
  batchSize: z.number().describe('examples a step'),
  trials: z.int().describe('how many'),
  overTraining: spread.describe('medians over all of each trial, over seeds'),
  nearTarget: spread.describe('medians around the step where each trial reached the target, over seeds'),
  nearTargetInterval: effectSize
    .nullable()
    .describe('geometric mean near the target with 95 % over seeds; null with fewer than two'),
  criticalBatch: z.number().nullable().describe('of the fit'),
  ratio: z.number().nullable().describe('noise scale near the target over B_crit; null without both'),
  curve: z
    .array(
      z.object({
        epoch: z.number().describe('passes over the data'),
        value: z.number().describe('tr Σ / |G|² in examples, median over the trials'),
      }),
    )
    .describe('over training'),
});

const generalizationRow = z.object({
  strategy: z.string().describe('name of the strategy'),
  batchSize: z.number().describe('examples a step'),
  trials: z.int().describe('how many'),
  trainLosses: z.array(z.number()).describe('best training loss of each trial'),
  bestTrainLoss: spread.describe('over seeds'),
  bestValLoss: spread.describe('over seeds'),
  bestValMetric: spread.describe('over seeds'),
  gapAtEnd: spread.describe('held-out less training loss at the last evaluation of both'),
  gapAtTarget: spread.describe('the same where the training-loss target is met'),
  gapAtEndInterval: effectSize.nullable().describe('its mean with 95 % over seeds; null with fewer than two'),
  gapAtTargetInterval: effectSize.nullable().describe('likewise'),
});

const contour = z.object({
  strategy: z.string().describe('name of the strategy'),
  batchSizes: z.array(z.number()).describe('of its rows'),
  steps: z.array(z.number()).describe('of its columns, evenly spaced in the logarithm'),
  values: z
    .array(z.array(z.number().nullable()))
    .describe('median over seeds, a row a batch size; null beyond the ends of a curve'),
});

const workloadReport = z.object({
  name: z.string().describe('name of the workload'),
  model: z.string().describe('what is trained'),
  dataset: z.string().describe('on what'),
  fraction: z.number().describe('share of the training data'),
  complexity: z.number().nullable().describe('of procedural data'),
  examples: z.number().describe('of an epoch; 0 where it is not known'),
  parameters: z.number().nullable().describe('trained values'),
  metric: z
    .object({
      name: z.string().describe('such as accuracy'),
      direction: z.enum(['min', 'max']).describe('which way is better'),
    })
    .nullable()
    .describe('on held-out data'),
  hardware: z.array(z.string()).describe('where the trials ran'),
  trials: z.int().describe('how many'),
  targets: z.array(target).describe('as they are declared'),
  primaryTarget: z
    .string()
    .nullable()
    .describe('the first that has a value: what stands directly under a strategy is about it'),
  strategies: z.array(strategyReport).describe('with what they took'),
  noiseScale: z.array(noiseScaleRow).describe('gradient noise scale, where it was recorded'),
  generalization: z.array(generalizationRow).describe('losses on held-out data'),
  contours: z.array(contour).describe('loss against batch size and steps'),
});

export const comparisonRow = z.object({
  workload: z.string().describe('name of the workload'),
  model: z.string().describe('what is trained'),
  dataset: z.string().describe('on what'),
  fraction: z.number().describe('share of the training data'),
  complexity: z.number().nullable().describe('of procedural data'),
  examples: z.number().describe('of an epoch'),
  parameters: z.number().nullable().describe('trained values'),
  strategy: z.string().describe('name of the strategy'),
  target: z.string().describe('name of the target'),
  criticalBatch: criticalBatch.describe('of that'),
  halfEfficiency: z.number().nullable().describe('see the break points'),
  flatFrom: z.number().nullable().describe('see the break points'),
  depth: z
    .number()
    .nullable()
    .describe(
      'of the way from the loss at the start to the best one of any trial, the share that the target is; null where it is not known',
    ),
});

const contrast = z.object({
  factor: z.enum(['model', 'dataset', 'fraction', 'complexity']).describe('what differs'),
  strategy: z.string().describe('name of the strategy'),
  target: z.string().describe('name of the target'),
  from: comparisonRow.describe('one side'),
  to: comparisonRow.describe('the other'),
  ratio: z.number().nullable().describe('B_crit of the other over that of the one; null without both'),
  interval: effectSize.nullable().describe('the same with its 95 % interval'),
});

const statement = z.object({
  id: z.string().describe('such as S1'),
  statement: z.string().describe('what the paper says'),
  verdict: verdict.shape.outcome.describe('what it comes to'),
  answer: z
    .string()
    .describe('what the verdict rests on, in a sentence, with the interval of the clearest observation'),
  agreeing: z.int().describe('observations that agree'),
  testable: z.int().describe('of those that could be tested'),
  observations: z
    .array(z.object({ where: z.string().describe('workload, strategy, target, batch size'), ...verdict.shape }))
    .describe('one by one'),
  evidence: z.array(z.string()).describe('the observations as sentences'),
  every: z
    .boolean()
    .default(false)
    .describe('it is said of all that was observed, so that one observation that disagrees refutes it'),
});
export const statements = z.array(statement).describe('the statements of arXiv 1811.12941, held against it');

export const studyReportResult = z.object({
  study: z.string().describe('name of the study'),
  workloads: z.array(workloadReport).describe('one by one'),
  profiles: z
    .object({
      problems: z.array(z.string()).describe('workload, target and batch size'),
      profiles: z
        .array(
          z.object({
            strategy: z.string().describe('name of the strategy'),
            steps: z
              .array(
                z.object({
                  ratio: z.number().describe('steps over those of the best strategy'),
                  share: z.number().describe('of the problems with at most this ratio'),
                }),
              )
              .describe('a step function'),
            best: z.number().describe('share of the problems on which it is the best'),
            solved: z.number().describe('share that it solves at all'),
          }),
        )
        .describe('of the strategies'),
      leftOut: z.array(z.string()).describe('strategies that ran on fewer than half of the problems'),
    })
    .nullable()
    .describe('performance profiles; null without several strategies'),
  comparison: z
    .object({
      rows: z.array(comparisonRow).describe('every workload, strategy and target'),
      contrasts: z.array(contrast).describe('pairs that differ in one thing'),
    })
    .describe('of workloads'),
  linearErrors: z.array(linearErrorRow).describe('how far steps are from the linear approximation of the loss'),
  statements,
  cost: studyCosts.nullable().describe('what training takes, by batch size and devices'),
});

export const studyReportRequest = z.object({
  folder: z.string().describe('of a study, or of an import'),
  devices: z.array(z.int().min(1)).default([1]).describe('numbers of devices'),
  link: link.nullable().default(null).describe('between devices'),
  price: z.number().nullable().default(null).describe('of a device-hour'),
});

/** Over seeds. Where a trial did not reach the target it counts as later than all that did: then `high`, or even `median`, is null. */
export type Spread = Of<typeof spread>;
/**
 * B_crit = Emin / Smin of the fitted hyperbola with a 95 % interval by profile likelihood. `high` null: not bounded from above. Where the curve does not
 * show it, `value` is null, `reason` says why and `low` or `high` is the bound that remains.
 */
export type CriticalBatch = Of<typeof criticalBatch>;
/** A fitted hyperbola S = Smin + Emin / B. */
export type Tradeoff = Of<typeof tradeoff>;
/** A point of such a fit: steps at a batch size. */
export type TradeoffPoint = Of<typeof tradeoffPoint>;
/** One strategy at one batch size, held against one target, at the rate that gets there in the fewest steps. */
export type StudyPoint = Of<typeof studyPoint>;
/** What the speed-up of a strategy comes to. */
export type Breakpoints = Of<typeof breakpoints>;
/** A strategy held against one target. */
export type TargetAnalysis = Of<typeof targetAnalysis>;
/** A strategy: what is said of the primary target, and the same for every target in `byTarget`. */
export type StrategyReport = Of<typeof strategyReport>;
/** A target with its value, if that is known. */
export type Target = Of<typeof target>;
/** Gradient noise scale of a strategy at a batch size. */
export type NoiseScaleRow = Of<typeof noiseScaleRow>;
/** Losses on held-out data of a strategy at a batch size. */
export type GeneralizationRow = Of<typeof generalizationRow>;
/** Loss against batch size and steps. */
export type Contour = Of<typeof contour>;
/** What a study says of a workload. */
export type WorkloadReport = Of<typeof workloadReport>;
/** A line of the table of data-set size against complexity against architecture. */
export type ComparisonRow = Of<typeof comparisonRow>;
/** Two workloads that differ in one thing. */
export type Contrast = Of<typeof contrast>;
/** A statement of the paper, held against a study. */
export type Statement = Of<typeof statement>;
/** What one place of a study says of a statement. */
export type Observation = Statement['observations'][number];
/** Performance profiles of strategies. */
export type ProfileComparison = NonNullable<StudyReportResult['profiles']>;
/** What a study says: see `reportOf`. */
export type StudyReportResult = Of<typeof studyReportResult>;
