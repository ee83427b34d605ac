/** The plan of a batch size: what is stored. */
import { z } from 'zod';
import { environment } from '../common.ts';
import type { StoredDocument } from '../kind.ts';
import type { Of } from '../readonly.ts';
import { link, priceOfDevice, stepTimeCurve, trainingCost } from './cost.ts';

const scaleInterval = z.object({
  value: z.number().describe('the estimate'),
  low: z.number().describe('lower end of its interval'),
  high: z.number().nullable().describe('upper end; null where it has none'),
});

const noiseWindow = z.object({
  fromStep: z.int().describe('first step'),
  toStep: z.int().describe('last step'),
  scale: scaleInterval.nullable().describe('null while the signal of that part is lost in the noise'),
});

const range = z.object({ low: z.number().describe('lower end'), high: z.number().describe('upper end') });

const recommendation = z.object({
  way: trainingCost.describe('what is recommended'),
  between: range.describe('the smallest and largest batch that would be recommended over the interval'),
  late: z
    .number()
    .nullable()
    .describe(
      'what would be recommended for the noise scale at the end of the run; null where that is lost in the noise',
    ),
  nearly: range.describe('batch sizes whose training on as many devices takes at most a tenth longer'),
  fastest: trainingCost.describe('the shortest training'),
  cheapest: trainingCost.describe('the one with the fewest device-hours'),
});

const row = z.object({
  batchSize: z.int().describe('examples a step'),
  stepsRelative: scaleInterval.describe('S / Smin = 1 + B_crit / B, modelled, over the interval of B_crit'),
  examplesRelative: scaleInterval.describe('E / Emin = 1 + B / B_crit, likewise'),
  cost: trainingCost.describe('on the number of devices that is fastest for it'),
  seconds: range.describe('the time over the interval of B_crit'),
  next: z
    .object({
      batchSize: z.int().describe('the next larger one'),
      timeSaved: z.number().describe('share of the time'),
      costExtra: z.number().describe('share of the device-hours'),
    })
    .nullable()
    .describe('what the next larger batch of the table saves and costs; null for the last'),
});

/** What a training is planned for: settings of the run as `config.json` has them. */
export const batchPlanRequest = z.object({
  config: z
    .record(z.string(), z.unknown())
    .describe('settings of the training that is planned for; of a command, its words and the values put in'),
  steps: z.int().nullable().describe('of the short run; null: a tenth of the training'),
  timing: z.number().describe('seconds for timed steps'),
  batchSizes: z.array(z.int()).nullable().describe('of the table; null: powers of two, as far as the data go'),
  devices: z.array(z.int()).describe('numbers of devices'),
  link: link.nullable().describe('between devices'),
  price: priceOfDevice,
});

