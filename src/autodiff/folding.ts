import { type Graph, type GraphBuilder, type TensorData, tensor, type Value } from '../onnx/index.ts';

/** What a folded constant was computed from. */
const origins = new WeakMap<TensorData, readonly TensorData[]>();

/**
 * A constant computed now from other constants, instead of by nodes at each run. The result no longer follows those
 * constants, so a later derivative with respect to one of them would miss it: `foldedFrom` finds that out.
 */
export function foldedConstant(b: GraphBuilder, name: string, data: TensorData, from: readonly TensorData[]): Value {
  origins.set(
    data,
    from.flatMap((t) => [t, ...(origins.get(t) ?? [])]),
  );
  return b.constant(data, name);
}

/** A constant of `graph` that was folded from `data` by an earlier transform. */
export function foldedFrom(graph: Graph, data: TensorData): Value | undefined {
  for (const [value, t] of graph.constants) if (origins.get(t)?.includes(data)) return value;
  return undefined;
}

/** A reshape that is done now when the value is a constant. */
export function reshaped(b: GraphBuilder, v: Value, shape: readonly number[]): Value {
  const known = b.constantOf(v);
  if (!known) return b.reshape(v, shape);
  return foldedConstant(b, `${v.name}_reshaped`, tensor(known.dtype, shape, known.data), [known]);
}
