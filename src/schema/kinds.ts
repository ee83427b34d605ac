/** The kinds of results of measurements. */
import { z } from 'zod';
import { registerKind } from './kind.ts';
import { alignmentRequest, alignmentResult } from './measurements/alignment.ts';
import { branchesRequest, branchesResult } from './measurements/branches.ts';
import { comparisonRequest, comparisonResult } from './measurements/comparison.ts';
import { convolutionsRequest, convolutionsResult } from './measurements/convolutions.ts';
import { curvatureRequest, curvatureResult, withShareOfSums } from './measurements/curvature.ts';
import { sinceDirected } from './measurements/directed.ts';
import { eigenvaluesRequest, eigenvaluesResult } from './measurements/eigenvalues.ts';
import { evaluationRequest, evaluationResult } from './measurements/evaluation.ts';
import { interventionRequest, interventionResult } from './measurements/intervention.ts';
import { perturbationRequest, perturbationResult } from './measurements/perturbation.ts';
import { measurementPlanRequest, measurementPlanResult } from './measurements/plan.ts';
import { growthResult, reproductionRequest, reproductionResult } from './measurements/reproduction.ts';
import { spectrumRequest, spectrumResult } from './measurements/spectrum.ts';
import { formerStudyStability, studyStabilityRequest, studyStabilityResult } from './measurements/study-stability.ts';
import { tokensRequest, tokensResult } from './measurements/tokens.ts';
import { summaries } from './summaries.ts';

/** Of files that no request of their own led to. */
const nothing = z.null();

export const spectrumKind = registerKind({
  kind: 'spectrum',
  version: 1,
  summary: summaries.spectrum,
  request: spectrumRequest,
  result: spectrumResult,
});

export const perturbationKind = registerKind({
  kind: 'perturb',
  ...sinceDirected('perturb', perturbationResult),
  summary: summaries.perturb,
  request: perturbationRequest,
  result: perturbationResult,
});

export const interventionKind = registerKind({
  kind: 'intervene',
  version: 1,
  summary: summaries.intervene,
  request: interventionRequest,
  result: interventionResult,
});

export const curvatureKind = registerKind({
  kind: 'curvature',
  version: 2,
  summary: summaries.curvature,
  request: curvatureRequest,
  result: curvatureResult,
  migrations: { 1: withShareOfSums },
});

export const comparisonKind = registerKind({
  kind: 'compare',
  ...sinceDirected('compare', comparisonResult),
  summary: summaries.compare,
  request: comparisonRequest,
  result: comparisonResult,
});

export const convolutionsKind = registerKind({
  kind: 'convolutions',
  version: 1,
  summary: summaries.convolutions,
  request: convolutionsRequest,
  result: convolutionsResult,
});

export const eigenvaluesKind = registerKind({
  kind: 'eigenvalues',
  version: 1,
  summary: summaries.eigenvalues,
  request: eigenvaluesRequest,
  result: eigenvaluesResult,
});

export const tokensKind = registerKind({
  kind: 'tokens',
  version: 1,
  summary: summaries.tokens,
  request: tokensRequest,
  result: tokensResult,
});

export const alignmentKind = registerKind({
  kind: 'alignment',
  version: 1,
  summary: summaries.alignment,
  request: alignmentRequest,
  result: alignmentResult,
});

export const reproductionKind = registerKind({
  kind: 'reproduce-stability',
  ...sinceDirected('reproduce-stability', reproductionResult),
  summary: summaries['reproduce-stability'],
  request: reproductionRequest,
  result: reproductionResult,
});

export const studyStabilityKind = registerKind({
  kind: 'study-stability',
  version: 1,
  summary: summaries['study-stability'],
  request: studyStabilityRequest,
  result: studyStabilityResult,
  former: formerStudyStability,
});

export const evaluationKind = registerKind({
  kind: 'eval',
  version: 1,
  summary: summaries.eval,
  request: evaluationRequest,
  result: evaluationResult,
});

export const branchesKind = registerKind({
  kind: 'branches',
  version: 1,
  summary: summaries.branches,
  request: branchesRequest,
  result: branchesResult,
});

export const growthKind = registerKind({
  kind: 'growth',
  ...sinceDirected('growth', growthResult),
  summary: summaries.growth,
  request: nothing,
  result: growthResult,
});

export const measurementPlanKind = registerKind({
  kind: 'measurement-plan',
  version: 1,
  summary: summaries['measurement-plan'],
  request: measurementPlanRequest,
  result: measurementPlanResult,
});
