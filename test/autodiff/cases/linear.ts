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

export const linearCases: readonly Case[] = [
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
