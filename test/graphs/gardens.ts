import { kinkedOperators, smoothOperators, steppedOperators } from './elementwise.ts';
import type { Garden } from './grow.ts';
import { layoutOperators, reductionOperators } from './layout.ts';
import { productOperators } from './products.ts';
import { wildOperators } from './wild.ts';

/** All differentiable operators, in float64, on values that broadcast, a small image, a matrix and a number. */
export const differentiable: Garden = {
  operators: {
    ...smoothOperators,
    ...kinkedOperators,
    ...steppedOperators,
    ...reductionOperators,
    ...layoutOperators,
    ...productOperators,
  },
  dtype: 'float64',
  inputs: { x: [1, 3, 4], z: [1, 3, 1], image: [1, 4, 5, 4], m: [3, 4], s: [] },
};

/** Values with a leading axis of size 1, and operators that mostly keep it: for the linear maps that take many vectors at once. */
export const batched: Garden = {
  operators: {
    ...smoothOperators,
    ...kinkedOperators,
    ...productOperators,
    ...Object.fromEntries(
      ['ReduceSum', 'ReduceMax', 'ReduceL2', 'ReduceProd'].map((name) => [name, reductionOperators[name]!]),
    ),
    ...Object.fromEntries(
      ['Slice', 'Concat', 'Split', 'Pad', 'Transpose'].map((name) => [name, layoutOperators[name]!]),
    ),
  },
  dtype: 'float64',
  inputs: { x: [1, 3, 4], z: [1, 3, 1], image: [1, 4, 5, 4] },
};

/** Everything, with images of whole blocks of channels, in float32: what a file may hold that passes the reader. */
export const wild: Garden = {
  operators: { ...differentiable.operators, ...wildOperators },
  dtype: 'float32',
  inputs: { x: [1, 3, 4], image: [2, 16, 6, 5], c: [1, 16, 1, 1], s: [], row: [5] },
};

const jumps = ['Mod', 'Floor', 'Ceil', 'Round', 'Sign', 'TopK'];
const { 'BatchNormalization in training': _, ...products } = productOperators;

/** Continuous operators on images of whole blocks of channels, in float32: two emissions give the same numbers but for rounding. */
export const blockable: Garden = {
  operators: Object.fromEntries(
    Object.entries({ ...differentiable.operators, ...products }).filter(([name]) => !jumps.includes(name)),
  ),
  dtype: 'float32',
  inputs: { image: [2, 16, 6, 5], other: [2, 16, 6, 5], c: [1, 16, 1, 1], s: [] },
};
