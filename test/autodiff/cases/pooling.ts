import type { PlainAttributes } from '../../../src/onnx/index.ts';
import type { Case } from '../check.ts';

function maxPool(x: readonly number[], attributes: PlainAttributes): Case {
  return {
    op: 'MaxPool',
    setting: JSON.stringify({ x, ...attributes }).replaceAll('"', ''),
    inputs: { x },
    build: (b, v) => b.op('MaxPool', [v!], attributes),
  };
}

/** Single precision only, but linear: differences with a large step are exact up to rounding. */
function averagePool(op: string, x: readonly number[], attributes: PlainAttributes = {}): Case {
  return {
    op,
    setting: JSON.stringify({ x, ...attributes }).replaceAll('"', ''),
    dtype: 'float32',
    step: 0.25,
    tolerance: 1e-5,
    inputs: { x },
    build: (b, v) => b.op(op, [v!], attributes),
  };
}

function lpPool(op: string, attributes: PlainAttributes): Case {
  return { ...averagePool(op, [2, 3, 5, 4], attributes), step: 1e-2, tolerance: 1e-3, draw: 'wide' };
}

const windows: readonly PlainAttributes[] = [
  { kernel_shape: [2, 2], strides: [2, 2] },
  { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] },
  { kernel_shape: [3, 2], pads: [1, 0, 0, 1] },
  { kernel_shape: [3, 3], strides: [2, 3], ceil_mode: 1 },
  { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1], ceil_mode: 1 },
  { kernel_shape: [3, 3], strides: [2, 2], auto_pad: 'SAME_UPPER' },
];

export const poolingCases: readonly Case[] = [
  ...windows.map((w) => maxPool([2, 3, 7, 6], w)),
  maxPool([2, 2, 8, 8], { kernel_shape: [2, 2], dilations: [2, 3], strides: [1, 2] }),
  maxPool([2, 2, 9], { kernel_shape: [3], strides: [2], pads: [1, 1] }),
  maxPool([1, 2, 4, 5, 4], { kernel_shape: [2, 2, 2], strides: [2, 2, 1] }),
  ...windows.flatMap((w) =>
    [0, 1].map((count_include_pad) => averagePool('AveragePool', [2, 3, 7, 6], { ...w, count_include_pad })),
  ),
  averagePool('AveragePool', [2, 2, 9], { kernel_shape: [3], strides: [2], pads: [1, 1] }),
  averagePool('AveragePool', [1, 2, 4, 5, 4], {
    kernel_shape: [2, 3, 2],
    strides: [2, 1, 1],
    pads: [0, 1, 0, 1, 1, 0],
  }),
  averagePool('GlobalAveragePool', [2, 3, 4, 5]),
  averagePool('GlobalAveragePool', [2, 3, 4]),
  { ...averagePool('GlobalMaxPool', [2, 3, 4, 5]), draw: 'spaced', step: 5e-3, tolerance: 1e-4 },
  ...[1, 2, 3].flatMap((p): Case[] => [
    lpPool('LpPool', { p, kernel_shape: [2, 3], strides: [2, 1], pads: [0, 1, 1, 0] }),
    lpPool('GlobalLpPool', { p }),
  ]),
];
