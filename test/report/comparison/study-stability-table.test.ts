import { describe, expect, it } from 'vitest';
import type { StudyStability, Trend } from '../../../src/comparison/index.ts';
import { leastP, stabilityAnswers } from '../../../src/report/comparison/study-stability-table.ts';
import { judgeDirection, studentEffect } from '../../../src/verdict/index.ts';

const size = (estimate: number) =>
  studentEffect({ estimate, standardError: 0.01, degrees: 20, scale: 'difference', count: 24 });
const trend = (measure: string, estimate: number | null): Trend => ({
  measure,
  batch: judgeDirection(estimate === null ? null : size(estimate), { claim: measure, expected: 'above' }),
  ...{ rate: null, loss: null, networks: 24 },
  both: estimate === null ? null : { scale: 'difference', estimate: 0, low: -0.02, high: 0.02, level: 0.95, count: 24 },
});
const answer = (...trends: Trend[]) =>
  stabilityAnswers({
    workloads: [{ name: 'w', models: [{}, {}, {}], atChance: ['one'], trends }],
  } as unknown as StudyStability)[0]!;

describe('what a study says of stability', () => {
  it('is one of the four outcomes, with the slope of the first measure', () => {
    const less = answer(trend('a', 0.1), trend('b', 0.2), trend('c', 0));
    expect(less).toContain(
      'w: networks of larger batches are less stable at equal rate and training loss, by 3 measures',
    );
    expect(less).toContain(
      'changes by 0.1 (95 %: 0.0791 to 0.121) per doubling of the batch; with the rate doubled too by 0 (',
    );
    expect(less).toContain('1 of 3 networks are at chance');
    expect(answer(trend('a', -0.1), trend('b', -0.2))).toContain('are more stable at equal rate');
    expect(answer(trend('a', 0), trend('b', 0))).toContain('is not shown, nor that they do not');
    expect(answer(trend('a', null))).toContain('it cannot be tested here');
  });

  it('names the measures that go against most of them', () => {
    expect(answer(trend('a', 0.1), trend('b', 0.2), trend('c', -0.1), trend('d', 0))).toContain(
      'less stable by 2 of 4, more stable by 1 (c), and 1 does not tell',
    );
    expect(answer(trend('a', 0.1), trend('b', -0.2), trend('c', -0.1), trend('d', 0), trend('e', 0))).toContain(
      'less stable by 1 of 5 (a), more stable by 2, and 2 do not tell',
    );
  });

  it('has no p value beyond the digits of a confidence near 1', () => {
    const of = (support: number | null) =>
      leastP({ ...trend('a', 0).batch, support, against: support === null ? null : 1 }, String, '< least');
    expect([of(0.5), of(1e-16), of(null)]).toEqual(['0.5', '< least', '–']);
  });
});
