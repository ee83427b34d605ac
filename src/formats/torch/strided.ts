/** True when elements of `shape` with these strides lie one after another in row-major order. */
export function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    if (shape[i] !== 1 && strides[i] !== expected) return false;
    expected *= shape[i]!;
  }
  return true;
}

/** One past the last element that a strided view touches, counted from the start of its storage; 0 when it has no elements. */
export function extentOf(offset: number, shape: readonly number[], strides: readonly number[]): number {
  if (shape.includes(0)) return 0;
  return shape.reduce((last, d, i) => last + (d - 1) * strides[i]!, offset) + 1;
}

/**
 * Copies a strided view into row-major order. Offset and strides count elements of `width` bytes, strides are not negative,
 * and the caller has checked that the view lies inside `bytes` (see `extentOf`).
 */
export function gatherBytes(
  bytes: Uint8Array,
  width: number,
  offset: number,
  shape: readonly number[],
  strides: readonly number[],
): Uint8Array {
  // Elements of 8 bytes are moved as two words of 4: a further dimension of stride 1.
  const word = Math.min(width, 4) as 1 | 2 | 4;
  const words = width / word;
  const dims = words === 1 ? [...shape] : [...shape, words];
  const steps = words === 1 ? [...strides] : [...strides.map((s) => s * words), 1];
  const count = dims.reduce((n, d) => n * d, 1);
  const source = bytes.byteOffset % word === 0 ? bytes : new Uint8Array(bytes);
  const Words = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array }[word];
  const from = new Words(source.buffer as ArrayBuffer, source.byteOffset, source.byteLength / word);
  const to = new Words(count);

  const inner = dims.at(-1) ?? 1;
  const step = steps.at(-1) ?? 1;
  const index = new Array<number>(Math.max(dims.length - 1, 0)).fill(0);
  let base = offset * words;
  for (let at = 0; at < count; at += inner) {
    for (let i = 0; i < inner; i++) to[at + i] = from[base + i * step]!;
    for (let d = index.length - 1; d >= 0; d--) {
      base += steps[d]!;
      index[d]!++;
      if (index[d]! < dims[d]!) break;
      base -= steps[d]! * dims[d]!;
      index[d] = 0;
    }
  }
  return new Uint8Array(to.buffer);
}
