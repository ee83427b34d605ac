import { arithmeticRules } from './arithmetic.ts';
import { convolutionRules } from './convolution.ts';
import { einsumRules } from './einsum.ts';
import { elementwiseRules } from './elementwise.ts';
import { indexingRules } from './indexing.ts';
import { layoutRules } from './layout.ts';
import { linearRules } from './linear.ts';
import { normalizationRules } from './normalization.ts';
import { poolingRules } from './pooling.ts';
import { reductionRules } from './reduction.ts';
import { resizeRules } from './resize.ts';
import type { Rule } from './rule.ts';

/** Derivatives, one rule an operator: the table that jvp, vjp and linearize all read. */
export const rules: Readonly<Record<string, Rule>> = {
  ...elementwiseRules,
  ...arithmeticRules,
  ...linearRules,
  ...einsumRules,
  ...convolutionRules,
  ...poolingRules,
  ...normalizationRules,
  ...reductionRules,
  ...layoutRules,
  ...indexingRules,
  ...resizeRules,
};
