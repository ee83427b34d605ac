import type { Case } from '../check.ts';
import { arithmeticCases } from './arithmetic.ts';
import { convolutionCases } from './convolution.ts';
import { elementwiseCases } from './elementwise.ts';
import { indexingCases, layoutCases } from './layout.ts';
import { linearCases } from './linear.ts';
import { normalizationCases } from './normalization.ts';
import { poolingCases } from './pooling.ts';
import { reductionCases } from './reduction.ts';
import { resizeCases } from './resize.ts';

/** Every operator that has a rule, in several settings; `op` is the operator that the case is about. */
export const allCases: readonly Case[] = [
  ...elementwiseCases,
  ...arithmeticCases,
  ...linearCases,
  ...convolutionCases,
  ...poolingCases,
  ...normalizationCases,
  ...reductionCases,
  ...layoutCases,
  ...indexingCases,
  ...resizeCases,
];
