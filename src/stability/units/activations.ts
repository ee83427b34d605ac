import { breathe } from '../../base/breathe.ts';
import { extract, type Graph, GraphBuilder, sizeOf, type TensorData, type Value } from '../../onnx/index.ts';
import { compile, type RuntimeOptions, requireMemory } from '../../runtime/index.ts';

/** The values of a network at one image, by value. */
export type Activations = ReadonlyMap<Value, TensorData>;

/**
 * Runs `graph` (batch 1, input `image`) once an image and shows its `values` to `visit`, which keeps what it needs: all inner values of many images
 * would take gigabytes. Throws the reason of `signal` where it has fired.
 */
export async function visitActivations(
  graph: Graph,
  values: readonly Value[],
  images: Iterable<TensorData>,
  visit: (at: Activations) => void,
  { runtime = {}, signal }: { runtime?: RuntimeOptions | undefined; signal?: AbortSignal | undefined } = {},
): Promise<void> {
  const wanted = [...new Set(values)];
  const b = new GraphBuilder(`${graph.name}-activations`);
  const bindings = Object.fromEntries(graph.inputs.map((v) => [v.name, b.input(v.name, v.dtype, v.shape)]));
  const copies = b.inline(graph, bindings);
  wanted.forEach((v, i) => {
    b.output(`value${i}`, copies.get(v)!);
  });
  const program = await compile(b.build(), runtime);
  try {
    for (const image of images) {
      await breathe(signal);
      const out = await program.run({ [graph.inputs[0]!.name]: image });
      visit(new Map(wanted.map((v, i) => [v, out[`value${i}`]!])));
    }
  } finally {
    await program.dispose();
  }
}

/** The `values` of `graph` at every image, all in memory. Throws BallastError where that does not suffice. */
export async function activationsAt(
  graph: Graph,
  values: readonly Value[],
  images: readonly TensorData[],
  runtime: RuntimeOptions = {},
  signal?: AbortSignal,
): Promise<Activations[]> {
  // Of float32; masks and indices take less.
  const bytes = 4 * images.length * [...new Set(values)].reduce((sum, v) => sum + sizeOf(v.shape as number[]), 0);
  requireMemory(bytes, `what is inside ${graph.name} at ${images.length} images`, 'take fewer images or units');
  const all: Activations[] = [];
  await visitActivations(graph, values, images, (at) => all.push(at), { runtime, signal });
  return all;
}

/** The same for values that follow from `from`, a value inside of `graph`: `points` are what it is. */
export async function activationsFrom(
  graph: Graph,
  from: Value,
  values: readonly Value[],
  points: readonly TensorData[],
  runtime: RuntimeOptions = {},
): Promise<Activations[]> {
  const wanted = [...new Set(values)].filter((v) => v !== from);
  const outputs = wanted.map((value, i) => ({ name: `value${i}`, value }));
  const part = extract(graph, { inputs: [from], outputs });
  const copies = part.outputs.map((o) => o.value);
  const found = await activationsAt(part, copies, points, runtime);
  return found.map(
    (at, p) => new Map([[from, points[p]!], ...wanted.map((v, i) => [v, at.get(copies[i]!)!] as const)]),
  );
}
