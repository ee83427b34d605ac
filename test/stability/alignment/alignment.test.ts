import { describe, expect, it } from 'vitest';
import { RandomStream } from '../../../src/base/random.ts';
import { randomBasis } from '../../../src/linalg/index.ts';
import { measureAlignment } from '../../../src/stability/alignment/measure.ts';
import { representationPath, subspaceCosine } from '../../../src/stability/alignment/measures.ts';
import { type MatrixUnit, residualNetwork, twoImages } from '../../support/residual-network.ts';

const [height, width, n] = [6, 10, 60];

const axis = (i: number) => Float64Array.from({ length: n }, (_, j) => (i === j ? 1 : 0));

describe('the cosine between two subspaces', () => {
  it('is 1 for the same one in another basis, 0 for orthogonal ones, and the shared part in between', () => {
    const [c, s] = [Math.cos(0.7), Math.sin(0.7)];
    const turned = [
      axis(0).map((_, j) => (j === 0 ? c : j === 1 ? s : 0)),
      axis(0).map((_, j) => (j === 0 ? -s : j === 1 ? c : 0)),
    ];
    expect(subspaceCosine([axis(0), axis(1)], turned)).toBeCloseTo(1, 12);
    expect(subspaceCosine([axis(0), axis(1)], [axis(2), axis(3)])).toBe(0);
    expect(subspaceCosine([axis(0), axis(1)], [axis(1), axis(2)])).toBeCloseTo(Math.SQRT1_2, 12);
  });

  it('has k/n as the mean of its square for random subspaces', () => {
    const [size, k, pairs] = [200, 8, 60];
    const squares = Array.from({ length: pairs }, (_, i) => {
      const [x, y] = [0, 1].map((j) => randomBasis(size, k, { seed: 1, purpose: 'test', index: 2 * i + j }));
      return subspaceCosine(x!, y!) ** 2;
    });
    const mean = squares.reduce((s, x) => s + x, 0) / pairs;
    const error = Math.sqrt(squares.reduce((s, x) => s + (x - mean) ** 2, 0) / pairs / (pairs - 1));
    expect(Math.abs(mean - k / size)).toBeLessThan(4 * error);
    expect(error).toBeLessThan(0.1 * (k / size));
  });
});

describe('a path of representations', () => {
  const at = (...x: number[]) => Float64Array.from(x);
  it('is straight and equally spaced on a line', () => {
    const path = representationPath([at(1, 1), at(2, 3), at(3, 5), at(4, 7)]);
    expect(path.straightness).toBeCloseTo(1, 12);
    expect(path.spacingVariation).toBeCloseTo(0, 12);
    expect(path.turning).toBeCloseTo(1, 12);
    expect(path.steps).toEqual([1, 2, 3].map(() => expect.closeTo(Math.sqrt(5), 12)));
  });

  it('equals its own control on steps at right angles, and ends where it began on a closed way', () => {
    const stairs = representationPath([at(0, 0, 0), at(3, 0, 0), at(3, 4, 0), at(3, 4, 12)]);
    expect(stairs.straightness).toBeCloseTo(13 / 19, 12);
    expect(stairs.orthogonalStraightness).toBeCloseTo(13 / 19, 12);
    expect(stairs.turning).toBeCloseTo(0, 12);
    expect(stairs.spacingVariation).toBeCloseTo(
      Math.sqrt(((3 - 19 / 3) ** 2 + (4 - 19 / 3) ** 2 + (12 - 19 / 3) ** 2) / 3) / (19 / 3),
      12,
    );
    expect(representationPath([at(0), at(2), at(0)]).straightness).toBe(0);
  });
});

/** A branch with the given singular triplets, all inner units active. */
function branch(parts: readonly { left: Float64Array; right: Float64Array; value: number }[]): MatrixUnit {
  const hidden = parts.length;
  const w1 = new Float64Array(hidden * n);
  const w2 = new Float64Array(n * hidden);
  parts.forEach(({ left, right, value }, h) => {
    w1.set(right, h * n);
    for (let i = 0; i < n; i++) w2[i * hidden + h] = value * left[i]!;
  });
  return { w1, w2, bias: Array(hidden).fill(100) };
}

const k = 3;
const values = [3, 2, 1, 0.2];
const random = (seed: number) => randomBasis(n, values.length, { seed, purpose: 'test' });

async function aligned(units: readonly MatrixUnit[]) {
  return measureAlignment({
    network: residualNetwork(height, width, units),
    dataset: twoImages(height, width),
    images: [0, 1],
    top: k,
  });
}

