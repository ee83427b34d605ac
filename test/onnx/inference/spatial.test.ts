import { describe, expect, it } from 'vitest';
import { GraphBuilder, type PlainAttributes } from '../../../src/onnx/builder.ts';
import { staticShape } from '../../../src/onnx/graph.ts';
import { windowOf } from '../../../src/onnx/inference/spatial.ts';
import { toNumbers } from '../../../src/onnx/tensor.ts';
import { writeModel } from '../../../src/onnx/write.ts';
import { randomTensor, runBytes } from '../../support/onnx-files.ts';

/** The node's result, and the result of the same node with the window written out as `windowOf` reads it. */
async function bothWays(op: string, kernel: readonly number[], attributes: PlainAttributes) {
  const b = new GraphBuilder('window');
  const x = b.input('x', 'float32', [1, 2, 7, 6]);
  const w = b.constant(randomTensor([2, 2, ...kernel], 1), 'w');
  const operands = op.endsWith('Pool') ? [x] : [x, w];
  const own = op.endsWith('Pool') ? { ...attributes, kernel_shape: kernel } : attributes;
  b.output('short', b.op(op, operands, own));
  const node = b.build().nodes[0]!;
  const { strides, dilations, pads } = windowOf(node, staticShape(x).slice(2), kernel);
  const { output_padding = [0, 0] } = attributes;
  const extra: PlainAttributes = op === 'ConvTranspose' ? { output_padding } : {};
  b.output('long', b.op(op, operands, { kernel_shape: kernel, strides, dilations, pads, ...extra }));
  const results = await runBytes(writeModel(b.build()), { x: randomTensor([1, 2, 7, 6]) });
  return [toNumbers(results.short!), toNumbers(results.long!)] as const;
}

describe('the pads that auto_pad and output_shape stand for are those of ONNX Runtime', () => {
  it.each([
    ['Conv', [4, 3], { auto_pad: 'SAME_UPPER', strides: [2, 1] }],
    ['Conv', [4, 3], { auto_pad: 'SAME_LOWER', strides: [2, 1] }],
    ['MaxPool', [3, 2], { auto_pad: 'SAME_LOWER', strides: [2, 2] }],
    ['AveragePool', [3, 2], { auto_pad: 'SAME_UPPER', strides: [2, 2] }],
    ['ConvTranspose', [3, 3], { auto_pad: 'SAME_UPPER', strides: [2, 2] }],
    ['ConvTranspose', [3, 3], { auto_pad: 'SAME_LOWER', strides: [2, 2] }],
    ['ConvTranspose', [3, 4], { output_shape: [14, 13], strides: [2, 2] }],
    ['ConvTranspose', [3, 4], { output_shape: [14, 13], strides: [2, 2], auto_pad: 'SAME_UPPER' }],
    ['ConvTranspose', [3, 4], { output_shape: [14, 13], strides: [2, 2], auto_pad: 'SAME_LOWER' }],
    ['ConvTranspose', [3, 4], { output_shape: [14, 13], strides: [2, 2], output_padding: [1, 1] }],
  ])('%s %j %j', async (op, kernel, attributes) => {
    const [short, long] = await bothWays(op, kernel, attributes as PlainAttributes);
    expect(long).toEqual(short);
  });
});
