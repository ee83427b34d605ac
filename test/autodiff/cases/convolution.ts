import type { Case } from '../check.ts';

/**
 * ONNX Runtime convolves in single precision only. Both operators are bilinear, so on small integers everything is exact
 * in it: the adjoint identity must hold to the last bit, and differences with step 1 have no truncation error.
 */
type Setting = { x: number[]; w: number[]; bias?: boolean; [attribute: string]: unknown };

function convolution(op: string, setting: Setting): Case {
  const { x, w, bias, ...attributes } = setting;
  const channels = op === 'Conv' ? w[0]! : w[1]! * ((attributes.group as number | undefined) ?? 1);
  return {
    op,
    setting: JSON.stringify(setting).replaceAll('"', ''),
    dtype: 'float32',
    draw: 'integers',
    step: 1,
    tolerance: 1e-5,
    inputs: { x, w, ...(bias ? { bias: [channels] } : {}) },
    build: (b, ...inputs) => b.op(op, inputs, attributes as Record<string, number[]>),
  };
}

export const convolutionCases: readonly Case[] = [
  ...[
    { x: [2, 3, 6, 5], w: [4, 3, 3, 3], pads: [1, 1, 1, 1], bias: true },
    { x: [2, 3, 6, 5], w: [4, 3, 1, 1] },
    { x: [1, 2, 7, 8], w: [3, 2, 3, 2], strides: [2, 2], pads: [1, 0, 1, 1] },
    { x: [2, 2, 8, 8], w: [3, 2, 3, 3], strides: [2, 2], pads: [1, 1, 1, 1] },
    { x: [2, 2, 9, 8], w: [3, 2, 3, 3], strides: [3, 2], pads: [0, 2, 1, 0] },
    { x: [2, 2, 8, 8], w: [3, 2, 1, 1], strides: [2, 2] },
    { x: [2, 2, 9, 9], w: [2, 2, 3, 3], dilations: [2, 2], pads: [2, 2, 2, 2] },
    { x: [2, 2, 9, 9], w: [2, 2, 3, 2], dilations: [2, 3], strides: [2, 1], pads: [1, 2, 0, 1] },
    { x: [2, 4, 6, 6], w: [6, 2, 3, 3], group: 2, pads: [1, 1, 1, 1], bias: true },
    { x: [2, 4, 6, 7], w: [4, 1, 3, 3], group: 4, strides: [2, 2], pads: [1, 1, 1, 1] },
    { x: [1, 4, 6, 6], w: [8, 1, 3, 3], group: 4, dilations: [2, 1], pads: [2, 1, 2, 1] },
    // Padding beyond the kernel: some outputs see zeros only.
    { x: [1, 2, 4, 4], w: [2, 2, 2, 2], pads: [3, 2, 2, 3] },
    { x: [2, 2, 7, 6], w: [3, 2, 3, 3], auto_pad: 'SAME_UPPER', strides: [2, 2] },
    { x: [2, 2, 7, 6], w: [3, 2, 2, 2], auto_pad: 'SAME_LOWER' },
    { x: [2, 3, 9], w: [4, 3, 3], strides: [2], pads: [1, 1], bias: true },
    { x: [1, 2, 4, 5, 4], w: [3, 2, 2, 3, 2], pads: [1, 1, 0, 0, 1, 1] },
    { x: [1, 2, 5, 5, 4], w: [2, 2, 3, 3, 2], strides: [2, 2, 1], pads: [1, 1, 0, 1, 1, 1] },
  ].map((s) => convolution('Conv', s)),
  ...[
    { x: [2, 3, 5, 4], w: [3, 2, 3, 3], pads: [1, 1, 1, 1], bias: true },
    { x: [2, 3, 4, 4], w: [3, 2, 2, 2], strides: [2, 2] },
    { x: [2, 3, 4, 4], w: [3, 2, 3, 3], strides: [2, 2], pads: [1, 1, 1, 1], output_padding: [1, 1] },
    { x: [1, 4, 4, 3], w: [4, 3, 3, 3], strides: [2, 1], pads: [1, 0, 0, 1], group: 2 },
    { x: [1, 2, 4, 4], w: [2, 2, 3, 3], dilations: [2, 2], strides: [3, 2], output_padding: [2, 1] },
    { x: [2, 2, 6], w: [2, 3, 4], strides: [2], pads: [1, 1] },
    { x: [1, 2, 4, 3], w: [2, 3, 3, 3], strides: [2, 2], output_shape: [8, 6] },
    { x: [1, 2, 4, 3], w: [2, 3, 4, 3], strides: [3, 2], auto_pad: 'SAME_UPPER' },
  ].map((s) => convolution('ConvTranspose', s)),
];
