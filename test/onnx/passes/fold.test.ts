import { describe, expect, it } from 'vitest';
import { GraphBuilder, type PlainAttributes } from '../../../src/onnx/builder.ts';
import type { Value } from '../../../src/onnx/graph.ts';
import { fold } from '../../../src/onnx/passes/fold.ts';
import { prune } from '../../../src/onnx/passes/prune.ts';
import { type TensorData, tensor, tensorOf } from '../../../src/onnx/tensor.ts';
import { writeModel } from '../../../src/onnx/write.ts';
import { runBytes } from '../../support/onnx-files.ts';

const i64 = (...values: number[]) => tensorOf('int64', [values.length], values);
const f32 = (...values: number[]) => tensorOf('float32', [values.length], values);
const flags = (...values: number[]) => tensorOf('bool', [values.length], values);
const int = (value: number) => tensorOf('int64', [], [value]);
const matrix = (rows: number, ...values: number[]) => tensorOf('int64', [rows, values.length / rows], values);

const cases: [string, TensorData[], PlainAttributes?, number?][] = [
  ['Add', [i64(1, 2), matrix(2, 10, 20)]],
  ['Sub', [f32(0.1, 2), f32(0.3)]],
  ['Mul', [f32(0.1, 2), f32(0.3)]],
  ['Div', [i64(7, -7), i64(2)]],
  ['Div', [f32(1, -7), f32(3)]],
  ['Mod', [i64(7, -7), i64(3)]],
  ['Mod', [i64(7, -7), i64(3)], { fmod: 1 }],
  ['Min', [i64(1, 5), i64(3), i64(2, 9)]],
  ['Max', [f32(1, 5), f32(3)]],
  ['Neg', [i64(1, -2)]],
  ['Abs', [f32(1, -2)]],
  ['Floor', [f32(-1.5, 2.5)]],
  ['Ceil', [f32(-1.5, 2.5)]],
  ['Round', [f32(-1.5, 0.5, 2.5, 3.5, 2.6, -2.5)]],
  ['Sqrt', [f32(2, 9)]],
  ['Equal', [i64(1, 2), i64(2)]],
  ['Less', [i64(1, 2), i64(2)]],
  ['LessOrEqual', [i64(1, 2), i64(2)]],
  ['Greater', [f32(1, 2), f32(1.5)]],
  ['GreaterOrEqual', [f32(1, 2), f32(2)]],
  ['And', [flags(0, 1, 1), flags(1)]],
  ['Or', [flags(0, 1, 0), flags(0)]],
  ['Xor', [flags(0, 1, 0), flags(1)]],
  ['Not', [flags(0, 1)]],
  ['Where', [flags(0, 1), i64(1, 2), i64(5)]],
  ['Cast', [f32(-1.7, 2.7, 0)], { to: 7 }],
  ['Cast', [f32(-1.7, 2.7, 0)], { to: 9 }],
  ['Cast', [i64(3, -2)], { to: 1 }],
  ['Reshape', [i64(1, 2, 3, 4), i64(2, -1)]],
  ['Flatten', [matrix(2, 1, 2, 3, 4)], { axis: 0 }],
  ['Squeeze', [matrix(1, 1, 2), i64(0)]],
  ['Unsqueeze', [i64(1, 2), i64(-1)]],
  ['Transpose', [matrix(2, 1, 2, 3, 4, 5, 6)]],
  ['Transpose', [tensorOf('int64', [2, 1, 3], [1, 2, 3, 4, 5, 6])], { perm: [2, 0, 1] }],
  ['Slice', [matrix(3, 1, 2, 3, 4, 5, 6), i64(-1, 0), i64(-9, 1), i64(0, -1), i64(-2, 1)]],
  ['Slice', [i64(1, 2, 3, 4), i64(1), i64(Number.MAX_SAFE_INTEGER)]],
  // As PyTorch reverses the amounts of a padding.
  [
    'Slice',
    [matrix(3, 1, 2, 3, 4, 5, 6), i64(-1), tensor('int64', [1], BigInt64Array.of(1n - 2n ** 63n)), i64(0), i64(-1)],
  ],
  ['Gather', [matrix(2, 1, 2, 3, 4, 5, 6), matrix(2, 0, -1)], { axis: 1 }],
  ['Gather', [i64(7, 8, 9), int(-2)]],
  ['Expand', [matrix(2, 1, 2), i64(3, 1, 4)]],
  ['Tile', [matrix(2, 1, 2), i64(1, 3)]],
  ['Concat', [matrix(2, 1, 2), matrix(2, 3, 4, 5, 6), matrix(2, 7, 8)], { axis: -1 }],
  ['Split', [matrix(2, 1, 2, 3, 4, 5, 6), i64(1, 2)], { axis: 1 }, 2],
  ['ReduceSum', [matrix(2, 1, 2, 3, 4, 5, 6), i64(-1)]],
  ['ReduceSum', [matrix(2, 1, 2, 3, 4, 5, 6)], { keepdims: 0 }],
  ['ReduceProd', [i64(2, 3, 4), i64(0)], { keepdims: 0 }],
  ['ReduceMax', [matrix(2, 1, 9, 3, 4, 5, 6), i64(0)]],
  ['ReduceMin', [matrix(2, 1, 9, 3, 4, 5, 6), i64(0)]],
  ['ConstantOfShape', [i64(2, 2)], { value: i64(5) }],
  ['Range', [int(1), int(8), int(3)]],
  ['NonZero', [matrix(2, 1, 0, 0, 4)]],
  ['Trilu', [matrix(3, 1, 2, 3, 4, 5, 6, 7, 8, 9), int(1)]],
  ['Trilu', [matrix(3, 1, 2, 3, 4, 5, 6, 7, 8, 9)], { upper: 0 }],
];

