import { describe, expect, it } from 'vitest';
import { type ProfileProblem, performanceProfiles } from '../../../src/study/analysis/performance-profile.ts';

const problem = (name: string, steps: Readonly<Record<string, number>>): ProfileProblem => ({
  name,
  steps: new Map(Object.entries(steps)),
});

describe('performance profiles', () => {
  it('are the shares of problems solved within a factor of the best', () => {
    const { profiles } = performanceProfiles([
      problem('1', { a: 100, b: 200 }),
      problem('2', { a: 300, b: 100 }),
      problem('3', { a: 100, b: Number.POSITIVE_INFINITY }),
      problem('4', { a: 100, b: 200 }),
    ])!;
    expect(profiles).toEqual([
      {
        strategy: 'a',
        best: 0.75,
        solved: 1,
        steps: [
          { ratio: 1, share: 0.75 },
          { ratio: 3, share: 1 },
        ],
      },
      {
        strategy: 'b',
        best: 0.25,
        solved: 0.75,
        steps: [
          { ratio: 1, share: 0.25 },
          { ratio: 2, share: 0.75 },
        ],
      },
    ]);
  });

  it('count only problems that all compared strategies were run on', () => {
    const comparison = performanceProfiles([
      problem('1', { a: 1, b: 2 }),
      problem('2', { a: 1, b: 2, rare: 1 }),
      problem('3', { a: 2 }),
      problem('nobody', { a: Number.POSITIVE_INFINITY, b: Number.POSITIVE_INFINITY }),
    ])!;
    expect(comparison.problems).toEqual(['1', '2']);
    expect(comparison.leftOut).toEqual(['rare']);
    expect(performanceProfiles([problem('1', { a: 1 })])).toBeNull();
  });
});
