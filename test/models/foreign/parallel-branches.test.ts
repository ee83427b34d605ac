/** Attention and feed-forward layers beside each other: x + a(x) + m(x) in any order is one unit of both. */
import { describe, expect, it } from 'vitest';
import { RandomStream } from '../../../src/base/random.ts';
import { joinParallelBranches } from '../../../src/models/foreign/parallel-branches.ts';
import { type Graph, GraphBuilder, tensor, type Value } from '../../../src/onnx/index.ts';
import { compile } from '../../../src/runtime/index.ts';
import { findUnits } from '../../../src/stability/index.ts';

const values = (count: number, seed: number) =>
  Float32Array.from(new RandomStream({ seed, purpose: 'test/values' }).fillNormal(new Float64Array(count)));
const weights = (b: GraphBuilder, seed: number) => b.constant(tensor('float32', [4, 4], values(16, seed)));
const branch = (b: GraphBuilder, x: Value, seed: number) =>
  b.op('MatMul', [b.op('Tanh', [b.op('MatMul', [x, weights(b, seed)])]), weights(b, seed + 1)]);

type Join = (b: GraphBuilder, x: Value, branches: readonly Value[]) => Value;

/** Two blocks, each a sum of a state and its branches. */
function stacked(join: Join, count = 2): Graph {
  const b = new GraphBuilder('stacked');
  let x = b.input('x', 'float32', [1, 3, 4]);
  for (let block = 0; block < 2; block++) {
    const branches = Array.from({ length: count }, (_, i) => branch(b, x, 10 * block + 2 * i + 1));
    x = join(b, x, branches);
  }
  b.output('y', x);
  return b.build();
}

const run = async (graph: Graph) => {
  const program = await compile(graph, {});
  try {
    return Array.from((await program.run({ x: tensor('float32', [1, 3, 4], values(12, 5)) })).y!.data as Float32Array);
  } finally {
    await program.dispose();
  }
};

describe('branches beside each other', () => {
  it.each<[string, Join, number]>([
    ['(x + a) + m', (b, x, [a, m]) => b.add(b.add(x, a!), m!), 2],
    ['m + (a + x)', (b, x, [a, m]) => b.add(m!, b.add(a!, x)), 2],
    ['((x + a) + m) + n', (b, x, [a, m, n]) => b.add(b.add(b.add(x, a!), m!), n!), 3],
  ])('%s is one unit, and what it was', async (_, join, count) => {
    const graph = stacked(join, count);
    let told = 0;
    const joined = joinParallelBranches(graph, () => told++);
    expect(told).toBeGreaterThan(0);
    const units = findUnits(joined);
    expect(units.length).toBe(2);
    // The second begins where the first ends, and the last one ends the network: nothing is left out.
    expect(units[1]!.input).toBe(units[0]!.sum);
    expect(units[1]!.sum).toBe(joined.outputs[0]!.value);
    const [before, after] = await Promise.all([run(graph), run(joined)]);
    after.forEach((v, i) => {
      expect(v).toBeCloseTo(before[i]!, 5);
    });
  });

  it('nothing else is touched: branches one after the other, or already one', () => {
    const leave = () => expect.unreachable();
    const after = stacked((b, x, [a]) => {
      const middle = b.add(x, a!);
      return b.add(middle, branch(b, middle, 40));
    });
    const one = stacked((b, x, [a, m]) => b.add(x, b.add(a!, m!)));
    for (const graph of [after, one]) expect(joinParallelBranches(graph, leave)).toBe(graph);
  });
});
