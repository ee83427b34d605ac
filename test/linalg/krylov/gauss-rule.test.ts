import { describe, expect, it } from 'vitest';
import { RandomStream } from '../../../src/base/random.ts';
import { gaussRule, radauRule } from '../../../src/linalg/index.ts';

/** Moments Σ w x^k, which a rule of m nodes shares with its measure up to 2 m - 1. */
const moment = ({ nodes, weights }: ReturnType<typeof gaussRule>, k: number) =>
  nodes.reduce((s, x, i) => s + weights[i]! * x ** k, 0);

/** Lanczos with full reorthogonalization on a diagonal matrix, from a start whose squared entries are the measure's weights. */
function jacobiOf(points: readonly number[], masses: readonly number[], m: number) {
  const basis: Float64Array[] = [Float64Array.from(masses, Math.sqrt)];
  const [diagonal, beside]: [number[], number[]] = [[], []];
  for (let k = 0; k < m; k++) {
    const q = basis[k]!;
    const w = q.map((v, i) => v * points[i]!);
    diagonal.push(q.reduce((s, v, i) => s + v * w[i]!, 0));
    for (let pass = 0; pass < 2; pass++)
      for (const b of basis) {
        const s = b.reduce((t, v, i) => t + v * w[i]!, 0);
        w.forEach((v, i) => {
          w[i] = v - s * b[i]!;
        });
      }
    const length = Math.hypot(...w);
    beside.push(length);
    basis.push(w.map((v) => v / length));
  }
  return { diagonal, beside: beside.slice(0, m - 1), next: beside[m - 1]! };
}

const stream = new RandomStream({ seed: 5, purpose: 'rule' });
const points = Array.from({ length: 40 }, (_, i) => (i < 10 ? 1 : 3 * stream.uniform()));
const raw = points.map(() => stream.uniform());
const masses = raw.map((v) => v / raw.reduce((s, w) => s + w, 0));
const mass = (test: (x: number) => boolean) => points.reduce((s, x, i) => s + (test(x) ? masses[i]! : 0), 0);

describe('quadrature rules', () => {
  it('of Gauss has the moments of its measure up to 2 m - 1, and those of Legendre are the known ones', () => {
    const { diagonal, beside } = jacobiOf(points, masses, 6);
    const rule = gaussRule(diagonal, beside);
    for (let k = 0; k < 12; k++)
      expect(moment(rule, k)).toBeCloseTo(
        points.reduce((s, x, i) => s + masses[i]! * x ** k, 0),
        8,
      );
    const legendre = gaussRule([0, 0, 0], [1 / Math.sqrt(3), 2 / Math.sqrt(15)]);
    expect([...legendre.nodes].map((x) => x ** 2)).toEqual([0.6, 0, 0.6].map((v) => expect.closeTo(v, 12)));
    expect([...legendre.weights]).toEqual([5 / 18, 8 / 18, 5 / 18].map((v) => expect.closeTo(v, 12)));
  });

  it('of Radau has a node where it is asked for; its weight there and beside bounds the measure from above and below', () => {
    for (const m of [3, 8, 15]) {
      const { diagonal, beside, next } = jacobiOf(points, masses, m);
      const rule = radauRule(diagonal, beside, next, 1);
      for (let k = 0; k < 2 * m; k++) {
        const exact = points.reduce((t, x, i) => t + masses[i]! * x ** k, 0);
        expect(moment(rule, k) / exact).toBeCloseTo(1, 9);
      }
      const at = rule.nodes.findIndex((x) => Math.abs(x - 1) < 1e-8);
      expect(at).toBeGreaterThanOrEqual(0);
      expect(rule.weights[at]!).toBeGreaterThanOrEqual(mass((x) => x === 1) - 1e-9);
      const share = (test: (x: number) => boolean) =>
        rule.nodes.reduce((s, x, i) => s + (i !== at && test(x) ? rule.weights[i]! : 0), 0);
      expect(share((x) => x < 1)).toBeLessThanOrEqual(mass((x) => x < 1) + 1e-9);
      expect(share((x) => x > 1)).toBeLessThanOrEqual(mass((x) => x > 1) + 1e-9);
    }
  });
});
