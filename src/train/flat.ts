import { BallastError } from '../base/errors.ts';
import type { ParameterSpec, Params } from '../nn/index.ts';
import { type GraphBuilder, sizeOf, tensor, type Value } from '../onnx/index.ts';

/** Tensors that lie one after another in one vector. */
export interface FlatLayout {
  readonly entries: readonly FlatEntry[];
  /** Numbers in all. */
  readonly length: number;
}

export interface FlatEntry {
  readonly name: string;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly length: number;
}

export function flatLayout(specs: readonly Pick<ParameterSpec, 'name' | 'shape'>[]): FlatLayout {
  let offset = 0;
  const entries = specs.map(({ name, shape }) => {
    const entry = { name, shape, offset, length: sizeOf(shape) };
    offset += entry.length;
    return entry;
  });
  return { entries, length: offset };
}

/** The tensors of `params` as one vector. Throws BallastError for one that is missing or has another size. */
export function packed(layout: FlatLayout, params: Params): Float32Array {
  const flat = new Float32Array(layout.length);
  for (const { name, offset, length } of layout.entries) {
    const data = params.get(name)?.data;
    if (data?.length !== length) {
      throw new BallastError(`parameter ${name} has ${data?.length ?? 'no'} values, expected ${length}`);
    }
    flat.set(data as Float32Array, offset);
  }
  return flat;
}

/** The tensors in a vector, as views of it. */
export function unpacked(layout: FlatLayout, flat: Float32Array): Params {
  return new Map(
    layout.entries.map(({ name, shape, offset, length }) => [
      name,
      tensor('float32', shape, flat.subarray(offset, offset + length)),
    ]),
  );
}

/** A vector of a graph cut into vectors of these lengths. */
export function cutFlat(b: GraphBuilder, flat: Value, lengths: readonly number[]): readonly Value[] {
  if (lengths.length === 1) return [flat];
  return b.ops('Split', [flat, b.integers(lengths)], { axis: 0 }, { outputs: lengths.length });
}

/** The tensors of a vector in a graph, in the order of the layout. */
export function splitFlat(b: GraphBuilder, { entries }: FlatLayout, flat: Value): readonly Value[] {
  const lengths = entries.map((e) => e.length);
  return cutFlat(b, flat, lengths).map((part, i) => b.reshape(part, entries[i]!.shape));
}

/** Tensors of a graph as one vector. */
export function concatFlat(b: GraphBuilder, parts: readonly Value[]): Value {
  const flat = parts.map((v) => (v.shape.length === 1 ? v : b.reshape(v, [-1])));
  return b.concat(flat, 0);
}
