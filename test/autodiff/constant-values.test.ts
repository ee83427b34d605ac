import { expect, it } from 'vitest';
import { jvp, vjp } from '../../src/autodiff/index.ts';
import { GraphBuilder, tensorOf, toNumbers } from '../../src/onnx/index.ts';
import { compile } from '../../src/runtime/index.ts';

/** Two channels, the first of which a Relu makes 0 all over. */
function normalized(op: 'MeanVarianceNormalization' | 'LpNormalization') {
  const b = new GraphBuilder(op);
  const x = b.relu(b.input('x', 'float64', [1, 2, 1, 3]));
  const attributes = op === 'LpNormalization' ? { axis: 3 } : { axes: [0, 2, 3] };
  b.output('y', b.op(op, [x], attributes));
  return b.build();
}

const point = tensorOf('float64', [1, 2, 1, 3], [-1, -2, -3, 1, 2, 4]);
const direction = tensorOf('float64', [1, 2, 1, 3], [1, 1, 2, 1, -1, 0.5]);

it.each(['MeanVarianceNormalization', 'LpNormalization'] as const)(
  '%s of values that are all 0 and stay so has the derivative 0 there, forwards and backwards',
  async (op) => {
    const graph = normalized(op);
    const forward = await compile(jvp(graph, { wrt: ['x'], of: ['y'] }));
    const { y_tangent } = await forward.run({ x: point, x_tangent: direction });
    const backward = await compile(vjp(graph, { wrt: ['x'], of: ['y'] }));
    const { x_gradient } = await backward.run({ x: point, y_cotangent: direction });
    const [tangent, gradient] = [toNumbers(y_tangent!), toNumbers(x_gradient!)];
    for (const values of [tangent, gradient]) {
      expect(values.slice(0, 3)).toEqual([expect.closeTo(0, 12), expect.closeTo(0, 12), expect.closeTo(0, 12)]);
      expect(values.slice(3).every((v) => Number.isFinite(v) && v !== 0)).toBe(true);
    }
    await Promise.all([forward.dispose(), backward.dispose()]);
  },
);