describe('a node on constants is folded to what ONNX Runtime computes', () => {
  it.each(cases.map((c) => [`${c[0]}(${c[1].map((t) => `[${t.data}]`).join(', ')})`, c] as const))(
    '%s',
    async (_, [op, operands, attributes = {}, outputs = 1]) => {
      const b = new GraphBuilder('known');
      const made = b.ops(
        op,
        operands.map((t) => b.constant(t)),
        attributes,
        { outputs },
      );
      made.forEach((v, i) => {
        b.output(`y${i}`, v);
      });
      const graph = b.build();
      const folded = fold(graph);
      expect(folded.nodes).toEqual([]);
      const expected = await runBytes(writeModel(graph), {});
      for (const { name, value } of folded.outputs) {
        const { dtype, shape, data } = expected[name]!;
        expect(folded.constants.get(value)).toEqual({ dtype, shape, data });
      }
    },
  );
});

describe('folding', () => {
  const withInput = (build: (b: GraphBuilder, x: Value) => Value, shape: readonly (number | string)[] = ['n', 4]) => {
    const b = new GraphBuilder('g');
    b.output('y', build(b, b.input('x', 'float32', shape)));
    return b.build();
  };
  const operators = (graph: ReturnType<typeof withInput>) => fold(graph).nodes.map((n) => n.opType);

  it('turns the shape of a known value into a constant', () => {
    expect(operators(withInput((b, x) => b.cast(b.op('Shape', [x]), 'float32'), [2, 4]))).toEqual([]);
  });

  it('finds the known entries of an open shape', () => {
    const size = (b: GraphBuilder, x: Value, axis: number) =>
      b.op('Gather', [b.op('Shape', [x]), b.constant(int(axis))]);
    expect(
      operators(withInput((b) => b.op('Range', [b.constant(int(0)), b.constant(int(3)), b.constant(int(1))]))),
    ).toEqual([]);
    expect(operators(withInput((b, x) => b.mul(size(b, x, 1), size(b, x, -1))))).toEqual([]);
    expect(operators(withInput((b, x) => size(b, x, 0)))).toEqual(['Shape', 'Gather']);
  });

  it('drops Identity, but keeps a large constant as the node that makes it', () => {
    expect(operators(withInput((b, x) => b.relu(b.op('Identity', [x]))))).toEqual(['Relu']);
    expect(operators(withInput((b) => b.op('ConstantOfShape', [b.constant(i64(100, 100))])))).toEqual([
      'ConstantOfShape',
    ]);
  });

  it('leaves float sums to ONNX Runtime, whose order of adding is its own', () => {
    expect(operators(withInput((b) => b.reduceSum(b.constant(f32(0.1, 0.2, 0.3)), [0])))).toEqual(['ReduceSum']);
  });

  it('refuses an index that is out of range by the name of the node', () => {
    const graph = withInput((b) => b.op('Gather', [b.constant(i64(1, 2)), b.constant(int(2))], {}, { name: 'pick' }));
    expect(() => fold(graph)).toThrow('Gather "pick": an index is out of range');
  });

  it('leaves the numbers of a graph alone', async () => {
    const graph = withInput(
      (b, x) => {
        const rows = b.op('Concat', [b.op('Shape', [x], { end: 1 }), b.constant(i64(2, -1))], { axis: 0 });
        return b.mul(
          b.op('Expand', [x, b.constant(i64(3, 1, 4))]),
          b.op('Sqrt', [b.op('Cast', [b.op('ReduceMax', [rows])], { to: 1 })]),
        );
      },
      [2, 4],
    );
    const x = tensorOf('float32', [2, 4], [1, 2, 3, 4, 5, 6, 7, 8]);
    const folded = fold(graph);
    expect(folded.nodes.map((n) => n.opType)).toEqual(['Expand', 'Mul']);
    expect(await runBytes(writeModel(folded), { x })).toEqual(await runBytes(writeModel(graph), { x }));
  });
});

describe('pruning', () => {
  it('removes nodes and constants that no output needs, and keeps the inputs', () => {
    const b = new GraphBuilder('g');
    const [x, unused] = [b.input('x', 'float32', [2]), b.input('unused', 'float32', [2])];
    b.add(unused, b.constant(f32(1, 2), 'w'));
    b.output('y', b.relu(x));
    const graph = prune(b.build());
    expect(graph.nodes.map((n) => n.opType)).toEqual(['Relu']);
    expect(graph.constants.size).toBe(0);
    expect(graph.inputs).toEqual([x, unused]);
  });
});
