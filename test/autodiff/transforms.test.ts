import { describe, expect, it } from 'vitest';
import { grad, jvp, vjp } from '../../src/autodiff/index.ts';
import { GraphBuilder, type TensorData, tensorOf, toNumbers, type Value } from '../../src/onnx/index.ts';
import { distance, dot, draw, run } from './run.ts';
import { smallNet } from './units.ts';

const numbers = (...values: number[]): TensorData => tensorOf('float64', [values.length], values);

/** x -> h = x^2, y = h * w + x, with w constant; and a value that depends on nothing else. */
function chain() {
  const b = new GraphBuilder('chain');
  const x = b.input('x', 'float64', [2]);
  b.input('unused', 'float64', [3]);
  const h = b.mul(x, x);
  const w = b.constant(numbers(5, 7), 'w');
  b.output('y', b.add(b.mul(h, w), x));
  b.output('square', h);
  return { graph: b.build(), h };
}

/** Gradient of the sum of op(x, ...) at the given point. */
async function slope(point: readonly number[], build: (b: GraphBuilder, x: Value) => Value, shape = [point.length]) {
  const b = new GraphBuilder('slope');
  const x = b.input('x', 'float64', shape);
  b.output('y', b.op('ReduceSum', [build(b, x)], { keepdims: 0 }));
  const out = await run(grad(b.build(), { wrt: ['x'], of: 'y' }), { x: tensorOf('float64', shape, point) });
  return toNumbers(out.x_gradient!);
}

describe('jvp', () => {
  it('takes the graph inputs and a tangent for each of wrt, and gives each of `of` with its tangent', async () => {
    const graph = jvp(chain().graph, { wrt: ['x'], of: ['y', 'square'] });
    expect(graph.inputs.map((v) => v.name)).toEqual(['x', 'unused', 'x_tangent']);
    expect(graph.outputs.map((o) => o.name)).toEqual(['y', 'square', 'y_tangent', 'square_tangent']);
    const out = await run(graph, { x: numbers(2, 3), unused: numbers(0, 0, 0), x_tangent: numbers(1, 10) });
    expect(toNumbers(out.y_tangent!)).toEqual([2 * 2 * 5 + 1, (2 * 3 * 7 + 1) * 10]);
    expect(toNumbers(out.square_tangent!)).toEqual([4, 60]);
  });

  it('adds the tangent of an inner value to what reaches it from the inputs', async () => {
    const { graph, h } = chain();
    const both = jvp(graph, { wrt: ['x', h], of: ['y'] });
    const feeds = { x: numbers(2, 3), unused: numbers(0, 0, 0), x_tangent: numbers(1, 1) };
    const out = await run(both, { ...feeds, [`${h.name}_tangent`]: numbers(100, 0) });
    expect(toNumbers(out.y_tangent!)).toEqual([21 + 500, 43]);
  });

  it('gives tangent zero to a value that does not depend on wrt', async () => {
    const feeds = { x: numbers(2, 3), unused: numbers(0, 0, 0), unused_tangent: numbers(1, 2, 3) };
    const out = await run(jvp(chain().graph, { wrt: ['unused'], of: ['y'] }), feeds);
    expect(toNumbers(out.y_tangent!)).toEqual([0, 0]);
  });
});

