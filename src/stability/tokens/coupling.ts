import { denseOperator, smallSvd, topSingularTriplets } from '../../linalg/index.ts';

/** A square matrix with its leading singular triplets. */
export interface TakenApart {
  readonly matrix: Float64Array;
  readonly size: number;
  /** Leading values, descending, and their vectors as rows. */
  readonly values: readonly number[];
  readonly left: readonly Float64Array[];
  readonly right: readonly Float64Array[];
  readonly frobenius: number;
}

/** Up to this size a matrix is taken apart by rotations. */
const small = 256;

/** The `top` leading singular triplets of a d x d matrix, row-major. */
export async function takeApart(matrix: Float64Array, size: number, top: number): Promise<TakenApart> {
  const count = Math.min(top, size);
  const frobenius = Math.sqrt(matrix.reduce((s, x) => s + x * x, 0));
  if (size <= small) {
    const { u, values, v } = smallSvd(matrix, size, size);
    return {
      matrix,
      size,
      values: [...values.slice(0, count)],
      left: u.slice(0, count),
      right: v.slice(0, count),
      frobenius,
    };
  }
  const { triplets } = await topSingularTriplets(denseOperator(matrix, size, size), {
    count,
    tolerance: 1e-8,
    restarts: 20,
  });
  const values = triplets.map((t) => t.value);
  return { matrix, size, values, left: triplets.map((t) => t.left), right: triplets.map((t) => t.right), frobenius };
}

/**
 * m_K(J1, J2) = ‖U2ᵀ J1 V2 - S1‖ / ‖S1‖ in Frobenius norms, with the K leading singular vectors of J2 and values of J1 (Aubry, Meng, Sugolov and Papyan,
 * arXiv 2407.07810): 0 where J2 has the leading singular vectors of J1, and where J1 is nothing. `unsigned` has |U2ᵀ J1 V2| in place of U2ᵀ J1 V2, as the
 * authors' program computes it: J1 may then act with the other sign along a pair of vectors, and it is never larger.
 */
export function coupling(j1: TakenApart, j2: TakenApart): { readonly signed: number; readonly unsigned: number } {
  const { matrix, size, values } = j1;
  let [signed, unsigned, length] = [0, 0, 0];
  const images = j2.right.map((v) =>
    Float64Array.from({ length: size }, (_, i) => {
      let sum = 0;
      for (let k = 0; k < size; k++) sum += matrix[i * size + k]! * v[k]!;
      return sum;
    }),
  );
  j2.left.forEach((u, i) => {
    images.forEach((image, k) => {
      const entry = u.reduce((s, x, n) => s + x * image[n]!, 0);
      const wanted = i === k ? (values[i] ?? 0) : 0;
      signed += (entry - wanted) ** 2;
      unsigned += (Math.abs(entry) - wanted) ** 2;
    });
    length += (values[i] ?? 0) ** 2;
  });
  const relative = (off: number) => (length > 0 ? Math.sqrt(off / length) : 0);
  return { signed: relative(signed), unsigned: relative(unsigned) };
}
