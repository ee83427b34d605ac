import { expect } from 'vitest';
import { jvp, linearize, vjp } from '../../src/autodiff/index.ts';
import {
  type Graph,
  inputNamed,
  outputNamed,
  sizeOf,
  staticShape,
  type TensorData,
  tensor,
} from '../../src/onnx/index.ts';
import { lowerFloat64 } from '../../src/runtime/float64/lower.ts';
import { combine, dot, draw, load as loadAsWritten, norm, type Tensors } from './run.ts';

/** With float64 forms of what ONNX Runtime has in float32 only. */
const load = (graph: Graph) => loadAsWritten(lowerFloat64(graph));
const run = async (graph: Graph, feeds: Tensors) => (await load(graph))(feeds);

function row(t: TensorData, i: number): TensorData {
  const size = sizeOf(t.shape.slice(1));
  return tensor(t.dtype, [1, ...t.shape.slice(1)], t.data.slice(i * size, (i + 1) * size));
}

/** The linear maps at `point` on `vectors` vectors against as many calls of jvp and vjp. */
export async function expectSameAsOneByOne(
  graph: Graph,
  choice: { wrt: string; of: string; point: Tensors; vectors: number; tolerance: number },
): Promise<void> {
  const { wrt, of, point, vectors, tolerance } = choice;
  const [x, y] = [inputNamed(graph, wrt), outputNamed(graph, of)];
  const many = (v: typeof x, purpose: string) => draw('unit', v.dtype, [vectors, ...staticShape(v).slice(1)], purpose);
  const [tangent, cotangent] = [many(x, 'tangent'), many(y, 'cotangent')];

  const parts = linearize(graph, { wrt, of, vectors });
  const primal = await run(parts.primal, point);
  const residuals = Object.fromEntries(parts.residuals.map((name) => [name, primal[name]!]));
  const forward = (await run(parts.tangent, { ...residuals, tangent })).tangent_out!;
  const backward = (await run(parts.cotangent, { ...residuals, cotangent })).cotangent_out!;
  expect(primal[of]).toEqual((await run(graph, point))[of]);

  const one = await load(jvp(graph, { wrt: [wrt], of: [of] }));
  const reverse = await load(vjp(graph, { wrt: [wrt], of: [of] }));
  const close = (a: TensorData, b: TensorData) => {
    expect(a.shape).toEqual(b.shape);
    expect(norm(combine(a, -1, b))).toBeLessThanOrEqual(tolerance * Math.max(norm(b), 1e-3));
  };
  for (let i = 0; i < vectors; i++) {
    const t = (await one({ ...point, [`${wrt}_tangent`]: row(tangent, i) }))[`${of}_tangent`]!;
    const g = (await reverse({ ...point, [`${of}_cotangent`]: row(cotangent, i) }))[`${wrt}_gradient`]!;
    close(row(forward, i), t);
    close(row(backward, i), g);
    expect(Math.abs(dot(t, row(cotangent, i)) - dot(row(tangent, i), g))).toBeLessThanOrEqual(
      10 * tolerance * Math.max(1e-3, norm(t) * norm(row(cotangent, i))),
    );
  }
}
