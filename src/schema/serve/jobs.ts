/** What is computed for a page, in processes of their own. */
import { z } from 'zod';
import type { Of } from '../readonly.ts';
import { place } from './folder.ts';

export const jobState = z.object({
  id: z.string().describe('of the job'),
  what: z.string().describe('study, or the measurement that is made'),
  folder: place.describe('where it writes'),
  state: z.enum(['running', 'stopping', 'done', 'failed', 'stopped']).describe('how far it is'),
  fraction: z.number().nullable().describe('of the whole, 0 .. 1; null where it is not known'),
  detail: z.string().describe('what it is at, or why it failed'),
  pid: z.int().describe('of its process'),
  began: z.number().describe('milliseconds since 1970'),
});

export const machineState = z.object({
  cores: z.int().describe('that there are'),
  load: z.number().describe('processes that compute or wait to, mean of a minute; 0 where the system does not say'),
  memory: z.number().describe('bytes that there are'),
  free: z.number().describe('bytes that are free'),
});

export const workerState = z.object({
  trial: z.string().describe('id of what it computes'),
  machine: z.string().describe('its name'),
  pid: z.int().describe('of its process there'),
  cores: z
    .number()
    .nullable()
    .describe(
      'that it kept busy since it was looked at last, with the programs it started; null elsewhere than on this machine',
    ),
  memory: z.number().nullable().describe('bytes in memory of all of them; null likewise'),
});

/** The same request with the same key is done once, whoever sends it how often. */
export const once = z
  .string()
  .min(8)
  .max(128)
  .regex(/^[\w-]+$/)
  .describe('made by whoever asks: an action is done once for a key, however often it comes');

/** What became of an action. */
export const done = z.object({ done: z.string().describe('in words') });

/** A computation for a page. */
export type JobState = Of<typeof jobState>;
/** A process that computes a trial. */
export type WorkerState = Of<typeof workerState>;
/** How busy the machine is. */
export type MachineState = Of<typeof machineState>;