export const batchPlanResult = z.object({
  model: z.string().describe('name of the model'),
  dataset: z.string().describe('name of the data set'),
  parameters: z.int().nullable().describe('trained parameters; null where the program that trains does not tell'),
  unit: z.enum(['images', 'pieces of text', 'examples']).describe('what the sizes of batches count'),
  reference: z
    .object({
      batchSize: z.int().describe('examples a step'),
      steps: z.int().describe('of the training'),
      epochs: z.number().describe('of the data'),
    })
    .describe('the training that is planned for'),
  run: z
    .object({
      steps: z.int().describe('of the run'),
      batchSize: z.int().describe('examples a step'),
      microBatch: z.int().describe('examples a call'),
      optimizer: z.string().describe('its optimizer'),
      seed: z.int().describe('of everything random'),
      learningRate: z.number().optional().describe('B_crit depends on it; absent in plans of earlier versions'),
      trainLoss: z.number().describe('of its last step'),
    })
    .describe('the short run'),
  criticalBatch: scaleInterval
    .extend({
      method: z.literal('noise scale, mean over progress').describe('how it was estimated'),
      early: noiseWindow.describe('first quarter of the run'),
      late: noiseWindow.describe('last quarter'),
      windows: z.array(noiseWindow).describe('the run in equal parts'),
      unweighted: scaleInterval.nullable().describe('tr Σ / |G|² of the whole run, every step alike'),
    })
    .describe('B_crit as the run foretells it'),
  prediction: z
    .object({
      interval: scaleInterval.nullable().describe('95 % of studies; null: it cannot be told'),
      count: z.int().describe('comparisons that it rests on'),
      reason: z.string().nullable().describe('why there is no interval'),
    })
    .describe('what a study is to be expected to find, from how far earlier plans were off'),
  stepTime: stepTimeCurve.describe('seconds of a step by batch size'),
  fastestOnOneDevice: z
    .number()
    .nullable()
    .describe(
      'the batch with the shortest training on one device, not rounded; modelled; null where an example takes no time that could be measured, and there is none',
    ),
  devices: z.array(z.int()).describe('numbers of devices in the table'),
  link: link.nullable().describe('between devices'),
  gradientBytes: z.number().nullable().describe('of the gradient that is summed; null where parameters are not known'),
  price: priceOfDevice,
  rows: z.array(row).describe('by batch size'),
  ways: z
    .array(trainingCost.extend({ pareto: z.boolean().describe('none is both faster and cheaper') }))
    .describe('every batch size on every number of devices'),
  optimalDevices: z
    .array(
      z.object({ batchSize: z.int().describe('examples a step'), devices: z.int().describe('with the shortest step') }),
    )
    .nullable()
    .describe('were there as many as one likes; null without a link'),
  recommendation: recommendation.describe('which batch size to take'),
  cost: z
    .object({
      runSeconds: z.number().describe('in steps of the run'),
      timingSeconds: z.number().describe('in timed steps'),
      seconds: z.number().describe('all of it'),
      studySeconds: z.number().describe('of the study that it replaces, modelled'),
      share: z.number().describe('of one in the other'),
    })
    .describe('what the plan cost'),
  comparisons: z
    .array(
      z.object({
        workload: z.string().describe('name of the workload'),
        strategy: z.string().describe('name of the strategy'),
        predicted: z.number().describe('B_crit of the plan'),
        fitted: z.number().describe('of the study'),
        ratio: z.number().describe('predicted over fitted'),
        doublings: z.number().describe('|log2 of the ratio|: by how many doublings the plan was wrong'),
        covered: z
          .boolean()
          .describe(
            'the interval of the noise scale, which knows the chance of this run alone, holds the fitted value',
          ),
        foreseen: z
          .boolean()
          .nullable()
          .optional()
          .describe('the interval that is predicted for studies holds it; null without one, absent in earlier results'),
        overlap: z
          .boolean()
          .nullable()
          .describe('the intervals have something in common; null where the study has none'),
        regret: z
          .number()
          .describe(
            'how much longer the recommended batch takes than the best of the table under the B_crit of the study',
          ),
        costShare: z.number().nullable().describe('seconds of the plan over those of the study, where known'),
      }),
    )
    .optional()
    .describe('with the study that it was compared with'),
  environment: environment.describe('where and when it was measured'),
});

/** What a plan was asked for. */
export type BatchPlanRequest = Of<typeof batchPlanRequest>;

/** The result of a plan: which batch size to train with, and what it costs. */
export type BatchPlanResult = Of<typeof batchPlanResult>;

/** Plans of earlier versions did not say what a study is to be expected to find. */
export const formerBatchPlan = batchPlanResult.extend({ prediction: batchPlanResult.shape.prediction.optional() });

/** To version 2. */
export function withPrediction(old: StoredDocument): StoredDocument {
  const result = old.result as Omit<BatchPlanResult, 'prediction'> & Partial<BatchPlanResult>;
  const none = { interval: null, count: 0, reason: 'earlier versions did not tell it' };
  return { ...old, version: 2, result: { ...result, prediction: result.prediction ?? none } };
}

/** What a plan is going to do. */
export const batchPlanOutlineResult = z.object({
  steps: z.int().describe('of the short run'),
  run: z.record(z.string(), z.unknown()).describe('its settings'),
  batchSizes: z.array(z.int()).describe('whose cost is told'),
  reference: z
    .object({
      batchSize: z.int().describe('examples a step'),
      steps: z.int().describe('of the training'),
      epochs: z.number().describe('of the data'),
    })
    .describe('the training that is planned for'),
  parameters: z
    .int()
    .nullable()
    .describe('trained values of the model; null where the program that trains does not tell'),
});

/** What a plan is going to do. */
export type BatchPlanOutline = Of<typeof batchPlanOutlineResult>;
