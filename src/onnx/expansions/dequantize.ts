import { intAttribute, type Value } from '../graph.ts';
import type { Planned } from '../passes/fold.ts';
import { dtypes, sizeOf, type TensorData, tensor, toNumbers } from '../tensor.ts';
import { fail, operand, type UpgradeContext } from './expansion.ts';

/**
 * DequantizeLinear of weights: (q - zero point) scale, with one scale for the tensor, one for each entry of `axis`, or one for each
 * block of `block_size` entries along it. A network whose activations are quantized, too, has no derivative and is refused.
 */
export function dequantize(node: Planned, { b, note }: UpgradeContext): readonly Value[] {
  const known = (i: number): TensorData =>
    b.constantOf(operand(node, i)) ??
    fail(node, 'only quantized weights are supported; this dequantizes what is computed, which has no derivative');
  const q = known(0);
  const scale = known(1);
  const zero = node.inputs[2] ? known(2) : undefined;
  if (zero && zero.data.length !== scale.data.length) fail(node, 'scale and zero point differ in size');
  const entryOf = scaleIndex(node, q.shape, scale);
  const [numbers, factors, offsets] = [q.data as ArrayLike<number>, toNumbers(scale), zero && toNumbers(zero)];
  const data = new (dtypes.float32.array as Float32ArrayConstructor)(q.data.length);
  for (let i = 0; i < data.length; i++) {
    const j = entryOf(i);
    data[i] = (Number(numbers[i]) - (offsets?.[j] ?? 0)) * factors[j]!;
  }
  note('quantized weights of the file are computed with as the float32 numbers that they stand for');
  return [b.constant(tensor('float32', q.shape, data), node.outputNames[0] || undefined)];
}

/** Which entry of the scale belongs to an element. */
function scaleIndex(node: Planned, shape: readonly number[], scale: TensorData): (i: number) => number {
  if (scale.data.length === 1) return () => 0;
  const given = intAttribute(node, 'axis', 1);
  const axis = given < 0 ? given + shape.length : given;
  const size = shape[axis] ?? fail(node, `axis ${given} is outside of [${shape}]`);
  const after = sizeOf(shape.slice(axis + 1));
  const block = intAttribute(node, 'block_size', 0);
  if (block === 0) {
    if (scale.shape.length !== 1 || scale.shape[0] !== size)
      fail(node, `scale [${scale.shape}] does not fit axis ${axis} of [${shape}]`);
    return (i) => Math.floor(i / after) % size;
  }
  const blocks = Math.ceil(size / block);
  const wanted = shape.map((d, i) => (i === axis ? blocks : d));
  if (block < 0 || scale.shape.join() !== wanted.join()) fail(node, `scale [${scale.shape}] must be [${wanted}]`);
  return (i) => {
    const [outer, along, inner] = [Math.floor(i / (after * size)), Math.floor(i / after) % size, i % after];
    return (outer * blocks + Math.floor(along / block)) * after + inner;
  };
}
