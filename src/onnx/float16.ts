/** IEEE 754 half precision: 11 significant bits, 65504 at most, 2^-24 at least. JavaScript of Node 20 has no array of it. */

/** The nearest whole number; of two equally near ones the even one, as IEEE 754 rounds. */
export function roundToEven(v: number): number {
  const nearest = Math.round(v);
  return nearest - v === 0.5 && nearest % 2 !== 0 ? nearest - 1 : nearest;
}

/** The bits of the float16 nearest to `v`. From 65520 on that is infinity. */
export function encodeFloat16(v: number): number {
  if (Number.isNaN(v)) return 0x7e00;
  const sign = v < 0 || Object.is(v, -0) ? 0x8000 : 0;
  const size = Math.abs(v);
  if (size >= 65520) return sign | 0x7c00;
  // Below 2^-14 numbers are multiples of 2^-24; a carry into the exponent makes the first normal one.
  if (size < 2 ** -14) return sign | roundToEven(size * 2 ** 24);
  let exponent = Math.floor(Math.log2(size));
  // The logarithm of a number just below a power of two may be rounded up to it.
  if (2 ** exponent > size) exponent--;
  return sign | (((exponent + 15) << 10) + roundToEven(size * 2 ** (10 - exponent)) - 1024);
}

/** The number that the bits of a float16 mean. */
export function decodeFloat16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}
