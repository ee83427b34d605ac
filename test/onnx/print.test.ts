import { describe, expect, it } from 'vitest';
import { GraphBuilder, type PlainAttributes } from '../../src/onnx/builder.ts';
import { flopsOf } from '../../src/onnx/flops.ts';
import { print, summarize } from '../../src/onnx/print.ts';
import { tensorOf } from '../../src/onnx/tensor.ts';

const zeros = (...shape: number[]) => tensorOf('float32', shape, Array(shape.reduce((p, d) => p * d, 1)).fill(0));

describe('a printed graph', () => {
  it('has a line a node, with shapes, small constants written out and large ones by name', () => {
    const b = new GraphBuilder('net');
    const x = b.input('x', 'float32', ['batch', 8]);
    const h = b.op('Gemm', [x, b.constant(zeros(8, 2), 'w'), b.constant(zeros(2), 'c')], { alpha: 0.1 });
    b.output('y', b.op('Clip', [h, null, b.scalar(6)]));
    expect(print(b.build())).toBe(
      [
        'net(x float32[batch, 8])',
        '  Gemm_out float32[batch, 2] = Gemm(x, w, [0, 0], alpha=0.1)',
        '  Clip_out float32[batch, 2] = Clip(Gemm_out, -, 6)',
        '  y: Clip_out',
      ].join('\n'),
    );
  });
});

describe('the work of a node', () => {
  const flops = (op: string, shapes: readonly (readonly number[])[], attributes: PlainAttributes = {}) => {
    const b = new GraphBuilder('one');
    b.op(
      op,
      shapes.map((s, i) => b.input(`x${i}`, 'float32', s)),
      attributes,
    );
    return flopsOf(b.build().nodes[0]!);
  };

  it.each<[string, readonly (readonly number[])[], PlainAttributes, number]>([
    [
      'Conv',
      [
        [2, 4, 8, 8],
        [6, 4, 3, 3],
      ],
      { pads: [1, 1, 1, 1] },
      2 * 2 * 6 * 64 * 4 * 9,
    ],
    ['Conv', [[2, 4, 8, 8], [6, 2, 3, 3], [6]], { group: 2, pads: [1, 1, 1, 1] }, 2 * 2 * 6 * 64 * 2 * 9 + 2 * 6 * 64],
    [
      'ConvTranspose',
      [
        [2, 4, 8, 8],
        [4, 6, 3, 3],
      ],
      { strides: [2, 2] },
      2 * 2 * 4 * 64 * 6 * 9,
    ],
    [
      'MatMul',
      [
        [5, 2, 3],
        [3, 4],
      ],
      {},
      2 * 5 * 2 * 4 * 3,
    ],
    ['Gemm', [[3, 2], [4, 3], [4]], { transA: 1, transB: 1 }, 2 * 2 * 4 * 3 + 8],
    [
      'Einsum',
      [
        [2, 3, 4],
        [2, 5, 4],
      ],
      { equation: 'bik,bjk->bij' },
      2 * 2 * 3 * 4 * 5,
    ],
    ['MaxPool', [[1, 2, 4, 4]], { kernel_shape: [2, 2], strides: [2, 2] }, 8 * 4],
    ['GlobalAveragePool', [[1, 2, 4, 4]], {}, 32],
    ['ReduceSum', [[3, 4]], {}, 12],
    ['Relu', [[3, 4]], {}, 12],
    ['Add', [[3, 1], [4]], {}, 12],
    ['Transpose', [[3, 4]], {}, 0],
  ])('%s %j %j', (op, shapes, attributes, expected) => {
    expect(flops(op, shapes, attributes)).toBe(expected);
  });

  it('is not known while a dimension is open', () => {
    const b = new GraphBuilder('open');
    b.relu(b.input('x', 'float32', ['n', 2]));
    expect(() => flopsOf(b.build().nodes[0]!)).toThrow('dimension "n" is open');
    expect(summarize(b.build()).flops).toBeUndefined();
  });
});

describe('a summary', () => {
  it('counts nodes, parameters and work', () => {
    const b = new GraphBuilder('net');
    const x = b.input('x', 'float32', [3, 8]);
    const h = b.relu(b.matMul(b.relu(x), b.constant(zeros(8, 2), 'w')));
    b.output('y', b.reshape(h, [6]));
    expect(summarize(b.build())).toEqual({
      nodes: 4,
      operators: new Map([
        ['Relu', 2],
        ['MatMul', 1],
        ['Reshape', 1],
      ]),
      parameters: 16,
      constantBytes: 16 * 4 + 8,
      flops: 24 + 2 * 3 * 2 * 8 + 6,
    });
  });
});
