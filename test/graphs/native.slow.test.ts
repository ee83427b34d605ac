import { expect, it } from 'vitest';
import { runGraphs } from './native.ts';

it('10,000 graphs that pass the reader end no process in any emission', async () => {
  const { ran, ended, raw } = await runGraphs('wild', 41, 10_000);
  expect({ ended, raw }).toEqual({ ended: [], raw: [] });
  expect(ran).toBeGreaterThan(20_000);
});

it('1,000 graphs and their gradients are the same in plain and blocked emission', async () => {
  const { ran, ended, raw, differing } = await runGraphs('blockable', 43, 1000);
  expect({ ended, raw, differing }).toEqual({ ended: [], raw: [], differing: [] });
  expect(ran).toBeGreaterThan(800);
});
