/** What is said of a study that is handed out. */
import { z } from 'zod';
import type { Of } from '../readonly.ts';
import { studyCounts } from './progress.ts';

export const queueStateRequest = z.object({ folder: z.string().describe('of the study on disk') });

export const queueStateResult = z.object({
  study: z.string().describe('name of the study'),
  queue: z.string().nullable().describe('how it is handed out; null where it is not'),
  draining: z.boolean().describe('whether nothing is given out now'),
  trials: studyCounts.describe('by state'),
  workers: z
    .array(
      z.object({
        worker: z.string().describe('its own name'),
        host: z.string().describe('machine that it runs on'),
        device: z.string().describe('what it computes on'),
        cores: z.int().describe('threads of a trial'),
        gpus: z.int().describe('graphics processors of a trial'),
        memory: z.number().describe('bytes for a trial'),
        commands: z.boolean().describe('whether it runs commands of studies'),
        speed: z.number().nullable().describe('GFLOP/s of a matrix product on all of its threads'),
        job: z.string().nullable().describe('of a batch system that it runs in'),
        trials: z
          .array(
            z.object({
              trial: z.string().describe('its id'),
              name: z.string().describe('in words'),
              attempt: z.int().describe('number of the attempt'),
              step: z.int().describe('of its last measurement'),
              budgetSteps: z.int().describe('where it ends'),
            }),
          )
          .describe('that it works on'),
      }),
    )
    .describe('those that gave a sign of life within a minute'),
  parked: z
    .array(
      z.object({
        trial: z.string().describe('its id'),
        name: z.string().describe('in words'),
        note: z.string().describe('why it failed'),
      }),
    )
    .describe('trials that failed and are not tried again by themselves'),
});
/** A study that is handed out. */
export type QueueState = Of<typeof queueStateResult>;

export const plannedArray = z.object({
  tasks: z.int().describe('of the job array'),
  atATime: z.int().describe('of them at most'),
  hoursOfTask: z.number().nullable().describe('that each may take; null where the partition decides'),
  hoursOfTrials: z
    .number()
    .nullable()
    .describe('of all missing trials one after another on a machine like this one; null where programs train'),
  hoursTillEnd: z.number().nullable().describe('with as many at a time as there may be'),
  script: z.string().describe('that would be submitted'),
});
/** What would be submitted to Slurm. */
export type PlannedArray = Of<typeof plannedArray>;