describe('vjp', () => {
  it('gives gradients of inputs, constants and inner values, and zero where there is no dependence', async () => {
    const { graph, h } = chain();
    const backward = vjp(graph, { wrt: ['x', 'w', h, 'unused'], of: ['y'] });
    expect(backward.inputs.map((v) => v.name)).toEqual(['x', 'unused', 'y_cotangent']);
    const out = await run(backward, { x: numbers(2, 3), unused: numbers(0, 0, 0), y_cotangent: numbers(1, 10) });
    expect(toNumbers(out.x_gradient!)).toEqual([21, 430]);
    expect(toNumbers(out.w_gradient!)).toEqual([4, 90]);
    expect(toNumbers(out[`${h.name}_gradient`]!)).toEqual([5, 70]);
    expect(toNumbers(out.unused_gradient!)).toEqual([0, 0, 0]);
  });

  it('adds up the gradients of several outputs', async () => {
    const backward = vjp(chain().graph, { wrt: ['x'], of: ['y', 'square'] });
    const feeds = { x: numbers(2, 3), unused: numbers(0, 0, 0) };
    const out = await run(backward, { ...feeds, y_cotangent: numbers(1, 0), square_cotangent: numbers(0, 1) });
    expect(toNumbers(out.x_gradient!)).toEqual([21, 6]);
  });

  it('leaves out everything that the gradients do not need', () => {
    const backward = vjp(chain().graph, { wrt: ['w'], of: ['y'] });
    // The value (two Mul, one Add) and one product for the gradient.
    expect(backward.nodes.map((n) => n.opType).sort()).toEqual(['Add', 'Mul', 'Mul', 'Mul']);
  });

  it('gives gradients of all weights of a convolutional net that agree with its tangents', async () => {
    const net = smallNet({ batch: 3 });
    const wrt = [...net.constants.keys()].filter((v) => /^(weight|variance)/.test(v.name)).map((v) => v.name);
    expect(wrt).toHaveLength(8);
    const x = draw('normal', 'float32', [3, 2, 8, 8], 'x');
    const value = (name: string) => [...net.constants].find(([v]) => v.name === name)![1];
    const directions = Object.fromEntries(wrt.map((n) => [n, draw('unit', 'float32', value(n).shape, `v/${n}`)]));
    const tangents = Object.fromEntries(wrt.map((n) => [`${n}_tangent`, directions[n]!]));
    const jv = (await run(jvp(net, { wrt, of: ['loss'] }), { x, ...tangents })).loss_tangent!;
    const gradients = await run(grad(net, { wrt, of: 'loss' }), { x });
    const terms = wrt.map((n) => dot(directions[n]!, gradients[`${n}_gradient`]!));
    const total = terms.reduce((s, t) => s + t, 0);
    for (const t of terms) expect(t).not.toBe(0);
    expect(Math.abs(total - toNumbers(jv)[0]!)).toBeLessThan(1e-5 * terms.reduce((s, t) => s + Math.abs(t), 0));
  });

  it('emits the gradient of a stride-1 convolution as a convolution with a weight that was turned round beforehand', () => {
    const b = new GraphBuilder('conv');
    const w = b.constant(draw('unit', 'float32', [4, 3, 3, 3], 'w'), 'w');
    b.output('y', b.conv(b.input('x', 'float32', [1, 3, 8, 8]), w, null, { pads: [1, 1, 1, 1] }));
    const operators = vjp(b.build(), { wrt: ['x'], of: ['y'] }).nodes.map((n) => n.opType);
    expect(operators).toEqual(['Conv', 'Conv']);
  });

  it('refuses a second derivative with respect to a constant that the first one folded', () => {
    const net = smallNet({ batch: 1, smooth: true });
    const image = grad(net, { wrt: ['x'], of: 'loss' });
    expect(() => jvp(image, { wrt: ['weight0'], of: ['x_gradient'] })).toThrow(
      /the constant "weight0" has been folded into "weight0_rearranged" by an earlier transform/,
    );
    const both = grad(net, { wrt: ['x', 'weight0'], of: 'loss' });
    expect(() => jvp(both, { wrt: ['weight0'], of: ['x_gradient'] })).not.toThrow();
  });

  it('gives the same gradient of a convolution whether its weight is a constant or an input', async () => {
    const build = (constant: boolean) => {
      const b = new GraphBuilder('conv');
      const x = b.input('x', 'float32', [2, 4, 6, 6]);
      const data = draw('unit', 'float32', [6, 2, 3, 2], 'w');
      const w = constant ? b.constant(data, 'w') : b.input('w', 'float32', [6, 2, 3, 2]);
      b.output('y', b.conv(x, w, null, { group: 2, pads: [1, 1, 1, 0] }));
      return { graph: vjp(b.build(), { wrt: ['x'], of: ['y'] }), w: data };
    };
    const [folded, open] = [build(true), build(false)];
    const feeds = {
      x: draw('unit', 'float32', [2, 4, 6, 6], 'x'),
      y_cotangent: draw('unit', 'float32', [2, 6, 6, 6], 'y'),
    };
    const expected = (await run(open.graph, { ...feeds, w: open.w })).x_gradient!;
    expect(distance((await run(folded.graph, feeds)).x_gradient!, expected)).toBeLessThan(1e-6);
  });
});

