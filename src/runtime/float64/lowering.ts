import type { GraphBuilder, Node, Value } from '../../onnx/index.ts';

/** Writes a float64 node as operators that ONNX Runtime's CPU computes in float64; inputs are values of the new graph. */
export type Lowering = (node: Node, inputs: readonly (Value | null)[], b: GraphBuilder) => Value;
