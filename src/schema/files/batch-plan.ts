/** The plan of a batch size: what is stored. */
import { z } from 'zod';
import { environment } from '../common.ts';

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

/** A number with where it comes from. */
const marked = z.object({
  value: z.number().describe('the number'),
  provenance: z.enum(['measured', 'modelled']).describe('where it comes from'),
});

const trainingCost = z.object({
  batchSize: z.int().describe('examples a step'),
  devices: z.int().describe('that share it'),
  steps: marked.describe('of the training'),
  stepSeconds: marked.describe('of one step'),
  seconds: marked.describe('steps times seconds of a step'),
  deviceHours: marked.describe('devices times hours'),
  money: marked.nullable().describe('device-hours times the price of one; null without a price'),
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

export const batchPlanRequest = z.null();

export const batchPlanResult = z.object({
  model: z.string().describe('name of the model'),
  dataset: z.string().describe('name of the data set'),
  parameters: z.int().describe('trained parameters'),
  unit: z.string().describe('what the sizes of batches count'),
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
      learningRate: z.number().optional().describe('of the run; absent in plans of earlier versions'),
      trainLoss: z.number().describe('of its last step'),
    })
    .describe('the short run'),
  criticalBatch: scaleInterval
    .extend({
      method: z.string().describe('how it was estimated'),
      early: noiseWindow.describe('first quarter of the run'),
      late: noiseWindow.describe('last quarter'),
      windows: z.array(noiseWindow).describe('the run in equal parts'),
      unweighted: scaleInterval.nullable().describe('tr Σ / |G|² of the whole run, every step alike'),
    })
    .describe('B_crit as the run foretells it'),
  prediction: z
    .object({
      interval: scaleInterval.nullable().describe('95 % of studies; null where that cannot be told'),
      count: z.int().describe('comparisons that it rests on'),
      reason: z.string().nullable().describe('why it cannot be told'),
    })
    .optional()
    .describe('what a study would find; absent in plans of earlier versions'),
  stepTime: z
    .object({
      points: z
        .array(
          z.object({
            batchSize: z.int().describe('examples a step'),
            microBatch: z
              .int()
              .nullable()
              .describe('examples in memory at a time; null where it was not measured here'),
            seconds: z.number().describe('median of the repeats'),
            low: z.number().describe('fastest'),
            high: z.number().describe('slowest'),
            repeats: z.int().describe('how many'),
          }),
        )
        .describe('by growing batch size'),
      fit: z
        .object({
          overhead: z.number().describe('seconds a step whatever its batch'),
          perExample: z.number().describe('seconds an example'),
          residual: z.number().describe('root mean square of the relative residuals'),
          worst: z.number().describe('the largest of them'),
        })
        .describe('t(B) = overhead + B perExample'),
    })
    .describe('seconds of a step by batch size'),
  fastestOnOneDevice: z.number().describe('the batch with the shortest training on one device, not rounded; modelled'),
  devices: z.array(z.int()).describe('numbers of devices in the table'),
  link: z
    .object({
      bandwidth: z.number().describe('bytes a second'),
      latency: z.number().describe('seconds'),
      source: z.enum(['given', 'measured']).describe('where they come from'),
    })
    .nullable()
    .describe('between devices'),
  gradientBytes: z.number().describe('of the gradient that is summed'),
  price: z.number().nullable().describe('of a device-hour'),
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
  environment: environment.describe('where and when it was measured'),
});
