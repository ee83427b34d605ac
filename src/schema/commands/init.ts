/** What a study file is written from. */
import { z } from 'zod';
import { flags } from '../flags.ts';
import type { Of } from '../readonly.ts';

const positive = z.number().positive();

/** The quantity and the value of a target, `valLoss=1.2`; undefined for a text that is none. */
export function targetIn(text: string) {
  const [, quantity, value] = /^(trainLoss|valLoss|valMetric)\s*[=:]\s*(\S+)$/.exec(text.trim()) ?? [];
  const number = Number(value);
  return quantity === undefined || !Number.isFinite(number)
    ? undefined
    : { quantity: quantity as 'trainLoss' | 'valLoss' | 'valMetric', value: number };
}

export const initRequest = z.object({
  file: z.string().min(1).describe('the file to write').register(flags, { positional: true, value: 'file.yaml' }),
  command: z
    .array(z.string())
    .default([])
    .describe('behind two hyphens: the command as you would type it, with its options')
    .register(flags, { positional: true }),
  name: z
    .string()
    .min(1)
    .optional()
    .describe('of the study (default: from the script)')
    .register(flags, { value: 'name' }),
  model: z
    .string()
    .min(1)
    .optional()
    .describe('our own trainer: see ballast models')
    .register(flags, { value: 'name' }),
  dataset: z
    .string()
    .min(1)
    .optional()
    .describe('our own trainer: see ballast datasets')
    .register(flags, { value: 'name' }),
  logs: z
    .string()
    .min(1)
    .optional()
    .describe('finished runs: the folder of their logs')
    .register(flags, { value: 'path' }),
  examples: positive.optional().describe('training examples of an epoch').register(flags, { value: 'n' }),
  batchSizes: z
    .array(z.int().min(1))
    .min(1)
    .optional()
    .describe('such as 16,32,64,128,256,512')
    .register(flags, { value: 'list' }),
  rates: z
    .array(positive)
    .min(1)
    .optional()
    .describe('learning rates that are tried at each batch size')
    .register(flags, { value: 'list' }),
  seeds: z.array(z.int().min(0)).min(1).default([0]).describe('repeats').register(flags, { value: 'list' }),
  epochs: positive.optional().describe('budget of each trial').register(flags, { value: 'n' }),
  steps: z.int().min(1).optional().describe('or its steps').register(flags, { value: 'n' }),
  target: z
    .string()
    .refine(
      (text) => targetIn(text) !== undefined,
      'expected a target such as valLoss=1.2, trainLoss=0.5 or valMetric=0.9',
    )
    .optional()
    .describe('what training is to reach: valLoss=1.2, trainLoss=0.5 or valMetric=0.9')
    .register(flags, { value: 'quantity=value' }),
});
/** What a study file is written from. */
export type InitRequest = Of<typeof initRequest>;
