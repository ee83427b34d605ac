import { describeNode, GraphError } from '../graph.ts';
import { elementwiseRules, microsoftElementwiseRules } from './elementwise.ts';
import { furtherRules } from './further.ts';
import { indexingRules } from './indexing.ts';
import { layoutRules } from './layout.ts';
import { linearRules, microsoftLinearRules } from './linear.ts';
import { normalizationRules } from './normalization.ts';
import { fail, type InferenceContext, type InferenceRule, type Inferred } from './rule.ts';
import { blockedRules, spatialRules } from './spatial.ts';

/** Shape inference, one rule an operator: domain, then operator type. */
export const inferenceRules: Readonly<Record<string, Readonly<Record<string, InferenceRule>>>> = {
  '': {
    ...elementwiseRules,
    ...linearRules,
    ...spatialRules,
    ...normalizationRules,
    ...layoutRules,
    ...indexingRules,
    ...furtherRules,
  },
  'com.microsoft': { ...microsoftElementwiseRules, ...microsoftLinearRules },
  'com.microsoft.nchwc': blockedRules,
};

/** Larger tensors and higher ranks are taken for mistakes: 2^31 numbers are 8 GiB. */
const largestTensor = 2 ** 31;
const largestRank = 32;

/** Whether Ballast knows the operator at all. */
export function isKnownOperator(opType: string, domain: string): boolean {
  return Object.hasOwn(inferenceRules, domain) && Object.hasOwn(inferenceRules[domain]!, opType);
}

/** Types and shapes of a node's outputs. Throws GraphError when the operator is unknown or its inputs do not fit. */
export function inferOutputs(context: InferenceContext): readonly Inferred[] {
  const { opType, domain } = context.node;
  if (!isKnownOperator(opType, domain))
    throw new GraphError(`${describeNode(context.node)}: operator is not supported (no shape rule)`);
  const outputs = inferenceRules[domain]![opType]!(context);
  for (const { shape } of outputs) {
    const wrong = shape.some((d) => typeof d !== 'string' && !(Number.isSafeInteger(d) && d >= 0));
    const elements = shape.reduce<number>((n, d) => (typeof d === 'number' ? n * d : n), 1);
    if (wrong || shape.length > largestRank || elements > largestTensor) {
      const shown = shape.length > 8 ? `${shape.slice(0, 8)}, ... (${shape.length} dimensions)` : shape.join(', ');
      fail(context.node, `the result would have the shape [${shown}]`);
    }
  }
  return outputs;
}
