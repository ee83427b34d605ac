import { describeNode, GraphError } from '../graph.ts';
import { elementwiseRules } from './elementwise.ts';
import { layoutRules } from './layout.ts';
import { linearRules } from './linear.ts';
import type { InferenceContext, InferenceRule, Inferred } from './rule.ts';
import { spatialRules } from './spatial.ts';

/** Shape inference, one rule an operator. Keys are `opType`; contributed operators share the table, their names do not clash. */
export const inferenceRules: Readonly<Record<string, InferenceRule>> = {
  ...elementwiseRules,
  ...linearRules,
  ...spatialRules,
  ...layoutRules,
};

export function inferOutputs(context: InferenceContext): readonly Inferred[] {
  const rule = inferenceRules[context.node.opType];
  if (!rule) throw new GraphError(`${describeNode(context.node)}: operator is not supported (no shape rule)`);
  return rule(context);
}
