/** All that a server of results can be asked: from it follow the check of requests, the client of the page and the OpenAPI document. */
import { z } from 'zod';
import type { Of } from '../readonly.ts';
import { folderContents, place } from './folder.ts';
import { checkedText, checkRequest, form, measureRequest, saveRequest } from './forms.ts';
import { done, jobState, machineState, once, workerState } from './jobs.ts';
import { action, query } from './operation.ts';
import { figureRequest, resultPage, scaledRequest, scaledTop, spectraRequest, spectraResponse } from './results.ts';
import {
  costRequest,
  curvesRequest,
  curvesResponse,
  studyAnalysis,
  studyOverview,
  studyPage,
  studyRequest,
  tailRequest,
} from './studies.ts';

const trialsOf = z.object({
  study: place.describe('folder of the study'),
  trials: z.array(z.string().max(128)).min(1).max(10_000).describe('ids of trials'),
  once,
});

export const operations = {
  folder: query('What the served folder holds', z.object({}), folderContents),
  study: query('A study with all its trials', studyRequest, studyOverview),
  curves: query('Curves of trials, thinned for drawing', curvesRequest, curvesResponse),
  tails: query('What curves have gained since a page read them', tailRequest, curvesResponse),
  analysis: query('What a study says so far', studyRequest, studyAnalysis),
  cost: query('What the trainings of a study cost', costRequest, studyPage),
  report: query('The report of a study as a page', studyRequest, studyPage),
  result: query('A stored result as its page', z.object({ path: place }), resultPage),
  figure: query('A figure as SVG, or its data as CSV', figureRequest, z.object({ text: z.string() })),
  csv: query('A stored result as comma-separated values', z.object({ path: place }), z.object({ text: z.string() })),
  spectra: query('Spectra of units out of stored results', spectraRequest, spectraResponse),
  scaled: query('The top of the spectrum of a unit whose sides are scaled', scaledRequest, scaledTop),
  jobs: query('What is computed for pages', z.object({}), z.object({ jobs: z.array(jobState) })),
  workers: query(
    'Processes that compute trials of a study, and how busy the machine is',
    studyRequest,
    z.object({ workers: z.array(workerState), machine: machineState }),
  ),
  check: query('The mistakes of a study file, and what it asks for', checkRequest, checkedText),
  text: query('A study file as it stands', z.object({ path: place }), z.object({ text: z.string().describe('YAML') })),
  forms: query('What can be measured and planned', z.object({}), z.object({ forms: z.array(form) })),
  save: action('Write a study file', saveRequest, done),
  measure: action('Measure something into a folder', measureRequest, z.object({ job: jobState })),
  start: action(
    'Compute what is missing of a study',
    z.object({
      study: place.describe('its folder, or a study file that is computed into a folder beside it'),
      maxParallel: z.int().min(1).max(256).optional().describe('trials at a time'),
      once,
    }),
    z.object({ job: jobState }),
  ),
  pause: action('All trials finish their step, save and wait', studyRequest.extend({ once }), done),
  resume: action('Go on with a paused study', studyRequest.extend({ once }), done),
  requeue: action('Queue trials again', trialsOf, done),
  cancel: action('Trials are not computed until they are queued again', trialsOf, done),
  stop: action('A job saves what it has and ends', z.object({ job: z.string().max(128), once }), done),
} as const;

export type Operations = typeof operations;
export type OperationName = keyof Operations;
/** What is sent, before defaults. */
export type AskedOf<Name extends OperationName> = z.input<Operations[Name]['request']>;
/** What a handler is given. */
export type RequestOf<Name extends OperationName> = Of<Operations[Name]['request']>;
export type ResponseOf<Name extends OperationName> = Of<Operations[Name]['response']>;
