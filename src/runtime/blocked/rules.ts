import { channelRules } from './channels.ts';
import { convolutionRules } from './convolution.ts';
import { mergedImages } from './depthwise-gradient.ts';
import { elementwiseRules } from './elementwise.ts';
import type { EmissionRule } from './emission.ts';
import { poolingRules } from './pooling.ts';
import { reductionRules } from './reductions.ts';
import { reversal, weightGradientRules } from './weight-gradient.ts';

/** The operators that know blocked order, one rule each. */
export const emissionRules: Readonly<Record<string, EmissionRule>> = {
  ...convolutionRules,
  ...elementwiseRules,
  ...poolingRules,
  ...channelRules,
  ...reductionRules,
  ...weightGradientRules,
  Reshape: (node, e) => mergedImages(node, e) || channelRules.Reshape!(node, e),
  Slice: (node, e) => reversal(node, e) || channelRules.Slice!(node, e),
};
