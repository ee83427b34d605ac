import { describe, expect, it } from 'vitest';
import { runGraphs } from './native.ts';

describe('random graphs in a process of their own', () => {
  it('never end it, whatever passes the reader, and every refusal is a line of ours', async () => {
    const { graphs, ran, ended, raw } = await runGraphs('wild', 3, 40);
    expect({ ended, raw }).toEqual({ ended: [], raw: [] });
    expect(ran).toBeGreaterThan(graphs);
  });

  it('give the same numbers in plain and blocked emission, and so do their gradients', async () => {
    const { graphs, ran, ended, raw, differing } = await runGraphs('blockable', 5, 10);
    expect({ ended, raw, differing }).toEqual({ ended: [], raw: [], differing: [] });
    expect(ran).toBeGreaterThan(0.8 * graphs);
  });
});
