import { expect, it } from 'vitest';
import { abortable, denseOperator } from '../../src/linalg/index.ts';
import { matrix, Products } from '../../src/linalg/products.ts';
import { CsrBuilder, forEachGramRow } from '../../src/linalg/sparse/sparse.ts';

const square = (data: number[]) => matrix(Float64Array.from(data), 2, 2);

it('makes no product once the signal has fired, and is told why', async () => {
  const stop = new AbortController();
  const products = await Products.open({ signal: stop.signal });
  const sum = square([0, 0, 0, 0]);
  await products.addTransposedLeft(square([1, 0, 0, 1]), square([1, 2, 3, 4]), sum);
  expect([...sum.data]).toEqual([1, 2, 3, 4]);
  stop.abort(new Error('enough'));
  await expect(products.product(sum, sum, square([0, 0, 0, 0]))).rejects.toThrow('enough');
  await expect(products.subtract(sum, sum, sum)).rejects.toThrow('enough');
  expect([...sum.data]).toEqual([1, 2, 3, 4]);
  await products.close();
});

it('applies an operator no more once the signal has fired', async () => {
  const stop = new AbortController();
  const plain = denseOperator(Float64Array.of(1, 2, 3, 4, 5, 6), 2, 3);
  const operator = abortable(plain, stop.signal);
  expect([operator.rows, operator.cols, operator.dtype]).toEqual([2, 3, 'float64']);
  expect([...(await operator.apply(Float64Array.of(1, 0, 0), 1))]).toEqual([1, 4]);
  expect([...(await operator.applyTranspose(Float64Array.of(0, 1), 1))]).toEqual([4, 5, 6]);
  stop.abort(new Error('enough'));
  await expect(operator.apply(Float64Array.of(1, 0, 0), 1)).rejects.toThrow('enough');
  await expect(operator.applyTranspose(Float64Array.of(0, 1), 1)).rejects.toThrow('enough');
  expect(abortable(plain, undefined)).toBe(plain);
});

it('lets a signal from a timer end the rows of a Gram matrix', async () => {
  const rows = 4000;
  const builder = new CsrBuilder(rows, 1);
  for (let i = 0; i < rows; i++) builder.append(i, [0], [1]);
  const stop = new AbortController();
  setImmediate(() => stop.abort(new Error('enough')));
  let visited = 0;
  await expect(forEachGramRow(builder.build(), () => visited++, stop.signal)).rejects.toThrow('enough');
  expect(visited).toBeGreaterThan(0);
  expect(visited).toBeLessThan(rows);
});
