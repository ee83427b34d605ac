import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { linearize } from '../../src/autodiff/index.ts';
import { type Graph, GraphError } from '../../src/onnx/index.ts';
import { batched } from '../graphs/gardens.ts';
import { grow, steps } from '../graphs/grow.ts';
import { expectSameAsOneByOne } from './one-by-one.ts';
import { checkRandomGraphs } from './random-graphs.ts';
import { draw } from './run.ts';

const vectors = 3;

/** Whether the batch axis stays in front all through the graph. */
function takesManyVectors(graph: Graph): boolean {
  try {
    linearize(graph, { wrt: 'x', of: 'y0', vectors });
    return true;
  } catch (error) {
    if (error instanceof GraphError) return false;
    throw error;
  }
}

describe('on random graphs with shared values', () => {
  it('tangents equal differences, gradients are their transpose, linearizations agree', async () => {
    const { outcomes, reasons } = await checkRandomGraphs(60, 30, 7);
    expect([...reasons]).toEqual([]);
    expect(outcomes.checked).toBeGreaterThan(50);
  });

  it('linear maps on several vectors equal jvp and vjp on each', async () => {
    const point = Object.fromEntries(
      Object.entries(batched.inputs).map(([name, shape]) => [name, draw('unit', 'float64', shape, name)]),
    );
    let compared = 0;
    await fc.assert(
      fc.asyncProperty(steps(12), async (plan) => {
        const { graph } = grow(plan, batched);
        if (!takesManyVectors(graph)) return;
        compared++;
        await expectSameAsOneByOne(graph, { wrt: 'x', of: 'y0', point, vectors, tolerance: 1e-11 });
      }),
      { numRuns: 60, seed: 11 },
    );
    expect(compared).toBeGreaterThan(30);
  });
});
