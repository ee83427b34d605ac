import { BallastError } from '../base/errors.ts';
import { type Graph, isFloat, sizeOf, staticShape, type TensorData, tensor } from '../onnx/index.ts';
import { compile } from './program.ts';
import { emitWebgpu } from './webgpu/emit.ts';

/** How far two forms of a program differ. */
export interface EmissionComparison {
  /** Largest difference from plain over all outputs, each divided by its largest |plain|. */
  readonly error: number;
  /** Nodes of the other program were in this layout. */
  readonly emission: string;
}

/** Deterministic normal-looking numbers for an input, from a 32-bit mixing of the position. */
function numbersFor(shape: readonly number[], seed: number): Float32Array {
  return Float32Array.from({ length: sizeOf(shape) }, (_, i) => {
    let h = Math.imul(i + 1, 0x9e3779b1) ^ Math.imul(seed + 1, 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 15), 0xc2b2ae35);
    return ((h ^ (h >>> 13)) >>> 0) / 2 ** 31 - 1;
  });
}

/**
 * Runs `graph` (static shapes) as it is and in another form on the same feeds on the CPU, and compares the outputs: in blocked emission, or as it
 * is written for WebGPU. Inputs that are not in `feeds` must be float32 and get numbers in [-1, 1).
 */
export async function compareEmissions(
  graph: Graph,
  feeds: Readonly<Record<string, TensorData>> = {},
  form: 'blocked' | 'webgpu' = 'blocked',
): Promise<EmissionComparison> {
  const all = Object.fromEntries(
    graph.inputs.map((v, i) => {
      const given = feeds[v.name];
      if (given) return [v.name, given];
      if (v.dtype !== 'float32') throw new BallastError(`input "${v.name}" is ${v.dtype}; give its values in feeds`);
      const shape = staticShape(v);
      return [v.name, tensor('float32', shape, numbersFor(shape, i))];
    }),
  );
  const runs = [];
  let emission = '';
  const forms: readonly { graph: Graph; emission: 'plain' | 'blocked' }[] = [
    { graph, emission: 'plain' },
    form === 'webgpu' ? { graph: emitWebgpu(graph), emission: 'plain' } : { graph, emission: 'blocked' },
  ];
  for (const { graph: written, emission: wanted } of forms) {
    const program = await compile(written, { emission: wanted });
    runs.push(await program.run(all));
    emission = program.emission;
    await program.dispose();
  }
  const [plain, other] = runs as [Record<string, TensorData>, Record<string, TensorData>];
  let error = 0;
  for (const [name, expected] of Object.entries(plain)) {
    const actual = other[name]!;
    if (!isFloat(expected.dtype)) {
      if (expected.data.some((v, i) => v !== actual.data[i])) error = Number.POSITIVE_INFINITY;
      continue;
    }
    let [worst, largest] = [0, 0];
    (expected.data as Float32Array).forEach((v, i) => {
      const difference = Math.abs(v - Number(actual.data[i]));
      worst = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : Math.max(worst, difference);
      largest = Math.max(largest, Math.abs(v));
    });
    if (worst > 0) error = Math.max(error, worst / largest);
  }
  return { error, emission };
}
