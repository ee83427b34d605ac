import { expect } from 'vitest';
import { jvp, vjp } from '../../src/autodiff/index.ts';
import {
  type DType,
  type Graph,
  GraphBuilder,
  staticShape,
  type TensorData,
  tensorOf,
  toNumbers,
  type Value,
} from '../../src/onnx/index.ts';
import { combine, type Draw, dot, draw, load, norm, type Tensors } from './run.ts';

/** One operator in one setting. All tensors of `inputs` are inputs of the graph and are differentiated together. */
export interface Case {
  readonly op: string;
  readonly setting: string;
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  readonly build: (b: GraphBuilder, ...inputs: Value[]) => Value | readonly Value[];
  /** float64 unless ONNX Runtime has no such kernel. */
  readonly dtype?: 'float32' | 'float64';
  /** Inputs that are data but not differentiated. */
  readonly fixed?: readonly string[];
  readonly draw?: Draw | Readonly<Record<string, Draw>>;
  /** Step of the differences. Large steps suit polynomials: up to degree 4 the formula is exact. */
  readonly step?: number;
  /** Relative to the size of the derivative. */
  readonly tolerance?: number;
  /** The operator has a derivative but, being nonlinear in everything, some inputs have none: expect exact zeros. */
  readonly flat?: boolean;
}

export function caseGraph(c: Case): Graph {
  const b = new GraphBuilder(c.op);
  const inputs = Object.entries(c.inputs).map(([name, shape]) => b.input(name, c.dtype ?? 'float64', shape));
  const built = c.build(b, ...inputs);
  const outputs = 'name' in built ? [built] : built;
  outputs.forEach((v, i) => {
    b.output(`y${i}`, v);
  });
  return b.build();
}

export function caseFeeds(c: Case): Record<string, TensorData> {
  return Object.fromEntries(
    Object.entries(c.inputs).map(([name, shape]) => {
      const kind = typeof c.draw === 'string' ? c.draw : (c.draw?.[name] ?? 'normal');
      return [name, draw(kind, c.dtype ?? 'float64', shape, `${c.op}/${name}`)];
    }),
  );
}

/** Directional derivative of all outputs by the five-point formula (error h^4). */
export async function differences(
  f: (feeds: Tensors) => Promise<Tensors>,
  feeds: Tensors,
  direction: Tensors,
  h: number,
): Promise<Record<string, TensorData>> {
  const at = (s: number) => {
    const moved = Object.entries(direction).map(([name, v]) => [name, combine(feeds[name]!, s * h, v)] as const);
    return f({ ...feeds, ...Object.fromEntries(moved) });
  };
  const [m2, m1, p1, p2] = [await at(-2), await at(-1), await at(1), await at(2)];
  return Object.fromEntries(
    Object.entries(p1).map(([name, t]) => {
      const [a, b, c, d] = [m2, m1, p1, p2].map((r) => toNumbers(r[name]!)) as [number[], number[], number[], number[]];
      const values = a.map((v, i) => (v - 8 * b[i]! + 8 * c[i]! - d[i]!) / (12 * h));
      return [name, tensorOf('float64', t.shape, values)];
    }),
  );
}

/** Largest difference, relative to the largest entry (or 1, when that is larger and the draw is of order 1). */
function worst(a: TensorData, b: TensorData): number {
  const [p, q] = [toNumbers(a), toNumbers(b)];
  const scale = Math.max(1e-3, ...q.map(Math.abs));
  return Math.max(0, ...p.map((v, i) => Math.abs(v - q[i]!))) / scale;
}

/**
 * Checks jvp against differences in two random directions, and vjp against jvp by <J v, u> = <v, J' u>.
 * With integer data in single precision the second identity must hold exactly.
 */
export async function checkDerivatives(c: Case): Promise<void> {
  const graph = caseGraph(c);
  const feeds = caseFeeds(c);
  const dtype: DType = c.dtype ?? 'float64';
  const single = dtype === 'float32';
  const wrt = Object.keys(c.inputs).filter((name) => !c.fixed?.includes(name));
  const of = graph.outputs.map((o) => o.name);
  const [primal, forward, backward] = [
    await load(graph),
    await load(jvp(graph, { wrt, of })),
    await load(vjp(graph, { wrt, of })),
  ];
  const integers = c.draw === 'integers';
  for (const seed of [1, 2]) {
    const random = (name: string, shape: readonly number[]) =>
      draw(integers ? 'integers' : 'unit', dtype, shape, `direction/${name}`, seed);
    const v = Object.fromEntries(wrt.map((name) => [name, random(name, c.inputs[name]!)]));
    const u = Object.fromEntries(graph.outputs.map((o) => [o.name, random(o.name, staticShape(o.value))]));
    const suffixed = (t: Tensors, suffix: string) =>
      Object.fromEntries(Object.entries(t).map(([name, value]) => [`${name}${suffix}`, value]));

    const jv = await forward({ ...feeds, ...suffixed(v, '_tangent') });
    const expected = await differences(primal, feeds, v, c.step ?? (single ? 1e-2 : 1e-4));
    const base = await primal(feeds);
    const tolerance = c.tolerance ?? (single ? 1e-3 : 1e-8);
    for (const name of of) {
      expect(toNumbers(jv[name]!), 'jvp computes the value itself').toEqual(toNumbers(base[name]!));
      expect(worst(jv[`${name}_tangent`]!, expected[name]!), `tangent of ${name}`).toBeLessThan(tolerance);
    }

    const ju = await backward({ ...feeds, ...suffixed(u, '_cotangent') });
    const left = of.reduce((s, name) => s + dot(jv[`${name}_tangent`]!, u[name]!), 0);
    const right = wrt.reduce((s, name) => s + dot(v[name]!, ju[`${name}_gradient`]!), 0);
    const size =
      Math.max(...of.map((name) => norm(jv[`${name}_tangent`]!) * norm(u[name]!))) +
      Math.max(...wrt.map((name) => norm(v[name]!) * norm(ju[`${name}_gradient`]!)));
    if (!c.flat) expect(size, 'the derivative is not zero').toBeGreaterThan(1e-6);
    if (integers) expect(left).toBe(right);
    else expect(Math.abs(left - right)).toBeLessThanOrEqual((single ? 1e-5 : 1e-10) * size);
  }
}
