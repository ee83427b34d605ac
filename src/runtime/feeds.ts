import { Tensor } from 'onnxruntime-node';
import { BallastError, UsageError } from '../base/errors.ts';
import { type DType, describeShape, type Graph, sizeOf, type TensorData, type Value } from '../onnx/index.ts';

/** Tensors by the names of inputs or outputs. */
export type Tensors = Readonly<Record<string, TensorData>>;

/** Lists at most a few names, for messages. */
function list(names: readonly string[]): string {
  const shown = names.slice(0, 8).join(', ');
  return names.length > 8 ? `${shown}, ... (${names.length})` : shown;
}

function checkAgainst(what: string, declared: Value, t: TensorData, open: Map<string, number>): void {
  // Sizes that an earlier tensor of this call has fixed.
  const bound = declared.shape.filter((d) => typeof d === 'string' && open.has(d)) as string[];
  const fits =
    t.dtype === declared.dtype &&
    t.shape.length === declared.shape.length &&
    declared.shape.every((d, i) => {
      const size = t.shape[i]!;
      if (typeof d === 'number') return d === size;
      // One open dimension has one size throughout a call.
      if (!open.has(d)) open.set(d, size);
      return open.get(d) === size;
    });
  if (!fits) {
    const where = bound.length ? ` (with ${bound.map((d) => `${d} = ${open.get(d)}`).join(', ')})` : '';
    throw new UsageError(`${what} must be ${describeShape(declared)}${where}, got ${describeShape(t)}`);
  }
  if (t.data.length !== sizeOf(t.shape)) {
    throw new UsageError(`${what} of shape [${t.shape}] needs ${sizeOf(t.shape)} elements, got ${t.data.length}`);
  }
}

/**
 * Checks a call against the graph: every input given once, with its type and shape (open dimensions take any size, the
 * same one everywhere), and nothing else; preallocated outputs likewise.
 */
export function checkCall(graph: Graph, feeds: Tensors, into: Tensors): void {
  const open = new Map<string, number>();
  const expected = graph.inputs.map((v) => v.name);
  for (const input of graph.inputs) {
    const t = feeds[input.name];
    if (!t) throw new UsageError(`${graph.name}: input "${input.name}" is missing; inputs are ${list(expected)}`);
    checkAgainst(`${graph.name}: input "${input.name}"`, input, t, open);
  }
  for (const name of Object.keys(feeds)) {
    if (!expected.includes(name)) {
      throw new UsageError(`${graph.name}: has no input "${name}"; inputs are ${list(expected)}`);
    }
  }
  for (const [name, t] of Object.entries(into)) {
    const output = graph.outputs.find((o) => o.name === name);
    if (!output) {
      throw new UsageError(
        `${graph.name}: has no output "${name}"; outputs are ${list(graph.outputs.map((o) => o.name))}`,
      );
    }
    checkAgainst(`${graph.name}: output "${name}"`, output.value, t, open);
  }
}

/** A view of `t` as ONNX Runtime's tensor: the memory is shared, not copied. */
export function toRuntime(t: TensorData): Tensor {
  return new Tensor(t.dtype as 'float32', t.data as Float32Array, t.shape);
}

const known: readonly string[] = 'float32 float64 int64 int32 int16 int8 uint8 bool float16'.split(' ');

/** ONNX Runtime's tensor as ours, sharing memory. */
export function fromRuntime(name: string, t: Tensor): TensorData {
  if (!known.includes(t.type))
    throw new BallastError(`output "${name}" has element type ${t.type}, not one of ${known}`);
  return { dtype: t.type as DType, shape: t.dims, data: t.data as TensorData['data'] };
}
