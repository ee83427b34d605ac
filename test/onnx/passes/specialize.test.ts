import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../../../src/onnx/builder.ts';
import { staticShape } from '../../../src/onnx/graph.ts';
import { specialize } from '../../../src/onnx/passes/specialize.ts';
import { tensorOf } from '../../../src/onnx/tensor.ts';
import { writeModel } from '../../../src/onnx/write.ts';
import { randomTensor, runBytes } from '../../support/onnx-files.ts';

/** Attention-like: [batch, time, 6] to [batch, 2, time, 3] by the sizes that the graph itself reads. */
function heads() {
  const b = new GraphBuilder('heads');
  const x = b.input('x', 'float32', ['batch', 'time', 6]);
  const bias = b.input('bias', 'float32', ['time', 1]);
  const split = b.reshape(b.add(x, bias), [0, 0, 2, 3]);
  b.output('y', b.transpose(split, [0, 2, 1, 3]));
  b.output('size', b.op('Shape', [split]));
  return b.build();
}

describe('specialize', () => {
  it('binds dimensions by name, everywhere they stand', () => {
    const graph = specialize(heads(), { batch: 4, time: 5 });
    expect(graph.inputs.map((v) => v.shape)).toEqual([
      [4, 5, 6],
      [5, 1],
    ]);
    expect(staticShape(graph.outputs[0]!.value)).toEqual([4, 2, 5, 3]);
  });

  it('binds the first dimension of every input to one size', () => {
    expect(specialize(heads(), 3).inputs.map((v) => v.shape)).toEqual([
      [3, 3, 6],
      [3, 1],
    ]);
  });

  it('leaves what is not bound open, and renames', () => {
    const graph = specialize(heads(), { batch: 'n' });
    expect(graph.outputs[0]!.value.shape).toEqual(['n', 2, 'time', 3]);
  });

  it('folds what the sizes make known', async () => {
    const graph = specialize(heads(), { batch: 4, time: 5 });
    expect(graph.constants.get(graph.outputs[1]!.value)).toEqual(tensorOf('int64', [4], [4, 5, 2, 3]));
    const feeds = { x: randomTensor([4, 5, 6]), bias: randomTensor([5, 1], 1) };
    expect(await runBytes(writeModel(graph), feeds)).toEqual(await runBytes(writeModel(heads()), feeds));
  });

  it('keeps the names of nodes and values', () => {
    const before = heads();
    const after = specialize(before, { batch: 4 });
    expect(after.nodes.map((n) => n.name)).toEqual(before.nodes.map((n) => n.name));
    expect(after.nodes.flatMap((n) => n.outputs.map((v) => v.name))).toEqual(
      before.nodes.flatMap((n) => n.outputs.map((v) => v.name)),
    );
  });

  it('names the dimensions there are when one is unknown', () => {
    expect(() => specialize(heads(), { length: 2 })).toThrow(
      'graph heads has no open dimension "length" (only batch, time)',
    );
    expect(() => specialize(heads(), 1.5)).toThrow('dimension "batch" must be a positive integer, got 1.5');
  });
});
