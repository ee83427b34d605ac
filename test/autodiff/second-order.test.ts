import { describe, expect, it } from 'vitest';
import { grad, jvp, vjp } from '../../src/autodiff/index.ts';
import { type Graph, GraphBuilder, type TensorData } from '../../src/onnx/index.ts';
import { differences } from './check.ts';
import { distance, dot, draw, load, run, type Tensors } from './run.ts';
import { smallNet } from './units.ts';

/** A smooth classifier in double precision; its weights are inputs. */
function smoothNet(): { graph: Graph; point: Record<string, TensorData>; wrt: string[] } {
  const shapes = { x: [4, 3], w1: [3, 5], c1: [5], scale: [5], shift: [5], w2: [5, 3] };
  const b = new GraphBuilder('smooth');
  const v = Object.fromEntries(Object.entries(shapes).map(([n, s]) => [n, b.input(n, 'float64', s)]));
  const hidden = b.op('Tanh', [b.add(b.matMul(v.x!, v.w1!), v.c1!)]);
  const normal = b.op('LayerNormalization', [hidden, v.scale!, v.shift!], { epsilon: 0.1 });
  const gated = b.mul(normal, b.op('Sigmoid', [hidden]));
  const scores = b.op('LogSoftmax', [b.op('Gemm', [gated, v.w2!], { alpha: 2 })], { axis: 1 });
  const chosen = b.op('Gather', [scores, b.integers([0, 2, 0])], { axis: 1 });
  b.output('loss', b.neg(b.op('ReduceMean', [chosen], { keepdims: 0 })));
  const point = Object.fromEntries(Object.entries(shapes).map(([n, s]) => [n, draw('normal', 'float64', s, n)]));
  return { graph: b.build(), point, wrt: Object.keys(shapes) };
}

function directions(point: Tensors, wrt: readonly string[], seed: number) {
  return Object.fromEntries(
    wrt.map((n) => [n, draw('unit', point[n]!.dtype, point[n]!.shape, `direction/${n}`, seed)]),
  );
}

const suffixed = (t: Tensors, suffix: string) =>
  Object.fromEntries(Object.entries(t).map(([n, value]) => [`${n}${suffix}`, value]));

/** Hessian times v, by the tangent of the gradient. */
async function hessianVector(graph: Graph, point: Tensors, v: Tensors): Promise<Record<string, TensorData>> {
  const wrt = Object.keys(v);
  const gradient = grad(graph, { wrt, of: 'loss' });
  const out = await run(jvp(gradient, { wrt, of: wrt.map((n) => `${n}_gradient`) }), {
    ...point,
    ...suffixed(v, '_tangent'),
  });
  return Object.fromEntries(wrt.map((n) => [n, out[`${n}_gradient_tangent`]!]));
}

describe('second derivatives', () => {
  it('the tangent of the gradient equals differences of the gradient', async () => {
    const { graph, point, wrt } = smoothNet();
    const v = directions(point, wrt, 1);
    const product = await hessianVector(graph, point, v);
    const expected = await differences(await load(grad(graph, { wrt, of: 'loss' })), point, v, 1e-3);
    for (const name of wrt) expect(distance(product[name]!, expected[`${name}_gradient`]!)).toBeLessThan(1e-8);
  });

  it('the Hessian is symmetric', async () => {
    const { graph, point, wrt } = smoothNet();
    const [u, v] = [directions(point, wrt, 1), directions(point, wrt, 2)];
    const [hu, hv] = [await hessianVector(graph, point, u), await hessianVector(graph, point, v)];
    const pair = (a: Tensors, b: Tensors) => wrt.reduce((s, n) => s + dot(a[n]!, b[n]!), 0);
    expect(Math.abs(pair(u, hv) - pair(v, hu))).toBeLessThan(1e-12 * Math.abs(pair(u, hu)));
  });

  it('the gradient of the gradient gives the same product as its tangent', async () => {
    const { graph, point, wrt } = smoothNet();
    const v = directions(point, wrt, 1);
    const product = await hessianVector(graph, point, v);
    const first = grad(graph, { wrt, of: 'loss' });
    const slopes = {
      ...first,
      outputs: first.outputs.map((o) => ({ ...o, name: o.name.replace('_gradient', '_slope') })),
    };
    const twice = vjp(slopes, { wrt, of: wrt.map((n) => `${n}_slope`) });
    const out = await run(twice, { ...point, ...suffixed(v, '_slope_cotangent') });
    for (const name of wrt) expect(distance(out[`${name}_gradient`]!, product[name]!)).toBeLessThan(1e-12);
  });

  it('holds for a convolutional net in single precision, with respect to image and weights', async () => {
    const graph = smallNet({ batch: 2, smooth: true });
    const weights = [...graph.constants].filter(([v]) => v.name === 'weight0' || v.name === 'weight5');
    const point = { x: draw('normal', 'float32', [2, 2, 8, 8], 'x') };
    const all = { ...point, ...Object.fromEntries(weights.map(([v, t]) => [v.name, t])) };
    const [u, v] = [directions(all, Object.keys(all), 1), directions(all, Object.keys(all), 2)];
    const [hu, hv] = [await hessianVector(graph, point, u), await hessianVector(graph, point, v)];
    const pair = (a: Tensors, b: Tensors) => Object.keys(all).reduce((s, n) => s + dot(a[n]!, b[n]!), 0);
    expect(Math.abs(pair(u, hv) - pair(v, hu))).toBeLessThan(1e-4 * Math.abs(pair(u, hu)));
  });
});
