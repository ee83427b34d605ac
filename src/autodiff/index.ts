/** Derivatives, from graph to graph: `jvp`, `vjp`, `grad` and `linearize`. */
export { jvp, type Selection } from './jvp.ts';
export { type Linearization, type LinearizeOptions, linearize } from './linearize.ts';
export { rules } from './rules/index.ts';
export type { Rule, TangentContext, TransposeContext } from './rules/rule.ts';
export { grad, vjp } from './vjp.ts';
