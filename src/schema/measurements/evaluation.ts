/** How good a network is on held-out data: the request, and what is measured. */
import { z } from 'zod';
import { environment, subject } from '../common.ts';
import { flags } from '../flags.ts';
import type { Of } from '../readonly.ts';
import { dataKeys, networkKeys, runtimeKeys, splitName, tokenizerKey } from '../request.ts';

export const evaluationRequest = z.object({
  ...networkKeys,
  ...dataKeys,
  ...tokenizerKey,
  split: splitName.default('test').describe('which data').register(flags, { value: 'name' }),
  batchSize: z
    .int()
    .min(1)
    .optional()
    .describe('examples a call (default: 256 images, 16 with masks, 20 streams of text)')
    .register(flags, { value: 'n' }),
  ...runtimeKeys,
});

const evaluated = {
  ...subject,
  dataset: z.string().describe('name of the data set'),
  split: splitName.describe('which part of it'),
  loss: z
    .number()
    .nullable()
    .describe('mean cross-entropy in nats of an image, a pixel or a token; null where it overflows'),
  count: z.int().describe('how many images, or tokens that were predicted'),
  seconds: z.number().describe('time in the network, data preparation included, compilation not'),
  environment: environment.describe('where and when it was measured'),
};

export const evaluationResult = z.discriminatedUnion('task', [
  z.object({
    task: z.literal('classification').describe('one class an image'),
    ...evaluated,
    accuracy: z.number().describe("share of images whose largest logit is the label's, 0 .. 1"),
    imagesPerSecond: z.number().describe('speed'),
  }),
  z.object({
    task: z.literal('segmentation').describe('one class a pixel'),
    ...evaluated,
    meanIoU: z
      .number()
      .describe(
        "mean of the classes' intersection over union, 0 .. 1, over those that occur; ignored pixels count nowhere",
      ),
    pixelAccuracy: z.number().describe('share of the pixels whose class is found'),
    classes: z
      .array(
        z.object({
          name: z.string().describe('name of the class'),
          iou: z
            .number()
            .optional()
            .describe(
              'hits / (hits + misses + false alarms); absent for a class that neither the masks nor the network have',
            ),
          pixels: z.int().describe('of this class in the masks'),
        }),
      )
      .describe('class by class'),
    imagesPerSecond: z.number().describe('speed'),
  }),
  z.object({
    task: z.literal('language').describe('the next token'),
    ...evaluated,
    perplexity: z.number().nullable().describe('exp of the loss; null where it overflows'),
    tokensPerSecond: z.number().describe('speed'),
  }),
]);
/** How well a network does on data. */
export type EvaluationResult = Of<typeof evaluationResult>;
