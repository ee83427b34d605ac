/** A study as a page shows it: its trials, their curves, and what they say so far. */
import { z } from 'zod';
import { clusterKeys } from '../commands/cluster.ts';
import type { Of } from '../readonly.ts';
import { studyCounts } from '../studies/progress.ts';
import { place } from './folder.ts';

const count = z.int().min(0);

export const trialState = z.object({
  id: z.string().describe('of the trial'),
  workload: z.string().describe('its workload'),
  strategy: z.string().describe('its strategy; the first of several that come to the same computation'),
  batchSize: z.number().describe('examples a step'),
  baseRate: z.number().describe('the rate before the rule of the strategy'),
  learningRate: z.number().describe('after it'),
  seed: z.number().describe('of everything random'),
  status: z.enum(['queued', 'running', 'complete', 'stopped', 'infeasible', 'failed']).describe('how far it is'),
  held: z.boolean().describe('cancelled by hand: it is not computed until it is queued again'),
  step: z.number().describe('of its last measurement; 0 before the first'),
  budgetSteps: z.number().describe('steps that it is allowed'),
  attempt: count.describe('how often it was taken up'),
  note: z.string().nullable().describe('why it failed, where it did'),
});

export const studyProgress = z.object({
  study: place,
  name: z.string().describe('of the study'),
  counts: studyCounts.describe('trials by state'),
  held: count.describe('queued trials that were cancelled by hand'),
  paused: z.boolean().describe('whether nothing is to be computed until it is resumed'),
  working: count.describe('processes that compute trials now'),
});

export const studyRequest = z.object({ study: place.describe('folder of the study') });

export const studyOverview = studyProgress.extend({
  source: z
    .enum(['database', 'measured'])
    .describe('database: of `batch run`, which can be computed; measured: an import or an export'),
  text: z.string().nullable().describe('the study file; null where there is none'),
  trials: z.array(trialState).describe('in the order of work'),
  cursor: z.number().describe('of the events that are in it'),
});

export const curveQuantities = ['trainLoss', 'valLoss', 'valMetric', 'noiseScale', 'gradNorm'] as const;
export const mostCurves = 64;

export const curvesRequest = z.object({
  study: place.describe('folder of the study'),
  trials: z.array(z.string().max(128)).min(1).max(mostCurves).describe('ids of trials'),
  quantity: z.enum(curveQuantities).describe('what is drawn'),
  from: z.number().optional().describe('first step'),
  to: z.number().optional().describe('last step'),
  points: z.int().min(10).max(10_000).default(1000).describe('most points of a curve'),
});

export const thinnedCurve = z.object({
  trial: z.string().describe('id'),
  attempt: count.describe('the attempt that wrote its end: with another one, steps may have been made again'),
  total: count.describe('measurements in the range'),
  thinned: z
    .boolean()
    .describe('whether some were left out: of each part of the range the first, least, largest and last stay'),
  step: z.array(z.number()).describe('growing'),
  value: z.array(z.number()).describe('at each step'),
});

export const curvesResponse = z.object({ curves: z.array(thinnedCurve).describe('in the order that was asked for') });

export const tailRequest = z.object({
  study: place.describe('folder of the study'),
  quantity: z.enum(curveQuantities).describe('what is drawn'),
  after: z
    .array(z.object({ trial: z.string().max(128), attempt: count, step: z.number() }))
    .min(1)
    .max(mostCurves)
    .describe('what the page has of each trial: its last step, and the attempt that wrote it'),
});

export const costRequest = z.object({
  study: place.describe('folder of the study'),
  devices: z.int().min(1).max(65_536).default(1).describe('devices that train together'),
  ...{ bandwidth: clusterKeys.bandwidth, latency: clusterKeys.latency, price: clusterKeys.price },
});

export const studyPage = z.object({
  page: z.string().nullable().describe('HTML; null where nothing can be said'),
  reason: z.string().nullable().describe('why there is no page'),
  files: z.array(z.string()).describe('of its figures: SVG and CSV'),
});

const trialOutcome = z.object({
  trial: z.string().describe('id'),
  best: z.number().nullable().describe('of the quantity of the primary target'),
  reachedAt: z.number().nullable().describe('step at which the primary target was first met; null where it was not'),
});

const undecided = z.object({
  workload: z.string().describe('its workload'),
  strategy: z.string().describe('its strategy'),
  what: z.string().describe('what cannot be told yet, in a sentence'),
  trials: z.array(z.string()).describe('ids of unfinished trials that would decide it'),
});

export const studyAnalysis = z.object({
  answer: z
    .array(z.string())
    .describe('what its report says first, a sentence each; empty where nothing can be said yet'),
  reason: z.string().nullable().describe('why nothing can be said'),
  undecided: z.array(undecided).describe('what is still open'),
  outcomes: z.array(trialOutcome).describe('by trial'),
  version: z.string().describe('of the measurements that it rests on'),
  seconds: z.number().describe('that it took'),
});

/** A trial as a table shows it. */
export type TrialState = Of<typeof trialState>;
/** How far a study is. */
export type StudyProgress = Of<typeof studyProgress>;
/** A study with all its trials. */
export type StudyOverview = Of<typeof studyOverview>;
/** What can be drawn against the steps of a trial. */
export type CurveQuantity = (typeof curveQuantities)[number];
/** A curve as it is drawn. */
export type ThinnedCurve = Of<typeof thinnedCurve>;
/** What a study says so far. */
export type StudyAnalysis = Of<typeof studyAnalysis>;
