import { grad, jvp, linearize, vjp } from '../../src/autodiff/index.ts';
import { type Graph, GraphError, print, sizeOf, type TensorData, toNumbers } from '../../src/onnx/index.ts';
import { compile } from '../../src/runtime/index.ts';
import { combine, dot, draw, type Tensors } from '../autodiff/run.ts';

/** What became of a graph: a probe too near to a kink (or too steep for differences) is skipped. */
export interface Checked {
  /** `refused`: an operator on the way has no derivative in this setting, and says so. */
  readonly outcome: 'checked' | 'kink' | 'refused';
  readonly reason?: string;
  /** Largest deviations, relative to the size of what is compared. */
  readonly tangent: number;
  readonly adjoint: number;
  readonly gradient: number;
  readonly linearized: number;
}

/** All computed in float64 with the plain emission, on one thread. */
export async function evaluated(graph: Graph, feeds: Tensors): Promise<Record<string, TensorData>> {
  const program = await compile(graph, { emission: 'plain', threads: 1 });
  try {
    return await program.run(feeds);
  } finally {
    await program.dispose();
  }
}

const largestOf = (tensors: Iterable<TensorData>) => {
  let largest = 0;
  for (const t of tensors)
    for (const v of toNumbers(t)) largest = Math.max(largest, Number.isNaN(v) ? Infinity : Math.abs(v));
  return largest;
};

const suffixed = (t: Tensors, suffix: string) =>
  Object.fromEntries(Object.entries(t).map(([name, value]) => [`${name}${suffix}`, value]));

function apart(a: Tensors, b: Tensors, names: readonly string[]): number {
  return largestOf(names.map((name) => combine(a[name]!, -1, b[name]!)));
}

interface Differences {
  /** Five-point differences of every output. */
  readonly slopes: Record<string, TensorData>;
  /** Largest (f(h) - 2 f(0) + f(-h)) / h: halved with h where f is smooth, and the same at a kink. */
  readonly bend: number;
}

/** Differences along `direction` with steps h and h / 2. */
async function differences(
  graph: Graph,
  feeds: Tensors,
  direction: Tensors,
  h: number,
): Promise<readonly [Differences, Differences]> {
  const program = await compile(graph, { emission: 'plain', threads: 1 });
  const at = (step: number) =>
    program.run({
      ...feeds,
      ...Object.fromEntries(Object.entries(direction).map(([name, v]) => [name, combine(feeds[name]!, step, v)])),
    });
  const probe = async (step: number): Promise<Differences> => {
    const [m2, m1, p1, p2] = [await at(-2 * step), await at(-step), await at(step), await at(2 * step)];
    const names = Object.keys(p1);
    const bends = names.map((name) => combine(combine(p1[name]!, 1, m1[name]!), -2, middle[name]!));
    const slopes = Object.fromEntries(
      names.map((name) => {
        const outer = combine(m2[name]!, -1, p2[name]!);
        const inner = combine(p1[name]!, -1, m1[name]!);
        const sum = combine(outer, 8, inner);
        return [name, combine(combine(sum, -1, sum), 1 / (12 * step), sum)];
      }),
    );
    return { slopes, bend: largestOf(bends) / step };
  };
  let middle: Tensors = {};
  try {
    middle = await at(0);
    return [await probe(h), await probe(h / 2)];
  } finally {
    await program.dispose();
  }
}

const step = 1e-3;

/**
 * `jvp`, `vjp`, `grad` and `linearize` of a float64 graph at one point: tangents against differences, gradients against tangents by
 * <u, J v> = <J' u, v>, the gradient of the output `loss` against its difference, and linear maps against jvp and vjp.
 */
