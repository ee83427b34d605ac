import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../../../src/onnx/builder.ts';
import type { Value } from '../../../src/onnx/graph.ts';
import { foldBatchNorm } from '../../../src/onnx/passes/batch-norm.ts';
import { type TensorData, tensor, toNumbers } from '../../../src/onnx/tensor.ts';
import { writeModel } from '../../../src/onnx/write.ts';
import { randomTensor, runBytes } from '../../support/onnx-files.ts';

type Float = 'float32' | 'float64';

function norm(b: GraphBuilder, x: Value, seed: number, dtype: Float = 'float32'): Value {
  const channels = x.shape[1] as number;
  const statistics = [0, 1, 2, 3].map((i) => randomTensor([channels], seed + i, dtype));
  const variance = statistics[3]!;
  const positive: TensorData = tensor(
    dtype,
    [channels],
    (variance.data as Float64Array).map((v) => v * v + 0.1),
  );
  const operands = [...statistics.slice(0, 3), positive].map((t, i) => b.constant(t, `bn${seed}.${i}`));
  return b.op('BatchNormalization', [x, ...operands], { epsilon: 0.01 });
}

function network(dtype: Float, bias: boolean) {
  const b = new GraphBuilder('net');
  const x = b.input('x', dtype, [2, 4, 6, 6]);
  const w = b.constant(randomTensor([6, 2, 3, 3], 20, dtype), 'w');
  const c = bias ? b.constant(randomTensor([6], 21, dtype), 'c') : null;
  b.output('y', b.relu(norm(b, b.conv(x, w, c, { pads: [1, 1, 1, 1], group: 2 }), 30, dtype)));
  return b.build();
}

describe('batch normalization after a convolution', () => {
  it.each([false, true])('becomes part of its weights and bias (bias: %s), and the numbers stay', async (bias) => {
    const graph = network('float32', bias);
    const folded = foldBatchNorm(graph);
    expect(folded.nodes.map((n) => n.opType)).toEqual(['Conv', 'Relu']);
    expect(folded.constants.size).toBe(2);
    const feeds = { x: randomTensor([2, 4, 6, 6]) };
    const [before, after] = [await runBytes(writeModel(graph), feeds), await runBytes(writeModel(folded), feeds)];
    toNumbers(after.y!).forEach((v, i) => {
      expect(v).toBeCloseTo(toNumbers(before.y!)[i]!, 4);
    });
  });

  it('keeps double precision', () => {
    const folded = foldBatchNorm(network('float64', false));
    expect([...folded.constants.values()].map((t) => t.dtype)).toEqual(['float64', 'float64']);
  });

  it('stays where something else reads the convolution', () => {
    const b = new GraphBuilder('shared');
    const x = b.input('x', 'float32', [1, 2, 4, 4]);
    const h = b.conv(x, b.constant(randomTensor([2, 2, 1, 1]), 'w'), null);
    b.output('y', b.add(norm(b, h, 1), h));
    const graph = b.build();
    expect(foldBatchNorm(graph)).toBe(graph);
  });

  it('stays where the convolution is itself an output, or the weights are inputs', () => {
    const b = new GraphBuilder('open');
    const x = b.input('x', 'float32', [1, 2, 4, 4]);
    const h = b.conv(x, b.constant(randomTensor([2, 2, 1, 1]), 'w'), null);
    b.output('h', h);
    b.output('y', norm(b, h, 1));
    b.output('z', norm(b, b.conv(x, b.input('weight', 'float32', [2, 2, 1, 1]), null), 9));
    expect(foldBatchNorm(b.build()).nodes.map((n) => n.opType)).toEqual(b.build().nodes.map((n) => n.opType));
  });

  it('stays in training mode', () => {
    const b = new GraphBuilder('training');
    const h = b.conv(b.input('x', 'float32', [1, 2, 4, 4]), b.constant(randomTensor([2, 2, 1, 1]), 'w'), null);
    const four = [1, 2, 3, 4].map((seed) => b.constant(randomTensor([2], seed), `s${seed}`));
    b.output('y', b.op('BatchNormalization', [h, ...four], { training_mode: 1 }));
    expect(foldBatchNorm(b.build()).nodes.length).toBe(2);
  });
});
