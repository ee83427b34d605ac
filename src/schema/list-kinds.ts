/** The kinds of lists: what there is, and what is found in it. */
import { z } from 'zod';
import { registerKind } from './kind.ts';
import {
  datasetRequest,
  datasetResult,
  datasetsResult,
  kindsResult,
  modelRequest,
  modelResult,
  modelsResult,
  unitsRequest,
  unitsResult,
} from './lists.ts';
import { summaries } from './summaries.ts';

export const unitsKind = registerKind({
  kind: 'units',
  version: 1,
  summary: summaries.units,
  request: unitsRequest,
  result: unitsResult,
});

export const modelsKind = registerKind({
  kind: 'models',
  version: 1,
  summary: summaries.models,
  request: z.null(),
  result: modelsResult,
});

export const modelKind = registerKind({
  kind: 'model',
  version: 1,
  summary: summaries.model,
  request: modelRequest,
  result: modelResult,
});

export const datasetsKind = registerKind({
  kind: 'datasets',
  version: 1,
  summary: summaries.datasets,
  request: z.null(),
  result: datasetsResult,
});

export const datasetKind = registerKind({
  kind: 'dataset',
  version: 1,
  summary: summaries.dataset,
  request: datasetRequest,
  result: datasetResult,
});

export const kindsKind = registerKind({
  kind: 'kinds',
  version: 1,
  summary: summaries.kinds,
  request: z.null(),
  result: kindsResult,
});
