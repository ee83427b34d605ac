/** What a training costs: step times, devices, and ways to train. */
import { z } from 'zod';
import type { Of } from '../readonly.ts';
import { plannedArray } from './queue.ts';

/** A number with where it comes from. */
export const marked = z.object({
  value: z.number().describe('the number'),
  provenance: z.enum(['measured', 'modelled']).describe('where it comes from'),
});

export const trainingCost = z.object({
  batchSize: z.int().describe('examples a step'),
  devices: z.int().describe('that share it'),
  steps: marked.describe('of the training'),
  stepSeconds: marked.describe('of one step'),
  seconds: marked.describe('steps times seconds of a step'),
  deviceHours: marked.describe('devices times hours'),
  money: marked.nullable().describe('device-hours times the price of one; null without a price'),
});

/** Seconds of a step at one batch size. */
export const stepTimePoint = z.object({
  batchSize: z.int().describe('examples a step'),
  microBatch: z
    .int()
    .nullable()
    .describe('examples in memory at a time; null where the batch was not measured here and nothing is known of it'),
  seconds: z.number().describe('median of the repeats'),
  low: z.number().describe('fastest repeat'),
  high: z.number().describe('slowest repeat'),
  repeats: z.int().describe('how many'),
});

export const stepTimeCurve = z.object({
  points: z.array(stepTimePoint).describe('by growing batch size'),
  fit: z
    .object({
      overhead: z.number().describe('t0, seconds a step whatever its batch'),
      perExample: z.number().describe('t1, seconds an example'),
      residual: z.number().describe('root mean square of the relative residuals'),
      worst: z.number().describe('the largest of them, in absolute value'),
    })
    .describe('t(B) = t0 + B t1'),
});

/** Between devices. */
export const link = z.object({
  bandwidth: z.number().describe('bytes a second, of each device in each direction'),
  latency: z.number().describe('seconds until the first byte of a message arrives'),
  source: z.enum(['given', 'measured']).describe('by the user, or on the real link'),
});

export const priceOfDevice = z
  .number()
  .nullable()
  .describe('of a device-hour, in any currency; null: costs are device-hours');

/** What strategies of a study cost. */
export const studyCosts = z.object({
  devices: z.array(z.int()).describe('numbers of devices'),
  link: link.nullable().describe('between devices; null where it is not known'),
  price: priceOfDevice,
  strategies: z
    .array(
      z.object({
        workload: z.string().describe('name of the workload'),
        strategy: z.string().describe('name of the strategy'),
        target: z.string().describe('what training is to reach'),
        hardware: z.string().describe('whose step times these are'),
        stepTime: stepTimeCurve.describe('seconds of a step by batch size'),
        ways: z.array(trainingCost).describe('measured on one device, modelled on more'),
        front: z.array(trainingCost).describe('the ways that no other beats in time and device-hours alike'),
        knee: trainingCost.nullable().describe('the least product of time and device-hours'),
      }),
    )
    .describe('with their costs'),
  without: z
    .array(
      z.object({
        workload: z.string().describe('name of the workload'),
        strategy: z.string().describe('name of the strategy'),
        why: z.string().describe('the reason, in words'),
      }),
    )
    .describe('strategies without a cost'),
});

/** What `ballast batch run` with `dryRun` says: what is missing of a study, and what that takes. */
export const missingOfStudyResult = z.object({
  study: z.string().describe('name of the study'),
  points: z.int().describe('points of the grid'),
  trials: z.int().describe('trials, of which several points may share one'),
  missing: z.int().describe('trials that are to be computed'),
  workloads: z
    .array(
      z.object({
        name: z.string().describe('name of the workload'),
        trials: z.int().describe('that are missing of it'),
        steps: z.number().describe('of all of them'),
        flops: z
          .number()
          .nullable()
          .describe('floating-point operations of training; null where another program trains'),
        bytes: z.number().nullable().describe('that stay on disk; null where another program decides it'),
        trainingMinutes: z.number().nullable().describe('in steps; null where another program trains'),
        evaluationMinutes: z.number().nullable().describe('in evaluations; null likewise'),
      }),
    )
    .describe('one by one'),
  flops: z.number().describe('of all workloads, as far as known'),
  bytes: z.number().describe('of all workloads, as far as known'),
  minutes: z.number().describe('of all workloads, as far as known'),
  commands: z.array(z.string()).describe('workloads that other programs train, whose time is not in the sum'),
  assumption: z.string().describe('what the time rests on, in words'),
  array: plannedArray.optional().describe('what would be submitted, where the study is for Slurm'),
});

/** What joins devices. */
export type Link = Of<typeof link>;
/** A number with where it comes from. */
export type Marked = Of<typeof marked>;
/** What a training takes at a batch size on some devices. */
export type TrainingCost = Of<typeof trainingCost>;
/** Seconds of a step by batch size. */
export type StepTimeCurve = Of<typeof stepTimeCurve>;
/** What the strategies of a study cost. */
export type StudyCosts = Of<typeof studyCosts>;
/** What is missing of a study, and what that takes. */
export type MissingOfStudy = Of<typeof missingOfStudyResult>;
