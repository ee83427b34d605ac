import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { widenFloat16 } from '../../src/base/tensor.ts';
import { GraphBuilder } from '../../src/onnx/builder.ts';
import type { Graph, Value } from '../../src/onnx/graph.ts';
import { readModel } from '../../src/onnx/read.ts';
import { type DType, dtypes, tensor, tensorOf, toNumbers } from '../../src/onnx/tensor.ts';
import { writeModel } from '../../src/onnx/write.ts';
import { randomTensor, runBytes } from '../support/onnx-files.ts';

/** Everything of a graph but the identity of its values: a value is told by the place where it is made. */
function described(graph: Graph) {
  const places = new Map<Value, string>();
  for (const v of graph.inputs) places.set(v, `input ${v.name}`);
  for (const v of graph.constants.keys()) places.set(v, `constant ${v.name}`);
  for (const [i, n] of graph.nodes.entries()) {
    for (const [k, v] of n.outputs.entries()) places.set(v, `output ${k} of node ${i}`);
  }
  const place = (v: Value | null) => v && `${places.get(v)} ${v.dtype}[${v.shape}]`;
  return {
    name: graph.name,
    inputs: graph.inputs.map(place),
    outputs: graph.outputs.map(({ name, value }) => [name, place(value)]),
    constants: new Map([...graph.constants].map(([v, t]) => [place(v), toNumbers(t)])),
    nodes: graph.nodes.map((n) => ({ ...n, inputs: n.inputs.map(place), outputs: n.outputs.map(place) })),
  };
}

type Step = (b: GraphBuilder, x: Value, pick: (n: number) => number) => Value;

/** Steps that keep the shape [2, 4, 6, 6], so that they combine in any order. */
const steps: readonly Step[] = [
  (b, x) => b.relu(x),
  (b, x, pick) =>
    b.conv(x, b.constant(randomTensor([4, 2, 3, 3], pick(99)), 'w'), null, { pads: [1, 1, 1, 1], group: 2 }),
  (b, x) => b.op('LeakyRelu', [x], { alpha: 0.1 }),
  (b, x, pick) => b.transpose(b.transpose(x, [0, 2, 3, 1]), pick(2) ? [0, 3, 1, 2] : [0, 3, 2, 1]),
  (b, x) => b.reshape(b.reshape(x, [2, -1]), [2, 4, 6, 6]),
  (b, x) => b.concat(b.ops('Split', [x], { axis: 1, num_outputs: 2 }, { outputs: 2 }).toReversed(), 1),
  (b, x) => b.op('Clip', [x, null, b.scalar(1)]),
  (b, x) => b.add(x, b.reduceMean(x, [1, 2])),
  (b, x) => b.op('MaxPool', [x], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }),
];

const graphs = fc
  .array(fc.record({ step: fc.nat(steps.length - 1), pick: fc.nat(98) }), { maxLength: 7 })
  .map((plan) => {
    const b = new GraphBuilder('random');
    let x = b.input('x', 'float32', [2, 4, 6, 6]);
    for (const { step, pick } of plan) x = steps[step]!(b, x, (n) => pick % n);
    b.output('y', b.relu(x));
    return b.build();
  });

describe('a written model', () => {
  it('is read back as the same graph, and ONNX Runtime loads it', async () => {
    await fc.assert(
      fc.asyncProperty(graphs, async (graph) => {
        const bytes = writeModel(graph);
        expect(described(readModel(bytes))).toEqual(described(graph));
        const { y } = await runBytes(bytes, { x: randomTensor([2, 4, 6, 6]) });
        expect(y!.shape).toEqual([2, 4, 6, 6]);
      }),
      { numRuns: 40, seed: 7 },
    );
  });

  it('keeps tensors of every element type, bit for bit; halves are read as the float32 numbers that they are', () => {
    const b = new GraphBuilder('types');
    for (const dtype of Object.keys(dtypes) as DType[]) {
      b.output(dtype, b.constant(tensorOf(dtype, [2, 2], [0, 1, 1, 0]), `${dtype}_constant`));
    }
    const read = readModel(writeModel(b.build()));
    for (const { name, value } of read.outputs) {
      const own = tensorOf(name as DType, [2, 2], [0, 1, 1, 0]);
      const wide = () => tensor('float32', [2, 2], widenFloat16(own.data as Uint16Array));
      expect(read.constants.get(value)).toEqual(name === 'float16' ? wide() : own);
    }
  });

  it('keeps attributes of every type', () => {
    const b = new GraphBuilder('attributes');
    const x = b.input('x', 'float32', [1, 1, 4, 4]);
    const y = b.node('Conv', [x, b.constant(tensorOf('float32', [1, 1, 1, 1], [1]), 'w')], {
      group: { type: 'int', value: 1 },
      auto_pad: { type: 'string', value: 'NOTSET' },
      strides: { type: 'ints', value: [1, 2] },
      note_float: { type: 'float', value: Math.fround(0.1) },
      note_floats: { type: 'floats', value: [0.5, -2] },
      note_strings: { type: 'strings', value: ['a', 'ü'] },
      note_tensor: { type: 'tensor', value: tensorOf('int64', [2], [-1, 3]) },
    });
    b.output('y', y[0]!);
    const graph = b.build();
    expect(readModel(writeModel(graph)).nodes[0]!.attributes).toEqual(graph.nodes[0]!.attributes);
  });

  it('gives every output its name: a value twice, an input, a constant, a value named like another output', async () => {
    const b = new GraphBuilder('aliases');
    const x = b.input('x', 'float32', [2]);
    const y = b.op('Neg', [x], {}, { outputNames: ['first'] });
    b.output('second', y);
    b.output('third', y);
    b.output('same', x);
    b.output('known', b.constant(tensorOf('float32', [2], [5, 6]), 'known'));
    b.output('first', b.relu(y));
    const graph = b.build();
    const feeds = { x: tensorOf('float32', [2], [1, -2]) };
    const expected = { second: [-1, 2], third: [-1, 2], same: [1, -2], known: [5, 6], first: [0, 2] };
    for (const bytes of [writeModel(graph), writeModel(readModel(writeModel(graph)))]) {
      const results = await runBytes(bytes, feeds);
      expect(Object.fromEntries(Object.entries(results).map(([k, t]) => [k, toNumbers(t)]))).toEqual(expected);
    }
  });

  it('may give an input back under its own name', async () => {
    const b = new GraphBuilder('through');
    const x = b.input('x', 'float32', [2]);
    b.output('x', x);
    b.output('y', b.neg(x));
    const results = await runBytes(writeModel(b.build()), { x: tensorOf('float32', [2], [1, 2]) });
    expect(toNumbers(results.x!)).toEqual([1, 2]);
  });

  it('cannot have an output that takes the name of another input', () => {
    const b = new GraphBuilder('clash');
    const x = b.input('x', 'float32', [2]);
    b.output('x', b.neg(x));
    expect(() => b.build()).toThrow('graph clash: the output "x" has the name of an input, and is another value');
  });

  it('keeps open dimensions open', async () => {
    const b = new GraphBuilder('open');
    b.output('y', b.relu(b.input('x', 'float32', ['batch', 3])));
    const bytes = writeModel(b.build());
    expect(readModel(bytes).inputs[0]!.shape).toEqual(['batch', 3]);
    expect((await runBytes(bytes, { x: randomTensor([5, 3]) })).y!.shape).toEqual([5, 3]);
  });
});
