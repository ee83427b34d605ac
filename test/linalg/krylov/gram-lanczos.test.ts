import { describe, expect, it } from 'vitest';
import { RandomStream } from '../../../src/base/random.ts';
import { type LinearOperator, topSingularTriplets, type VectorBlock } from '../../../src/linalg/index.ts';
import { gramTriplets } from '../../../src/linalg/krylov/gram-lanczos.ts';
import { dot, norm } from '../../../src/linalg/vectors.ts';

/** H_left diag(values) H_right, with two reflections H, in float32: singular values are known and no axis is special. */
function reflected(values: Float64Array, rows: number, cols: number) {
  const axis = (size: number, purpose: string) => {
    const x = new RandomStream({ seed: 1, purpose }).fillNormal(new Float64Array(size));
    const length = norm(x);
    return x.map((v) => v / length);
  };
  const [left, right] = [axis(rows, 'left'), axis(cols, 'right')];
  let products = 0;
  const reflect = (x: Float64Array, h: Float64Array) => {
    const along = 2 * dot(x, h);
    return x.map((v, i) => v - along * h[i]!);
  };
  const product = async (block: VectorBlock, count: number, from: Float64Array, to: Float64Array) => {
    products += count;
    const out = new Float32Array(count * to.length);
    for (let c = 0; c < count; c++) {
      const x = reflect(Float64Array.from(block.subarray(c * from.length, (c + 1) * from.length)), from);
      const y = new Float64Array(to.length);
      for (let i = 0; i < values.length; i++) y[i] = values[i]! * x[i]!;
      out.set(reflect(y, to), c * to.length);
    }
    return out;
  };
  const operator: LinearOperator = {
    ...{ rows, cols, dtype: 'float32' },
    apply: (x, n) => product(x, n, right, left),
    applyTranspose: (x, n) => product(x, n, left, right),
  };
  return { operator, products: () => products };
}

/** Like those of a residual unit: a plateau at 1, and values above it that lie ever closer. */
const unit = (n: number) => Float64Array.from({ length: n }, (_, i) => 1 + 3 * Math.max(0, 1 - i / 300) ** 2);

const search = { count: 5, tolerance: 1e-5, maxBasis: 20, restarts: 50, seed: 0 };

describe('leading singular values with one basis in float32', () => {
  it.each([
    [4000, 3000],
    [3000, 4000],
    [3001, 3001],
  ])('are those of a map of %i x %i, with vectors that are mapped to each other', async (rows, cols) => {
    const values = unit(Math.min(rows, cols));
    const { operator } = reflected(values, rows, cols);
    const found = (await gramTriplets(operator, search))!;
    expect(found).toHaveLength(5);
    for (const [i, { value, left, right, residual, converged }] of found.entries()) {
      expect(Math.abs(value - values[i]!)).toBeLessThan(1e-5);
      expect([norm(left), norm(right)].every((n) => Math.abs(n - 1) < 1e-6)).toBe(true);
      expect(converged && residual <= 1e-5).toBe(true);
      const image = Float64Array.from(await operator.apply(right, 1));
      expect(norm(image.map((v, k) => v - value * left[k]!)) / values[0]!).toBeLessThan(1e-5);
      // Restarts keep the vectors apart.
      for (const other of found.slice(0, i)) expect(Math.abs(dot(other.right, right))).toBeLessThan(1e-3);
    }
  });

  it('take no more products than two bases in float64 do, which stay orthogonal through restarts', async () => {
    const count = async (gram: boolean) => {
      const { operator, products } = reflected(unit(3000), 3000, 3000);
      const { values } = await topSingularTriplets(operator, { ...search, block: 1, gram });
      expect(values).toHaveLength(5);
      return products();
    };
    expect(await count(true)).toBeLessThanOrEqual(1.1 * (await count(false)));
  });

  it('are left to the other search where they lie far apart, where there are too few, and where there are none', async () => {
    const few = (values: readonly number[]) => {
      const all = new Float64Array(400);
      all.set(values);
      return all;
    };
    for (const values of [few([1, 1e-5, 1e-5, 9e-6, 8e-6]), few([3, 2]), few([])]) {
      const { operator } = reflected(values, 500, 400);
      expect(await gramTriplets(operator, search)).toBeUndefined();
      const { triplets } = await topSingularTriplets(operator, { ...search, block: 1, gram: true });
      for (const [i, { value }] of triplets.entries())
        expect(Math.abs(value - values[i]!)).toBeLessThan(2e-6 * Math.max(1, values[0]!));
    }
  });

  it('stop at a signal', async () => {
    const { operator } = reflected(unit(3000), 3000, 3000);
    const stop = AbortSignal.abort(new Error('enough'));
    await expect(gramTriplets(operator, { ...search, signal: stop })).rejects.toThrow('enough');
  });
});
