/** What can be measured from a page, and planned: as forms. */
import { z } from 'zod';
import { clusterKeys } from '../commands/cluster.ts';
import { planKeys } from '../commands/plan.ts';
import type { Of } from '../readonly.ts';
import { runtimeKeys } from '../request.ts';
import { place } from './folder.ts';
import { once } from './jobs.ts';

export const formField = z.object({
  key: z.string().describe('of the request'),
  group: z.string().describe('what it is about; empty for what is particular to the measurement'),
  summary: z.string().describe('what it says'),
  type: z.enum(['text', 'number', 'whole', 'truth', 'choice', 'list']).describe('what it takes'),
  choices: z.array(z.string()).describe('of a choice; may be empty'),
  fallback: z.string().nullable().describe('its default as text; null where it has none'),
  required: z.boolean().describe('whether it must be said'),
});

export const form = z.object({
  name: z.string().describe('of the measurement'),
  summary: z.string().describe('what it is for'),
  fields: z.array(formField).describe('in their order'),
});

/** The name of a plan among what can be measured. */
export const planName = 'batch-plan';

/** A plan of the batch size for a training of ours, as a form asks for it. */
export const planRequest = z.object({
  model: z.string().min(1).describe('what is trained, such as resnet20'),
  dataset: z.string().default('shapes').describe('on what, such as cifar10 or shapes'),
  data: z.string().optional().describe('where the data set lies'),
  epochs: z.number().positive().optional().describe('passes over the training data'),
  batchSize: z.int().min(1).optional().describe('examples a step of the training that is planned for'),
  lr: z.number().positive().optional().describe('its learning rate'),
  seed: z.int().min(0).default(0).describe('of everything random'),
  steps: planKeys.steps,
  timing: planKeys.timing,
  ...clusterKeys,
  device: runtimeKeys.device,
  threads: runtimeKeys.threads,
});

export const measureRequest = z.object({
  name: z.string().max(80).describe('of the measurement'),
  request: z
    .record(z.string(), z.unknown())
    .describe('what is asked for; files and folders by their paths below the served folder'),
  folder: place.describe('where its result goes'),
  once,
});

export const checkRequest = z.object({ text: z.string().max(200_000).describe('the study file, YAML') });

export const checkedText = z.object({
  mistakes: z.array(z.object({ line: z.int(), message: z.string() })).describe('by line'),
  workloads: z.array(z.string()).describe('names'),
  trials: z.int().describe('places of its grid; several may come to the same computation'),
  runsCommands: z.boolean().describe('whether its trials are programs that the file names'),
});

export const saveRequest = checkRequest.extend({
  path: place.describe('of the study file'),
  before: z
    .string()
    .nullable()
    .describe('what it held when it was read; null for a new one: another one is not written over'),
  once,
});

/** A key of a request as a form shows it. */
export type FormField = Of<typeof formField>;
/** What a measurement is asked with, as a form. */
export type Form = Of<typeof form>;
/** A plan as a form asks for it. */
export type PlanForm = Of<typeof planRequest>;