describe('alignment of branches across depth', () => {
  it('is complete for branches with the same singular vectors, whatever their values', async () => {
    const basis = random(1);
    const made = [1, 0.5, 2].map((factor) =>
      branch(values.map((value, m) => ({ left: basis[m]!, right: basis[m]!, value: factor * value }))),
    );
    const { stages, measured } = await aligned(made);
    expect(stages.map((s) => [s.units.length, s.size, s.top])).toEqual([[3, n, k]]);
    for (const measure of ['leftRight', 'leftLeft', 'rightRight', 'paired'] as const)
      for (const row of stages[0]![measure]) for (const entry of row) expect(entry).toBeCloseTo(1, 4);
    expect(measured.length).toBe(2);
    for (const m of measured) {
      expect(m.converged).toBe(true);
      m.singularValues.forEach((found, i) => {
        found.forEach((s, j) => {
          expect(s).toBeCloseTo([1, 0.5, 2][i]! * values[j]!, 4);
        });
        expect(m.gaps[i]).toBeCloseTo(0.8 / 3, 4);
      });
    }
  });

  it('tells reading from writing: orthogonal subspaces, and the opposite direction', async () => {
    const [reads, writes] = [random(2), random(2)];
    // Six more axes in a row: columns 4.. of a larger basis are orthogonal to the first four.
    const wide = randomBasis(n, 8, { seed: 3, purpose: 'test' });
    values.forEach((_, m) => {
      reads[m] = wide[m]!;
      writes[m] = wide[m + 4]!;
    });
    const forward = branch(values.map((value, m) => ({ left: writes[m]!, right: reads[m]!, value })));
    const opposite = branch(values.map((value, m) => ({ left: writes[m]!.map((x) => -x), right: reads[m]!, value })));
    const [stage] = (await aligned([forward, opposite])).stages;
    for (const row of stage!.leftRight) for (const entry of row) expect(entry).toBeLessThan(1e-4);
    for (const row of [...stage!.leftLeft, ...stage!.rightRight])
      for (const entry of row) expect(entry).toBeCloseTo(1, 4);
    expect(stage!.paired.flat()).toEqual([1, -1, -1, 1].map((x) => expect.closeTo(x, 4)));
    expect(stage!.offDiagonal.paired.mean).toBeCloseTo(-1, 4);
    expect(stage!.neighbours.leftLeft.median).toBeCloseTo(1, 4);
  });

  it('is at the level of the control for random branches', async () => {
    const made = Array.from({ length: 6 }, (_, i) => {
      const [left, right] = [random(10 + 2 * i), random(11 + 2 * i)];
      return branch(values.map((value, m) => ({ left: left[m]!, right: right[m]!, value })));
    });
    const [stage] = (await aligned(made)).stages;
    expect(stage!.expected).toBeCloseTo(Math.sqrt(k / n), 12);
    expect(Math.abs(stage!.random / stage!.expected - 1)).toBeLessThan(0.15);
    for (const measure of ['leftRight', 'leftLeft', 'rightRight'] as const)
      expect(Math.abs(stage!.offDiagonal[measure].mean / stage!.expected - 1)).toBeLessThan(0.2);
    expect(Math.abs(stage!.offDiagonal.paired.mean)).toBeLessThan(0.1);
  });

  it('has finite numbers for branches that do nothing at all', async () => {
    const dead: MatrixUnit = {
      w1: new Float64Array(2 * n).fill(1),
      w2: new Float64Array(2 * n).fill(1),
      bias: [-1e3, -1e3],
    };
    const { stages, measured } = await aligned([dead, dead]);
    expect(stages[0]!.straightness.mean).toBe(1);
    expect(stages[0]!.turning).toBe(null);
    expect(measured[0]!.path.steps).toEqual([0, 0]);
    expect(measured[0]!.gaps).toEqual([null, null]);
    expect(stages[0]!.paired.flat()).toEqual([0, 0, 0, 0]);
  });

  it('is refused for a network in which no two units can be compared', async () => {
    const draw = new RandomStream({ seed: 1, purpose: 'test' });
    const one: MatrixUnit = {
      w1: draw.fillNormal(new Float64Array(2 * n)),
      w2: draw.fillNormal(new Float64Array(2 * n)),
      bias: [1, 1],
    };
    await expect(aligned([one])).rejects.toThrow(/no stage with two units of one shape/);
  });
});
