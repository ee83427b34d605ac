/** How far a study is, and what a run of it has come to. */
import { z } from 'zod';
import { flags } from '../flags.ts';
import type { Of } from '../readonly.ts';
import { mostThreads, runtimeKeys } from '../request.ts';

export const studyCounts = z.object({
  queued: z.int().describe('that wait'),
  running: z.int().describe('under way'),
  complete: z.int().describe('that used up their budget'),
  stopped: z.int().describe('ended early: every target was reached, or none could be'),
  infeasible: z.int().describe('that diverged'),
  failed: z.int().describe('whose process ended more often than it is tried again'),
});

/** A place of the grid whose best rate is the smallest or the largest that was tried: there may be a better one beyond. */
const edge = z.object({
  workload: z.string().describe('name of the workload'),
  strategy: z.string().describe('name of the strategy'),
  batchSize: z.number().describe('examples a step'),
  rate: z.number().describe('the best of those that were tried'),
  side: z.enum(['smallest', 'largest']).describe('of the rates that were tried'),
  next: z.number().describe('the next rate on that side, as far away as the last one'),
});
const edges = z.array(edge).describe('places whose best rate lies at the end of its grid');

export const studyRunResult = z.object({
  study: z.string().describe('name of the study'),
  status: z.enum(['complete', 'interrupted']).describe('whether anything is left'),
  trials: studyCounts.describe('by state'),
  edges,
});

/** `0`, or the long names that the driver gives them. */
const gpuName = /^[\w/:-]{1,100}$/;

const gpus = z
  .array(z.string())
  .refine((names) => names.every((name) => gpuName.test(name)) && new Set(names).size === names.length, {
    error: 'expected different graphics processors such as 0,1,2,3',
  });

const dataOfStudy = z
  .string()
  .optional()
  .describe('where the data lies, for workloads that name no folder')
  .register(flags, { value: 'dir' });

/** How a study is computed. */
export const studyRunKeys = {
  data: dataOfStudy,
  maxParallel: z
    .int()
    .min(1)
    .optional()
    .describe(
      'trials at a time; the threads are divided among them (default: 1; with graphics processors as many as they serve)',
    )
    .register(flags, { value: 'n' }),
  gpus: gpus
    .optional()
    .describe('graphics processors for commands, such as 0,1,2,3: each trial gets as many as its resources say')
    .register(flags, { value: 'list' }),
  threads: z
    .int()
    .min(1)
    .max(mostThreads)
    .optional()
    .describe('threads of all trials together (default: all cores)')
    .register(flags, { value: 'n' }),
  device: runtimeKeys.device,
  extend: z
    .boolean()
    .default(false)
    .describe('where the best rate lies on the edge of its grid, try more on that side, up to three'),
  failFast: z.boolean().default(false).describe('end with the first trial that fails'),
};

/** The file of a study. */
export const studyFileKey = z
  .string()
  .min(1)
  .describe('the study: docs/batch-studies.md says what it has, `ballast batch schema` for editors')
  .register(flags, { value: 'study.yaml', positional: true });

/** Commands that are tried for a while. */
export const studyCheckRequest = z.object({
  study: z
    .string()
    .describe('the study: docs/studies-of-commands.md')
    .register(flags, { value: 'study.yaml', positional: true }),
  data: dataOfStudy,
  seconds: z.int().min(1).default(60).describe('a run ends after so many').register(flags, { value: 'n' }),
  rows: z
    .int()
    .min(1)
    .default(3)
    .describe('or when it has logged so many steps with a loss')
    .register(flags, { value: 'n' }),
  gpus: studyRunKeys.gpus,
});

export const studyRunRequest = z.object({
  study: z.string().describe('path of the study file'),
  folder: z.string().nullable().describe('of the study on disk'),
});

export const studyStatusRequest = z.object({
  folder: z.string().describe('the study on disk').register(flags, { value: 'dir', positional: true }),
});

export const studyStatusResult = z.object({
  study: z.string().describe('name of the study'),
  trials: studyCounts.describe('by state'),
  outOfGrid: z.int().describe('trials that the grid no longer asks for'),
  points: z
    .array(
      z.object({
        workload: z.string().describe('name of the workload'),
        strategy: z.string().describe('name of the strategy'),
        batchSize: z.number().describe('examples a step'),
        trials: studyCounts.describe('by state; trials that several points share count at each'),
      }),
    )
    .describe('by workload, strategy and batch size'),
  running: z
    .array(
      z.object({
        trial: z.string().describe('in words'),
        step: z.int().describe('where it is'),
        budgetSteps: z.int().describe('where it ends'),
        pid: z.int().describe('of its process'),
      }),
    )
    .describe('trials under way'),
  failed: z
    .array(z.object({ trial: z.string().describe('in words'), note: z.string().describe('why') }))
    .describe('trials that failed'),
  edges,
});

/** What the commands of a study turned out to do when they ran for a while. */
export const checkedStudyResult = z.object({
  study: z.string().describe('name of the study'),
  maxParallel: z.int().describe('trials at a time on this machine'),
  gpusEach: z.int().describe('graphics processors of each; 0 where none are given out'),
  workloads: z
    .array(
      z.object({
        workload: z.string().describe('its name'),
        batchSize: z.number().describe('of the first trial that was tried'),
        source: z.string().optional().describe('where metrics were read: a path, stdout, or all'),
        files: z
          .array(
            z.object({
              path: z.string().describe('of a log'),
              format: z.string().describe('how it was read'),
              unused: z.record(z.string(), z.int()).describe('names that are no quantity, with how often they came'),
              problem: z.string().optional().describe('why it could not be read'),
            }),
          )
          .describe('logs that were written'),
        quantities: z
          .array(
            z.object({
              quantity: z.string().describe('what it is'),
              from: z.string().describe('its name in the log'),
              first: z.number().nullable().describe('its first value'),
              last: z.number().nullable().describe('its last value'),
            }),
          )
          .describe('that were recognized'),
        unused: z.array(z.string()).describe('names that were logged and are no quantity'),
        rows: z.int().describe('of the curve'),
        step: z.number().describe('of the last row'),
        examples: z.number().nullable().describe('of the last row, where known'),
        secondsPerStep: z
          .array(
            z.object({ batchSize: z.number().describe('examples a step'), seconds: z.number().describe('of a step') }),
          )
          .describe('that were measured'),
        checkpoint: z.string().optional().describe('where it was found'),
        resume: z
          .enum(['works', 'began anew', 'ran', 'failed', 'not tried'])
          .describe('what became of going on from it'),
        problems: z.array(z.string()).describe('what stands against a study, a sentence each'),
        hints: z.array(z.string()).describe('what to write into the study file, a sentence each'),
        trials: z.int().describe('of the study'),
        seconds: z
          .number()
          .optional()
          .describe('of all its trials one after another, where the time of a step was found'),
      }),
    )
    .describe('one by one'),
});

/** For how long the commands of a study are tried. */
export type StudyCheckRequest = Of<typeof studyCheckRequest>;
/** How many trials are in each state. */
export type StudyCounts = Of<typeof studyCounts>;
/** A place of the grid whose best rate is the smallest or the largest that was tried: there may be a better one beyond. */
export type Edge = Of<typeof edge>;
/** What of a study is done. */
export type StudyStatus = Of<typeof studyStatusResult>;
/** What a run of a study has come to. */
export type StudyRun = Of<typeof studyRunResult>;
/** What the commands of a study turned out to do when they ran for a while. */
export type CheckedStudy = Of<typeof checkedStudyResult>;
