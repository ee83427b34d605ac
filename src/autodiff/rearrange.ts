import { dtypes, type GraphBuilder, sizeOf, staticShape, type TensorData, tensor, type Value } from '../onnx/index.ts';
import { foldedConstant } from './folding.ts';

/** Reverses some axes of a tensor, then permutes its axes. */
export function rearranged(t: TensorData, flips: readonly number[], perm: readonly number[]): TensorData {
  const strides = t.shape.map((_, i) => sizeOf(t.shape.slice(i + 1)));
  const shape = perm.map((p) => t.shape[p]!);
  const steps = perm.map((p) => (flips.includes(p) ? -strides[p]! : strides[p]!));
  let at = flips.reduce((s, axis) => s + (t.shape[axis]! - 1) * strides[axis]!, 0);
  const out = new dtypes[t.dtype].array(t.data.length);
  const index = shape.map(() => 0);
  for (let i = 0; i < out.length; i++) {
    out[i] = t.data[at]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += steps[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      at -= steps[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return tensor(t.dtype, shape, out);
}

/** The value with some axes reversed, then its axes permuted. A constant is rearranged now, not at each run. */
export function rearrange(b: GraphBuilder, v: Value, flips: readonly number[], perm: readonly number[]): Value {
  const known = b.constantOf(v);
  if (known) return foldedConstant(b, `${v.name}_rearranged`, rearranged(known, flips, perm), [known]);
  const wanted = flips.filter((axis) => staticShape(v)[axis] !== 1);
  // INT64_MIN would be the usual end of a reversed slice; any end below -n means the same.
  const flipped = wanted.length
    ? b.op('Slice', [
        v,
        b.integers(wanted.map(() => -1)),
        b.integers(wanted.map((axis) => -staticShape(v)[axis]! - 1)),
        b.integers(wanted),
        b.integers(wanted.map(() => -1)),
      ])
    : v;
  return perm.every((p, i) => p === i) ? flipped : b.transpose(flipped, perm);
}

/**
 * Adds `begins[i]` zeros before and `ends[i]` after axis i; negative numbers take elements away.
 * Adding and taking away are separate nodes: not every runtime takes negative pads.
 */
export function padBy(b: GraphBuilder, v: Value, begins: readonly number[], ends: readonly number[]): Value {
  const shape = staticShape(v);
  const axes = shape.map((_, i) => i).filter((i) => begins[i]! < 0 || ends[i]! < 0);
  let out = v;
  if (axes.length > 0) {
    const starts = axes.map((i) => Math.max(0, -begins[i]!));
    const stops = axes.map((i) => shape[i]! - Math.max(0, -ends[i]!));
    out = b.op('Slice', [out, b.integers(starts), b.integers(stops), b.integers(axes)]);
  }
  const more = [...begins, ...ends].map((p) => Math.max(0, p));
  if (more.every((p) => p === 0)) return out;
  return b.op('Pad', [out, b.integers(more), b.scalar(0, v.dtype)]);
}
