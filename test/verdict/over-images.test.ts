/** Effects of which rows, or pairs, are fixed and columns drawn: `meanOverRows` and `jackknifeEffect`. */
import { describe, expect, it } from 'vitest';
import { RandomStream } from '../../src/base/random.ts';
import { type Effect, intervalOf, jackknifeEffect, meanEffect, meanOverRows } from '../../src/verdict/index.ts';

const meanOf = (values: readonly number[]) => values.reduce((s, v) => s + v, 0) / values.length;
const range = (n: number) => Array.from({ length: n }, (_, i) => i);

/** Share of 2,000 effects whose 95 % interval holds the truth. */
function coverage(truth: number, draw: () => Effect): number {
  const held = range(2000).filter(() => {
    const [low, high] = intervalOf(draw());
    return low <= truth && truth <= high;
  });
  return held.length / 2000;
}

describe('the mean over fixed rows at random columns', () => {
  it('is Student’s interval of the columns’ means where every row is at every column', () => {
    const rows = range(5).map((i) => range(4).map((j) => i + Math.sin(3 * j + i) + 0.3 * j));
    const found = meanOverRows(rows)!;
    const columns = meanEffect(range(4).map((j) => meanOf(rows.map((row) => row[j]!))))!;
    expect(found.estimate).toBeCloseTo(columns.estimate, 12);
    expect(found.standardError).toBeCloseTo(columns.standardError, 12);
    expect(found.degrees).toBeCloseTo(3, 8);
    const one = meanOverRows([[1, 2, 4]])!;
    expect([one.estimate, one.degrees]).toEqual([7 / 3, 2]);
    expect(one.standardError).toBeCloseTo(meanEffect([1, 2, 4])!.standardError, 12);
  });

  it('needs a row at all of two columns, and every row at one', () => {
    expect(meanOverRows([[1], [2]])).toBeNull();
    expect(
      meanOverRows([
        [1, null],
        [null, 2],
      ]),
    ).toBeNull();
    expect(
      meanOverRows([
        [1, 2],
        [null, null],
      ]),
    ).toBeNull();
    expect(meanOverRows([])).toBeNull();
  });

  it('has the mean of the rows’ means, and is less sure where rows are known at one column alone', () => {
    const rows = [
      [1, 2, 3],
      [2, 2, 5],
      [4, null, null],
    ];
    const found = meanOverRows(rows)!;
    expect(found.estimate).toBeCloseTo((2 + 3 + 4) / 3, 12);
    expect(found.standardError).toBeGreaterThan(meanOverRows(rows.slice(0, 2))!.standardError);
  });

  it.each([
    { rows: 27, once: 0, columns: 10, shift: 0 },
    { rows: 27, once: 9, columns: 10, shift: 0 },
    { rows: 27, once: 9, columns: 10, shift: 1 },
    { rows: 27, once: 9, columns: 3, shift: 0 },
    { rows: 54, once: 18, columns: 3, shift: 1 },
    { rows: 9, once: 3, columns: 4, shift: 0.3 },
  ])(
    'covers: $rows rows, $once of them at one of $columns columns, which move by $shift',
    ({ rows, once, columns, shift }) => {
      const stream = new RandomStream({ seed: 11, purpose: 'crossed' });
      const held = coverage(0, () => {
        const moves = range(columns).map(() => shift * stream.normal());
        return meanOverRows(
          range(rows).map((i) =>
            range(columns).map((j) =>
              j > 0 && i >= rows - once ? null : (i - (rows - 1) / 2) / 3 + moves[j]! + stream.normal(),
            ),
          ),
        )!;
      });
      expect(held).toBeGreaterThan(0.92);
      expect(held).toBeLessThan(0.98);
    },
  );
});

describe('the jackknife', () => {
  it('is Student’s interval for a mean', () => {
    const values = [3, 1, 4, 1, 5];
    const found = jackknifeEffect(5, (without) => meanOf(values.filter((_, i) => i !== without)))!;
    const known = meanEffect(values)!;
    expect(found.estimate).toBeCloseTo(known.estimate, 12);
    expect(found.standardError).toBeCloseTo(known.standardError, 12);
    expect(jackknifeEffect(2, () => 1)).toBeNull();
  });

  it('covers the log of a mean over pairs of ten, in the mean over several units that share what they are drawn from', () => {
    const stream = new RandomStream({ seed: 12, purpose: 'jackknife' });
    for (const shared of [0, 0.7]) {
      const held = coverage(Math.log(2 / Math.sqrt(Math.PI)), () => {
        const common = range(10).map(() => stream.normal());
        const units = range(6).map(() => common.map((c) => shared * c + Math.sqrt(1 - shared ** 2) * stream.normal()));
        const meanPair = (values: readonly number[]) =>
          meanOf(values.flatMap((a, i) => values.slice(0, i).map((b) => Math.abs(a - b))));
        return jackknifeEffect(10, (without) =>
          meanOf(units.map((unit) => Math.log(meanPair(unit.filter((_, i) => i !== without))))),
        )!;
      });
      expect(held).toBeGreaterThan(0.92);
      expect(held).toBeLessThan(0.98);
    }
  });
});