export async function checkGraph(graph: Graph, feeds: Tensors, wrt: readonly string[], seed: number): Promise<Checked> {
  const of = graph.outputs.map((o) => o.name);
  const v = Object.fromEntries(
    wrt.map((name) => [name, draw('unit', 'float64', feeds[name]!.shape, `v/${name}`, seed)]),
  );
  const none = { tangent: 0, adjoint: 0, gradient: 0, linearized: 0 };
  let graphs: { forward: Graph; backward: Graph; gradient: Graph };
  try {
    const gradient = grad(graph, { wrt, of: 'loss' });
    graphs = { forward: jvp(graph, { wrt, of }), backward: vjp(graph, { wrt, of }), gradient };
  } catch (error) {
    if (!(error instanceof GraphError)) throw error;
    return { outcome: 'refused', reason: error.message, ...none };
  }
  const [{ slopes: coarse, bend: wide }, { slopes: fine, bend: narrow }] = await differences(graph, feeds, v, step);
  const jv = await evaluated(graphs.forward, { ...feeds, ...suffixed(v, '_tangent') });
  const tangents = Object.fromEntries(of.map((name) => [name, jv[`${name}_tangent`]!]));
  const scale = Math.max(1, largestOf(Object.values(fine)), largestOf(of.map((name) => jv[name]!)));
  const kink = narrow > 1e-6 * scale && narrow > 0.75 * wide;
  if (kink || !Number.isFinite(scale) || !(apart(coarse, fine, of) < 1e-7 * scale)) return { outcome: 'kink', ...none };
  const tangent = apart(tangents, fine, of) / scale;

  const u = Object.fromEntries(of.map((name) => [name, draw('unit', 'float64', jv[name]!.shape, `u/${name}`, seed)]));
  const ju = await evaluated(graphs.backward, { ...feeds, ...suffixed(u, '_cotangent') });
  const gradients = (t: Tensors) => wrt.reduce((sum, name) => sum + dot(v[name]!, t[`${name}_gradient`]!), 0);
  const left = of.reduce((sum, name) => sum + dot(tangents[name]!, u[name]!), 0);
  const count = of.reduce((n, name) => n + sizeOf(jv[name]!.shape), 0);
  const adjoint = Math.abs(left - gradients(ju)) / (scale * count);
  const loss = await evaluated(graphs.gradient, feeds);
  const gradient = Math.abs(gradients(loss) - toNumbers(fine.loss!)[0]!) / (scale * count);
  const linearized = await checkLinearization(graph, feeds, { wrt: wrt[0]!, of: of[0]!, v, u, scale });
  return { outcome: 'checked', tangent, adjoint, gradient, linearized };
}

/** The three graphs of `linearize` for one input and one output against jvp and vjp. */
async function checkLinearization(
  graph: Graph,
  feeds: Tensors,
  { wrt, of, v, u, scale }: { wrt: string; of: string; v: Tensors; u: Tensors; scale: number },
): Promise<number> {
  const parts = linearize(graph, { wrt, of });
  const primal = await evaluated(parts.primal, feeds);
  const residuals = Object.fromEntries(parts.residuals.map((name) => [name, primal[name]!]));
  const forward = await evaluated(parts.tangent, { ...residuals, tangent: v[wrt]! });
  const backward = await evaluated(parts.cotangent, { ...residuals, cotangent: u[of]! });
  const one = await evaluated(jvp(graph, { wrt: [wrt], of: [of] }), { ...feeds, [`${wrt}_tangent`]: v[wrt]! });
  const back = await evaluated(vjp(graph, { wrt: [wrt], of: [of] }), { ...feeds, [`${of}_cotangent`]: u[of]! });
  const differs = [
    combine(forward.tangent_out!, -1, one[`${of}_tangent`]!),
    combine(backward.cotangent_out!, -1, back[`${wrt}_gradient`]!),
  ];
  return largestOf(differs) / Math.max(scale, largestOf([back[`${wrt}_gradient`]!]));
}

/** Throws with the graph in the message where a deviation is larger than rounding and the error of differences allow. */
export function expectRight(checked: Checked, graph: Graph): void {
  const bounds = { tangent: 1e-6, adjoint: 1e-10, gradient: 1e-6, linearized: 1e-10 };
  const wrong = Object.entries(bounds).filter(([what, bound]) => !(checked[what as keyof typeof bounds] <= bound));
  if (wrong.length === 0) return;
  const told = wrong.map(([what]) => `${what} off by ${checked[what as keyof typeof bounds]}`).join(', ');
  throw new Error(`${told} (relative) in\n${print(graph)}`);
}
