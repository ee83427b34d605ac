import { BallastError } from '../errors.ts';
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

/** The pieces of a vector in a graph, in the order of the layout, each a vector. */
export function flatParts(b: GraphBuilder, { entries }: FlatLayout, flat: Value): readonly Value[] {
  if (entries.length === 1) return [flat];
  const sizes = b.integers(entries.map((e) => e.length));
  return b.ops('Split', [flat, sizes], { axis: 0 }, { outputs: entries.length });
}

/** Likewise with their shapes. */
export function splitFlat(b: GraphBuilder, layout: FlatLayout, flat: Value): readonly Value[] {
  return flatParts(b, layout, flat).map((part, i) => b.reshape(part, layout.entries[i]!.shape));
}

/** Tensors of a graph as one vector. */
export function concatFlat(b: GraphBuilder, parts: readonly Value[]): Value {
  const flat = parts.map((v) => (v.shape.length === 1 ? v : b.reshape(v, [-1])));
  return b.concat(flat, 0);
}
