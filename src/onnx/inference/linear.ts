import { type Dim, intAttribute } from '../graph.ts';
import { einsum } from './einsum.ts';
import { broadcastShapes, fail, type InferenceRule, inputAt } from './rule.ts';

/** Numpy matrix product: leading dimensions broadcast. */
const matMul: InferenceRule = ({ node }) => {
  const [a, b] = [inputAt(node, 0), inputAt(node, 1)];
  const transA = node.opType === 'FusedMatMul' && intAttribute(node, 'transA', 0) === 1;
  const transB = node.opType === 'FusedMatMul' && intAttribute(node, 'transB', 0) === 1;
  if (a.dtype !== b.dtype) fail(node, 'both factors must have one element type');
  if (a.shape.length === 0 || b.shape.length === 0) fail(node, 'factors must have at least one dimension');
  const swap = (s: readonly Dim[], t: boolean) => (t ? [...s.slice(0, -2), s.at(-1)!, s.at(-2)!] : s);
  const left: readonly Dim[] = a.shape.length === 1 ? [1, ...a.shape] : swap(a.shape, transA);
  const right: readonly Dim[] = b.shape.length === 1 ? [...b.shape, 1] : swap(b.shape, transB);
  if (left.at(-1) !== right.at(-2)) fail(node, `inner dimensions ${left.at(-1)} and ${right.at(-2)} differ`);
  const shape: Dim[] = [...broadcastShapes(node, left.slice(0, -2), right.slice(0, -2))];
  if (a.shape.length > 1) shape.push(left.at(-2)!);
  if (b.shape.length > 1) shape.push(right.at(-1)!);
  return [{ dtype: a.dtype, shape }];
};

/** alpha * A' * B' + beta * C, with A' and B' transposed on request. */
const gemm: InferenceRule = ({ node }) => {
  const [a, b] = [inputAt(node, 0), inputAt(node, 1)];
  if (a.dtype !== b.dtype) fail(node, 'A and B must have one element type');
  if (a.shape.length !== 2 || b.shape.length !== 2) fail(node, 'A and B must be matrices');
  const [m, k] = intAttribute(node, 'transA', 0) ? [a.shape[1]!, a.shape[0]!] : [a.shape[0]!, a.shape[1]!];
  const [k2, n] = intAttribute(node, 'transB', 0) ? [b.shape[1]!, b.shape[0]!] : [b.shape[0]!, b.shape[1]!];
  if (k !== k2) fail(node, `inner dimensions ${k} and ${k2} differ`);
  const c = node.inputs[2];
  if (c) {
    const shape = broadcastShapes(node, [m, n], c.shape);
    if (shape.length !== 2 || shape[0] !== m || shape[1] !== n) fail(node, `C does not broadcast to [${m}, ${n}]`);
  }
  return [{ dtype: a.dtype, shape: [m, n] }];
};

export const linearRules: Readonly<Record<string, InferenceRule>> = { MatMul: matMul, Gemm: gemm, Einsum: einsum };

/** Contributed operators (com.microsoft). */
export const microsoftLinearRules: Readonly<Record<string, InferenceRule>> = { FusedMatMul: matMul, FusedGemm: gemm };
