/** The networks of a study compared by their stability: the request, and what is measured. */
import { z } from 'zod';
import { interval, measuredIn } from '../common.ts';
import { flags } from '../flags.ts';
import type { Of } from '../readonly.ts';
import { positions, runtimeKeys } from '../request.ts';
import { effectSize, verdict } from '../verdict.ts';
import { attackSummary } from './perturbation.ts';

export const studyStabilityRequest = z.object({
  folder: z
    .string()
    .min(1)
    .describe('folder of a study of `ballast batch run`')
    .register(flags, { value: 'dir', positional: true }),
  data: z
    .string()
    .optional()
    .describe('folder of the data (default: where the study found it)')
    .register(flags, { value: 'dir' }),
  workloads: z
    .string()
    .optional()
    .describe('only these, separated by commas (default: all that classify images)')
    .register(flags, { value: 'names' }),
  all: z.boolean().default(false).describe('also the rates that were not the best of their strategy and batch size'),
  images: positions
    .default('0-99')
    .describe('positions in the held-out data, e.g. 0-99')
    .register(flags, { value: 'list' }),
  eps: z
    .array(z.number().positive('expected radii above 0'))
    .min(1)
    .default([1 / 255, 2 / 255, 4 / 255])
    .describe('linf radii of PGD in pixel units; growth is that of the first')
    .register(flags, { value: 'list', unit: 'pixels' }),
  steps: z.int().min(1).default(10).describe('steps of PGD').register(flags, { value: 'n' }),
  spectrumImages: z
    .int()
    .min(0)
    .default(4)
    .describe('largest singular values at the first so many images (0: none)')
    .register(flags, { value: 'n' }),
  seed: z.int().min(0).default(0).describe('seed of everything random').register(flags, { value: 'n' }),
  ...runtimeKeys,
});

export const trainedModel = z.object({
  trialId: z.string().describe('of the trial that trained it'),
  strategies: z.array(z.string()).describe('strategies of the study that come to this trial'),
  batchSize: z.int().describe('it was trained with'),
  learningRate: z.number().describe('likewise'),
  optimizer: z.string().optional().describe('its update rule; absent in results of earlier versions'),
  seed: z.int().describe('likewise'),
  steps: z.int().describe('of training'),
  examples: z.int().describe('that it has seen'),
  trainLoss: z.number().nullable().describe('in the end'),
  valLoss: z.number().nullable().describe('in the end'),
  accuracy: z.number().describe('on the images that are attacked'),
  attacks: z.array(attackSummary).describe('one for each radius'),
  distance: z
    .number()
    .nullable()
    .describe('median l2 norm of the smallest perturbations that DeepFool finds; null where it finds none'),
  growth: z
    .array(
      z.object({
        stage: z.string().describe('name of the stage'),
        adversarial: z
          .number()
          .nullable()
          .describe('‖d‖ / ‖x‖ at its end over the same at the image, of PGD; null where no image could be attacked'),
        random: z.number().nullable().describe('the same of Gaussian noise of the same l2 norm'),
        ratio: interval
          .nullable()
          .describe('adversarial to random, image by image: median with a 95 % bootstrap interval'),
      }),
    )
    .describe('stage by stage'),
  norms: z
    .array(
      z.object({
        name: z.string().describe('unit or stage'),
        norm: z.number().describe('‖J‖₂, the largest singular value: mean over images'),
        maxResidual: z.number().describe('largest residual, relative to the value'),
      }),
    )
    .describe('block by block'),
});

const workload = z.object({
  name: z.string().describe('name of the workload'),
  model: z.string().describe('its model'),
  dataset: z.string().describe('its data set'),
  models: z.array(trainedModel).describe('its networks'),
  atChance: z
    .array(z.string())
    .describe('trial ids of those that are right no more often than chance: they are in no trend'),
  trends: z
    .array(
      z.object({
        measure: z.string().describe('what goes with the batch size'),
        batch: verdict.describe(
          'whether larger batches are less stable by it, at equal rate and training loss; the effect is per doubling of the batch',
        ),
        rate: effectSize.nullable().describe('per doubling of the rate; null where it does not vary'),
        both: effectSize
          .nullable()
          .default(null)
          .describe(
            'per doubling of batch and rate together, as linear scaling has it; null where the rate does not vary',
          ),
        loss: effectSize.nullable().describe('per unit of the training loss; null where it does not vary'),
        networks: z.int().describe('behind it'),
      }),
    )
    .describe('over all its networks'),
});

export const studyStabilityResult = z.object({
  study: z.string().describe('its name'),
  settings: z
    .object({
      images: z.array(z.int()).describe('positions in the held-out data'),
      eps: z.array(z.number()).describe('radii'),
      steps: z.int().describe('of PGD'),
      spectrumImages: z.int().describe('images with singular values'),
      seed: z.int().describe('of everything random'),
    })
    .describe('what was asked for'),
  workloads: z.array(workload).describe('workload by workload'),
  skipped: z
    .array(z.object({ what: z.string().describe('workload or trial'), why: z.string().describe('the reason') }))
    .describe('what was left out'),
  ...measuredIn,
});
/** As version 0.1 wrote it: its trends were rank correlations that pooled strategies and networks at chance, and are not carried on. */
export const formerStudyStability = studyStabilityResult.extend({
  workloads: z.array(
    workload
      .omit({ atChance: true })
      .extend({ trends: z.array(z.object({ measure: z.string(), withBatch: z.unknown(), atEqualLoss: z.unknown() })) })
      .transform((own) => ({ ...own, atChance: [], trends: [] })),
  ),
});
export type TrainedModel = Of<typeof trainedModel>;
/** The stability of the networks of a batch study, and how it follows the batch size. */
export type StudyStability = Of<typeof studyStabilityResult>;
