/** What a page is told while it is open. */
import { z } from 'zod';
import type { Of } from '../readonly.ts';
import { place } from './folder.ts';
import { jobState } from './jobs.ts';
import { studyProgress, trialState } from './studies.ts';

export const eventsRequest = z.object({
  since: z.coerce
    .number()
    .optional()
    .describe('cursor of the last event that the page has; Last-Event-ID goes before it'),
  study: z.array(place).max(16).default([]).describe('folders of studies whose trials are told of too'),
});

export const liveEvent = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('folder') }).describe('what the folder holds has changed'),
  z.object({ kind: z.literal('study'), progress: studyProgress }).describe('a study is further'),
  z.object({ kind: z.literal('trial'), study: place, trial: trialState }).describe('a trial is further'),
  z.object({ kind: z.literal('job'), job: jobState }).describe('a job is further'),
]);

/** A change, in its present state: what changed twice since is told once. */
export type LiveEvent = Of<typeof liveEvent>;