describe('derivatives at kinks are those of PyTorch', () => {
  it('Relu, LeakyRelu-like hinges and Abs have derivative 0 from the left at 0', async () => {
    expect(await slope([0, -1, 1], (b, x) => b.relu(x))).toEqual([0, 0, 1]);
    expect(await slope([0, -1, 1], (b, x) => b.op('Abs', [x]))).toEqual([0, -1, 1]);
  });
  it('Clip passes the derivative on its bounds', async () => {
    const clip = (b: GraphBuilder, x: Value) => b.op('Clip', [x, b.scalar(-1, 'float64'), b.scalar(1, 'float64')]);
    expect(await slope([-2, -1, 0, 1, 2], clip)).toEqual([0, 1, 1, 1, 0]);
  });
  it('of equal maxima in a window the first one has it', async () => {
    const pool = (b: GraphBuilder, x: Value) => b.op('MaxPool', [x], { kernel_shape: [2, 2], strides: [2, 2] });
    expect(await slope([1, 3, 5, 5, 3, 2, 5, 5], pool, [1, 1, 2, 4])).toEqual([0, 1, 1, 0, 0, 0, 0, 0]);
  });
  it('equal operands of Max, and equal maxima of ReduceMax, share it', async () => {
    const both = (b: GraphBuilder, x: Value) => b.op('Max', [x, b.constant(numbers(1, 1, 1))]);
    expect(await slope([0, 1, 2], both)).toEqual([0, 0.5, 1]);
    expect(await slope([4, 1, 4], (b, x) => b.op('ReduceMax', [x, b.integers([0])]))).toEqual([0.5, 0, 0.5]);
  });
  it('the norm of zero and the power zero have derivative 0', async () => {
    expect(await slope([0, 0], (b, x) => b.op('ReduceL2', [x, b.integers([0])]))).toEqual([0, 0]);
    expect(await slope([0, 2], (b, x) => b.op('Pow', [x, b.scalar(0, 'float64')]))).toEqual([0, 0]);
  });
});

describe('what cannot be differentiated is refused by name', () => {
  const build = (f: (b: GraphBuilder, x: Value) => Value) => {
    const b = new GraphBuilder('g');
    b.output('y', f(b, b.input('x', 'float64', [4])));
    return b.build();
  };
  it('an operator without a rule, naming the node', () => {
    const graph = build((b, x) => b.op('Det', [b.reshape(x, [2, 2])], {}, { name: 'volume' }));
    for (const transform of [jvp, vjp]) {
      expect(() => transform(graph, { wrt: ['x'], of: ['y'] })).toThrow(
        'cannot differentiate Det "volume": the operator has no derivative rule',
      );
    }
  });
  it('but not when it lies off the path', () => {
    const graph = build((b, x) => {
      b.output('other', b.op('Hardmax', [x]));
      return b.op('Tanh', [x]);
    });
    expect(() => vjp(graph, { wrt: ['x'], of: ['y'] })).not.toThrow();
  });
  it('an operator of another domain that has the name of a known one', () => {
    const graph = build((b, x) => b.op('Gelu', [x], {}, { domain: 'com.microsoft' }));
    expect(() => jvp(graph, { wrt: ['x'], of: ['y'] })).toThrow(/com\.microsoft\.Gelu/);
  });
  it('dropout in training mode', () => {
    const graph = build((b, x) => b.op('Dropout', [x, b.scalar(0.5), b.constant(tensorOf('bool', [], [1]))]));
    expect(() => jvp(graph, { wrt: ['x'], of: ['y'] })).toThrow(/Dropout "Dropout": only evaluation mode/);
  });
  it('integers, unknown names, and the gradient of something that is no scalar', () => {
    const graph = build((b, x) => {
      b.output('count', b.op('ArgMax', [x]));
      return x;
    });
    expect(() => jvp(graph, { wrt: ['x'], of: ['count'] })).toThrow(
      /"count" is int64\[1\]; only floats have derivatives/,
    );
    expect(() => vjp(graph, { wrt: ['z'], of: ['y'] })).toThrow(/has no value "z"; its inputs are x/);
    expect(() => grad(graph, { wrt: ['x'], of: 'y' })).toThrow(/needs a scalar, "y" is float64\[4\]/);
  });
  it('open dimensions', () => {
    const b = new GraphBuilder('open');
    b.output('y', b.relu(b.input('x', 'float32', ['batch', 3])));
    expect(() => vjp(b.build(), { wrt: ['x'], of: ['y'] })).toThrow(/open dimension "batch"/);
  });
});
