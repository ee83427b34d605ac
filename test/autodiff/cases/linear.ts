import type { Case } from '../check.ts';

const products: readonly (readonly [readonly number[], readonly number[]])[] = [
  [
    [3, 4],
    [4, 2],
  ],
  [
    [2, 3, 4],
    [2, 4, 5],
  ],
  [
    [2, 3, 4],
    [4, 5],
  ],
  [
    [3, 4],
    [2, 4, 5],
  ],
  [
    [2, 1, 3, 4],
    [5, 4, 2],
  ],
  [
    [1, 3, 4],
    [6, 4, 2],
  ],
  [[4], [4, 3]],
  [[3, 4], [4]],
  [[2, 3, 4], [4]],
  [[4], [2, 4, 3]],
  [[4], [4]],
];

const gemms = [0, 1].flatMap((transA) =>
  [0, 1].flatMap((transB) => [[3, 2], [2], [3, 1], [1], [], null].map((c) => ({ transA, transB, c }))),
);

/** Equation and shapes; the first axis of the first operand is the batch. */
const einsums: readonly (readonly [string, ...(readonly number[])[]])[] = [
  ['bi,ij->bj', [2, 3], [3, 4]],
  ['bij,bjk->bik', [2, 3, 4], [2, 4, 2]],
  ['bi,bi->b', [2, 3], [2, 3]],
  ['bij->bi', [2, 3, 4]],
  ['bij,j', [2, 3, 4], [4]],
  ['b...i,ij->b...j', [2, 2, 3], [3, 2]],
  ['bi,ij,j->bj', [2, 3], [3, 4], [4]],
  ['bi,j->bij', [2, 3], [2]],
];

export const linearCases: readonly Case[] = [
  ...einsums.map(
    ([equation, ...shapes]): Case => ({
      op: 'Einsum',
      setting: equation,
      inputs: Object.fromEntries(shapes.map((shape, i) => [`x${i}`, shape])),
      build: (b, ...inputs) => b.op('Einsum', inputs, { equation }),
    }),
  ),
  ...products.map(
    ([x, w]): Case => ({
      op: 'MatMul',
      setting: `[${x}] by [${w}]`,
      inputs: { x, w },
      build: (b, p, q) => b.matMul(p!, q!),
    }),
  ),
  ...gemms.map(
    ({ transA, transB, c }): Case => ({
      op: 'Gemm',
      setting: `transA ${transA}, transB ${transB}, C ${c === null ? 'left out' : `[${c}]`}`,
      inputs: { a: transA ? [4, 3] : [3, 4], w: transB ? [2, 4] : [4, 2], ...(c ? { c } : {}) },
      build: (b, ...inputs) => b.op('Gemm', inputs, { transA, transB, alpha: 0.5, beta: 1.5 }),
    }),
  ),
];
