import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jvp, vjp } from '../../src/autodiff/index.ts';
import { type Graph, GraphBuilder, type Value } from '../../src/onnx/index.ts';
import { differences } from './check.ts';
import { expectSameAsOneByOne } from './one-by-one.ts';
import { distance, dot, draw, load, norm, run } from './run.ts';

/** One node of a random graph: which operator, and which earlier values it works on. */
interface Step {
  readonly op: number;
  readonly left: number;
  readonly right: number;
}

const full = [1, 3, 4];

/** Smooth operators on values of shape [1, 3, 4], [1, 1, 4] and [1, 3, 1], which broadcast. Results stay of order 1. */
const operators: readonly ((b: GraphBuilder, x: Value, w: Value) => Value)[] = [
  (b, x) => b.op('Tanh', [x]),
  (b, x) => b.op('Sin', [x]),
  (b, x) => b.op('Softmax', [x], { axis: -1 }),
  (b, x, w) => b.add(x, w),
  (b, x, w) => b.sub(x, w),
  (b, x, w) => b.op('Tanh', [b.mul(x, w)]),
  (b, x, w) => b.div(x, b.add(b.mul(w, w), b.scalar(1, 'float64'))),
  (b, x) => b.reduceMean(x, [1]),
  (b, x) => b.reduceMean(x, [2]),
  (b, x, w) => {
    const [p, q] = [b.expand(x, full), b.expand(w, full)];
    const square = b.op('Tanh', [b.matMul(p, b.transpose(q, [0, 2, 1]))]);
    return b.scale(b.matMul(square, p), 0.3);
  },
  (b, x, w) => b.slice(b.concat([b.expand(x, full), b.expand(w, full)], 2), 2, 1, 8, 2),
  (b, x) => b.op('Exp', [b.neg(b.mul(x, x))]),
];

function randomGraph(steps: readonly Step[]): Graph {
  const b = new GraphBuilder('random');
  const values = [b.input('x', 'float64', full), b.input('z', 'float64', [1, 3, 1])];
  for (const { op, left, right } of steps) {
    const [x, w] = [values[left % values.length]!, values[right % values.length]!];
    values.push(operators[op % operators.length]!(b, x, w));
  }
  // The last values together, so that several paths lead to the output.
  const last = values.slice(-3);
  b.output('y', b.expand(b.op('Sum', last), full));
  return b.build();
}

const steps = fc.array(fc.record({ op: fc.nat(1000), left: fc.nat(1000), right: fc.nat(1000) }), {
  minLength: 1,
  maxLength: 12,
});

const point = { x: draw('unit', 'float64', full, 'x'), z: draw('unit', 'float64', [1, 3, 1], 'z') };

describe('on random graphs with shared values', () => {
  it('tangents equal differences, and gradients are their transpose', () =>
    fc.assert(
      fc.asyncProperty(steps, async (plan) => {
        const graph = randomGraph(plan);
        const v = { x: draw('unit', 'float64', full, 'v'), z: draw('unit', 'float64', [1, 3, 1], 'v') };
        const u = draw('unit', 'float64', full, 'u');
        const wrt = ['x', 'z'];
        const jv = await run(jvp(graph, { wrt, of: ['y'] }), { ...point, x_tangent: v.x, z_tangent: v.z });
        const expected = await differences(await load(graph), point, v, 1e-3);
        const scale = Math.max(1, norm(expected.y!));
        expect(distance(jv.y_tangent!, expected.y!) * norm(expected.y!)).toBeLessThan(1e-7 * scale);
        const ju = await run(vjp(graph, { wrt, of: ['y'] }), { ...point, y_cotangent: u });
        const right = dot(v.x, ju.x_gradient!) + dot(v.z, ju.z_gradient!);
        expect(Math.abs(dot(jv.y_tangent!, u) - right)).toBeLessThan(1e-10 * scale);
      }),
      { numRuns: 60, seed: 7 },
    ));

  it('linear maps on several vectors equal jvp and vjp on each', () =>
    fc.assert(
      fc.asyncProperty(steps, async (plan) => {
        const choice = { wrt: 'x', of: 'y', point, vectors: 3, tolerance: 1e-11 };
        await expectSameAsOneByOne(randomGraph(plan), choice);
      }),
      { numRuns: 40, seed: 11 },
    ));
});
