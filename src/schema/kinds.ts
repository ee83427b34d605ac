/** All kinds of results that Ballast writes, and those files that it reads back. */
import { z } from 'zod';
import { alignmentRequest, alignmentResult } from './alignment.ts';
import { batchPlanRequest, batchPlanResult } from './batch-plan.ts';
import { convolutionsRequest, convolutionsResult } from './convolutions.ts';
import { curvatureRequest, curvatureResult } from './curvature.ts';
import { eigenvaluesRequest, eigenvaluesResult } from './eigenvalues.ts';
import { evaluationRequest, evaluationResult } from './evaluation.ts';
import { interventionRequest, interventionResult } from './intervention.ts';
import { registerKind } from './kind.ts';
import { linearErrorsResult } from './linear-errors.ts';
import { perturbationRequest, perturbationResult } from './perturbation.ts';
import { growthResult, reproductionRequest, reproductionResult } from './reproduction.ts';
import { spectrumRequest, spectrumResult } from './spectrum.ts';
import { studyStabilityRequest, studyStabilityResult } from './study-stability.ts';

/** Of files that no request of their own led to. */
const nothing = z.null();

export const spectrumKind = registerKind({
  kind: 'spectrum',
  version: 1,
  summary: 'Singular values of residual units and stages, linearized at images of the test set',
  request: spectrumRequest,
  result: spectrumResult,
});

export const perturbationKind = registerKind({
  kind: 'perturb',
  version: 1,
  summary:
    'Random and adversarial perturbations of images: accuracy under attack, growth through the network, energies on singular vectors',
  request: perturbationRequest,
  result: perturbationResult,
});

export const interventionKind = registerKind({
  kind: 'intervene',
  version: 1,
  summary:
    'Scale the skip connection and the branch of residual units: what becomes of their singular values, and of the accuracy',
  request: interventionRequest,
  result: interventionResult,
});

export const curvatureKind = registerKind({
  kind: 'curvature',
  version: 1,
  summary: 'Hessian of the mean loss over some examples: largest eigenvalues, trace and density of the spectrum',
  request: curvatureRequest,
  result: curvatureResult,
});

export const convolutionsKind = registerKind({
  kind: 'convolutions',
  version: 1,
  summary: 'Singular values of single convolutions with their padding and stride, beside the circular approximation',
  request: convolutionsRequest,
  result: convolutionsResult,
});

export const eigenvaluesKind = registerKind({
  kind: 'eigenvalues',
  version: 1,
  summary: 'Eigenvalues of the branches of residual units with an identity shortcut, at images of the test set',
  request: eigenvaluesRequest,
  result: eigenvaluesResult,
});

export const alignmentKind = registerKind({
  kind: 'alignment',
  version: 1,
  summary: 'How the top singular vectors of the branches of a stage align across depth, at images of the test set',
  request: alignmentRequest,
  result: alignmentResult,
});

export const reproductionKind = registerKind({
  kind: 'reproduce-stability',
  version: 1,
  summary:
    'Findings F1 to F5 of Rothauge et al. (arXiv 1905.13386) on a residual network: spectra, interventions, perturbations, projections; one page',
  request: reproductionRequest,
  result: reproductionResult,
});

export const studyStabilityKind = registerKind({
  kind: 'study-stability',
  version: 1,
  summary:
    'The networks that a study trained, compared: singular values, growth of perturbations and adversarial accuracy against batch size and strategy',
  request: studyStabilityRequest,
  result: studyStabilityResult,
});

export const evaluationKind = registerKind({
  kind: 'eval',
  version: 1,
  summary:
    'How good a network is on held-out data: accuracy, intersection over union or perplexity, and mean cross-entropy',
  request: evaluationRequest,
  result: evaluationResult,
});

export const batchPlanKind = registerKind({
  kind: 'batch-plan',
  version: 1,
  summary: 'Which batch size to train with: critical batch size, step times, and what a training costs',
  request: batchPlanRequest,
  result: batchPlanResult,
});

export const linearErrorsKind = registerKind({
  kind: 'linear-errors',
  version: 1,
  summary: 'How far one step of a study’s networks is from the linear approximation of the loss',
  request: nothing,
  result: linearErrorsResult,
});

export const growthKind = registerKind({
  kind: 'growth',
  version: 1,
  summary: 'The growth of perturbations at the end of every stage, out of a reproduction',
  request: nothing,
  result: growthResult,
});
