import { linearize } from '../../../autodiff/index.ts';
import { extract, type Graph } from '../../../onnx/index.ts';
import type { Unit } from '../../../stability/units/units.ts';
import { BrowserProgram, type Fed } from './browser-program.ts';

/** Vectors that go through a program at once. */
export const vectors = 6;

/** The Jacobian of a unit at an input of it, known by its products with `vectors` vectors. */
export interface UnitMap {
  readonly rows: number;
  readonly cols: number;
  apply(block: Float32Array): Promise<Float32Array>;
  applyTranspose(block: Float32Array): Promise<Float32Array>;
  dispose(): Promise<void>;
}

const size = (shape: readonly number[]) => shape.slice(1).reduce((n, d) => n * d, 1);
const numbers = (shape: readonly (number | string)[]) => shape.map(Number);

/** What a graph computes at an image, up to one of its values. */
export async function valueAt(graph: Graph, value: Unit['input'], image: Fed): Promise<Fed> {
  const program = await BrowserProgram.compile(
    extract(graph, { inputs: graph.inputs, outputs: [{ name: 'value', value }] }),
  );
  try {
    return (await program.run({ [graph.inputs[0]!.name]: image })).value!;
  } finally {
    await program.dispose();
  }
}

/** Linearizes a unit, up to its addition, at its input. Throws GraphError naming an operator that has no derivative. */
export async function unitMap(graph: Graph, { input, sum }: Unit, at: Fed): Promise<UnitMap> {
  const part = extract(graph, { inputs: [input], outputs: [{ name: 'to', value: sum }] });
  const { primal, tangent, cotangent, residuals } = linearize(part, { wrt: input.name, of: 'to', vectors });
  let known: Record<string, Fed> = {};
  if (residuals.length > 0) {
    const program = await BrowserProgram.compile(primal);
    const all = await program.run({ [input.name]: at });
    await program.dispose();
    known = Object.fromEntries(residuals.map((name) => [name, all[name]!]));
  }
  const [forward, backward] = [await BrowserProgram.compile(tangent), await BrowserProgram.compile(cotangent)];
  const product = async (program: BrowserProgram, name: string, shape: readonly number[], data: Float32Array) => {
    const out = await program.run({ ...known, [name]: { shape: [vectors, ...shape.slice(1)], data } });
    return out[`${name}_out`]!.data;
  };
  const [from, to] = [numbers(input.shape), numbers(sum.shape)];
  return {
    rows: size(to),
    cols: size(from),
    apply: (block) => product(forward, 'tangent', from, block),
    applyTranspose: (block) => product(backward, 'cotangent', to, block),
    async dispose() {
      await forward.dispose();
      await backward.dispose();
    },
  };
}
