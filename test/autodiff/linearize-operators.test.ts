import { describe, expect, it } from 'vitest';
import { linearize, rules } from '../../src/autodiff/index.ts';
import { type Graph, GraphError } from '../../src/onnx/index.ts';
import { allCases } from './cases/index.ts';
import { type Case, caseFeeds, caseGraph } from './check.ts';
import { expectSameAsOneByOne } from './one-by-one.ts';

/** The case with batch size 1: the leading axis of its first input, and of those that share it. */
function single(c: Case): Case {
  const [[, first]] = Object.entries(c.inputs) as [[string, readonly number[]]];
  const inputs = Object.entries(c.inputs).map(([name, shape]) => {
    const shares = shape.length === first.length && shape[0] === first[0] && first.length > 0;
    return [name, shares ? [1, ...shape.slice(1)] : shape] as const;
  });
  return { ...c, inputs: Object.fromEntries(inputs) };
}

/** Settings that make no sense at batch size 1, or that work along the batch axis, are left out. */
function linearizable(c: Case): { c: Case; graph: Graph } | undefined {
  try {
    const graph = caseGraph(single(c));
    linearize(graph, { wrt: graph.inputs[0]!.name, of: 'y0', vectors: 3 });
    return { c: single(c), graph };
  } catch (error) {
    if (error instanceof GraphError) return undefined;
    throw error;
  }
}

const possible = allCases.flatMap((c) => linearizable(c) ?? []);

describe('many vectors at one operating point equal one at a time', () => {
  it('is tested for every operator that has a rule', () => {
    const tested = new Set(possible.map(({ c }) => c.op));
    // Its indices begin with the batch axis, always: refused by name.
    expect(Object.keys(rules).filter((op) => !tested.has(op))).toEqual(['ScatterND']);
    expect(possible.length).toBeGreaterThan(200);
  });
  for (const { c, graph } of possible) {
    it(`${c.op}: ${c.setting}`, () =>
      expectSameAsOneByOne(graph, {
        wrt: graph.inputs[0]!.name,
        of: 'y0',
        point: caseFeeds(c),
        vectors: 3,
        tolerance: c.dtype === 'float32' || c.op.startsWith('Cast') ? 1e-5 : 1e-12,
      }));
  }
});
