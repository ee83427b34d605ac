import { InferenceSession, Tensor } from 'onnxruntime-node';
import { RandomStream } from '../../src/base/random.ts';
import {
  type DType,
  type Graph,
  sizeOf,
  type TensorData,
  tensorOf,
  toNumbers,
  writeModel,
} from '../../src/onnx/index.ts';

export type Tensors = Readonly<Record<string, TensorData>>;

/** Loads a graph as it was written (no optimization, one thread), to be run several times. */
export async function load(graph: Graph): Promise<(feeds: Tensors) => Promise<Record<string, TensorData>>> {
  const session = await InferenceSession.create(writeModel(graph), {
    graphOptimizationLevel: 'disabled',
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 4,
  });
  return async (feeds) => {
    const inputs = graph.inputs.map(({ name }) => {
      const t = feeds[name];
      if (!t) throw new Error(`${graph.name}: no feed for ${name}`);
      return [name, new Tensor(t.dtype as 'float32', t.data as Float32Array, t.shape)] as const;
    });
    const outputs = await session.run(Object.fromEntries(inputs));
    return Object.fromEntries(
      graph.outputs.map(({ name }) => {
        const { type, dims, data } = outputs[name]!;
        return [name, { dtype: type as DType, shape: dims, data: data as TensorData['data'] }];
      }),
    );
  };
}

export async function run(graph: Graph, feeds: Tensors): Promise<Record<string, TensorData>> {
  return (await load(graph))(feeds);
}

/**
 * How test data is drawn. `spaced`: distinct values 0.04 apart and at least 0.02 from 0, in random order; `wide`: the same
 * nine times as large, so that 24 of them reach beyond +-4, and none is a whole number.
 */
export type Draw = 'normal' | 'integers' | 'spaced' | 'wide' | 'positive' | 'unit';

export function draw(kind: Draw, dtype: DType, shape: readonly number[], purpose: string, seed = 1): TensorData {
  const random = new RandomStream({ seed, purpose });
  const n = sizeOf(shape);
  let values: number[];
  if (kind === 'spaced' || kind === 'wide') {
    const scale = kind === 'wide' ? 9 : 1;
    values = Array.from({ length: n }, (_, i) => scale * (0.04 * (i - Math.floor(n / 2)) + 0.02));
    for (let i = n - 1; i > 0; i--) {
      const j = random.integer(i + 1);
      [values[i], values[j]] = [values[j]!, values[i]!];
    }
  } else {
    const one = {
      normal: () => random.normal(),
      integers: () => random.integer(7) - 3,
      positive: () => 0.5 + 2 * random.uniform(),
      unit: () => 2 * random.uniform() - 1,
    }[kind];
    values = Array.from({ length: n }, one);
  }
  return tensorOf(dtype, shape, values);
}

export function combine(a: TensorData, factor: number, b: TensorData): TensorData {
  const [p, q] = [toNumbers(a), toNumbers(b)];
  return tensorOf(
    a.dtype,
    a.shape,
    p.map((v, i) => v + factor * q[i]!),
  );
}

export function dot(a: TensorData, b: TensorData): number {
  const q = toNumbers(b);
  return toNumbers(a).reduce((s, v, i) => s + v * q[i]!, 0);
}

export function norm(a: TensorData): number {
  return Math.sqrt(dot(a, a));
}

/** |a - b| / max(|b|, 1e-30). */
export function distance(a: TensorData, b: TensorData): number {
  return norm(combine(a, -1, b)) / Math.max(norm(b), 1e-30);
}
