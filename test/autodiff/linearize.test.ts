import { describe, expect, it } from 'vitest';
import { linearize } from '../../src/autodiff/index.ts';
import { type Graph, GraphBuilder, staticShape, type TensorData, tensor } from '../../src/onnx/index.ts';
import { expectSameAsOneByOne } from './one-by-one.ts';
import { draw, run } from './run.ts';
import { residualUnit, smallNet } from './units.ts';

const check = (graph: Graph, of: string, vectors = 5) => {
  const x = graph.inputs[0]!;
  const point = { [x.name]: draw('normal', x.dtype, staticShape(x), 'x') };
  return expectSameAsOneByOne(graph, { wrt: x.name, of, point, vectors, tolerance: 1e-6 });
};

describe('linearize', () => {
  it('gives J V and JᵀU of a residual unit as jvp and vjp give them one by one', () =>
    check(residualUnit({ stride: 1 }), 'y'));
  it('does so for a stride-2 unit with an option-A shortcut by Pad', () => check(residualUnit({ stride: 2 }), 'y'));
  it('does so for a stride-2 unit with an option-A shortcut by Concat', () =>
    check(residualUnit({ stride: 2, zeroChannels: 'concat' }), 'y'));
  it('does so for a network with max pooling, flattening and a linear layer', () =>
    check(smallNet({ batch: 1 }), 'logits'));
  it('takes a single vector as well', () => check(residualUnit({ stride: 2 }), 'y', 1));

  it('takes one vector for each example, each at its own operating point, when it is not told how many', async () => {
    const point = draw('normal', 'float32', [3, 4, 8, 8], 'x');
    const v = draw('normal', 'float32', [3, 4, 8, 8], 'v');
    const u = draw('normal', 'float32', [3, 4, 8, 8], 'u');
    const at = async (batch: number, [x, t, c]: readonly TensorData[]) => {
      const { primal, tangent, cotangent, residuals } = linearize(residualUnit({ stride: 1, batch }), {
        wrt: 'x',
        of: 'y',
      });
      const found = await run(primal, { x: x! });
      const known = Object.fromEntries(residuals.map((name) => [name, found[name]!]));
      const pushed = await run(tangent, { ...known, tangent: t! });
      const pulled = await run(cotangent, { ...known, cotangent: c! });
      return [pushed.tangent_out!, pulled.cotangent_out!].map((o) => o.data as Float32Array);
    };
    const together = await at(3, [point, v, u]);
    for (let i = 0; i < 3; i++) {
      const item = (t: TensorData) =>
        tensor('float32', [1, 4, 8, 8], (t.data as Float32Array).slice(256 * i, 256 * (i + 1)));
      const alone = await at(1, [item(point), item(v), item(u)]);
      for (const [k, own] of alone.entries()) {
        const part = together[k]!.subarray(256 * i, 256 * (i + 1));
        for (const [j, value] of own.entries()) expect(part[j]).toBeCloseTo(value, 4);
      }
    }
  });

  it('hands over the two masks of a residual unit and nothing else, and keeps only linear nodes', () => {
    const { residuals, tangent, cotangent } = linearize(residualUnit({ stride: 2 }), { wrt: 'x', of: 'y', vectors: 3 });
    expect(residuals).toHaveLength(2);
    const nonlinear = /^(Relu|Greater|BatchNormalization|Sqrt|Cast)$/;
    for (const node of [...tangent.nodes, ...cotangent.nodes]) expect(node.opType).not.toMatch(nonlinear);
    expect(tangent.nodes.filter((n) => n.opType === 'Conv')).toHaveLength(2);
  });

  it('hands over what was repeated for the vectors before it is repeated', () => {
    const net = smallNet({ batch: 1 });
    const { primal, residuals } = linearize(net, { wrt: 'x', of: 'logits', vectors: 50 });
    const shapes = primal.outputs.filter((o) => residuals.includes(o.name)).map((o) => o.value.shape);
    for (const shape of shapes) expect(shape[0], `residual of shape [${shape}]`).toBe(1);
  });

  it('gives zero maps for a value that does not depend on the input', async () => {
    const b = new GraphBuilder('constant');
    b.input('x', 'float32', [1, 3]);
    b.output('y', b.relu(b.input('z', 'float32', [1, 2])));
    const parts = linearize(b.build(), { wrt: 'x', of: 'y', vectors: 4 });
    const out = await run(parts.tangent, { tangent: draw('normal', 'float32', [4, 3], 't') });
    expect(out.tangent_out).toEqual(tensor('float32', [4, 2], new Float32Array(8)));
  });

  it.each<[string, readonly number[], (b: GraphBuilder) => void]>([
    ['moves', [1, 2, 3], (b) => b.output('y', b.transpose(b.build().inputs[0]!, [1, 0, 2]))],
    ['batch axis', [1, 2, 3], (b) => b.output('y', b.op('Softmax', [b.build().inputs[0]!], { axis: 0 }))],
    ['batch axis', [1, 2, 3], (b) => b.output('y', b.reduceSum(b.build().inputs[0]!, [0, 1]))],
    ['batch axis', [1, 4], (b) => b.output('y', b.reshape(b.build().inputs[0]!, [2, 2]))],
    ['batch axis', [1, 4], (b) => b.output('y', b.concat([b.build().inputs[0]!, b.build().inputs[0]!], 0))],
    [
      'batch axis',
      [1, 4],
      (b) => b.output('y', b.matMul(b.constant(draw('unit', 'float32', [2, 1], 'w')), b.build().inputs[0]!)),
    ],
    [
      'batch axis',
      [1, 4],
      (b) => b.output('y', b.add(b.build().inputs[0]!, b.constant(draw('unit', 'float32', [2, 4], 'w')))),
    ],
    [
      'batch axis',
      [1, 4],
      (b) => b.output('y', b.add(b.build().inputs[0]!, b.constant(draw('unit', 'float32', [1, 1, 4], 'w')))),
    ],
  ])('refuses a node that %s where the vectors lie, and names it (%j)', (problem, shape, build) => {
    const b = new GraphBuilder('mixing');
    b.input('x', 'float32', shape);
    build(b);
    const graph = b.build();
    const attempt = () => linearize(graph, { wrt: 'x', of: 'y', vectors: 7 });
    expect(attempt).toThrow(`"${graph.nodes[0]!.name}"`);
    expect(attempt).toThrow(problem);
  });

  it('refuses a batch of several operating points', () => {
    expect(() => linearize(residualUnit({ stride: 1, batch: 2 }), { wrt: 'x', of: 'y', vectors: 3 })).toThrow(
      /batch size 1, "x" is float32\[2, 4, 8, 8\]/,
    );
  });
});
