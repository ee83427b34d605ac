import { kinkedOperators, smoothOperators, steppedOperators } from './elementwise.ts';
import type { Garden } from './grow.ts';
import { layoutOperators, reductionOperators } from './layout.ts';
import { productOperators } from './products.ts';

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
