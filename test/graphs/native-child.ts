/**
 * Random graphs in a process of its own, which ONNX Runtime may end: `native-child.ts GARDEN SEED FROM TO`. Says `begin N` before each graph
 * and what became of it after. Each is written to a file's bytes, read back, and run in all emissions; in the garden `blockable` plain and
 * blocked results are compared, of the graph and of its gradient.
 */
import { writeSync } from 'node:fs';
import fc from 'fast-check';
import { vjp } from '../../src/autodiff/index.ts';
import { BallastError } from '../../src/base/errors.ts';
import {
  type Graph,
  isFloat,
  print,
  readModel,
  type TensorData,
  tensorOf,
  toNumbers,
  writeModel,
} from '../../src/onnx/index.ts';
import { compile } from '../../src/runtime/index.ts';
import { draw } from '../autodiff/run.ts';
import { inFloat64, toFloat64 } from './float64.ts';
import { blockable, wild } from './gardens.ts';
import { grow, steps } from './grow.ts';

const [kind, seed, from, to] = process.argv.slice(2) as [string, string, string, string];
const garden = kind === 'blockable' ? blockable : wild;
const say = (what: Readonly<Record<string, unknown>>) => writeSync(1, `${JSON.stringify(what)}\n`);

/** Ordinary numbers, or zeros, or infinities and no numbers among them. */
function feedsOf(graph: Graph, place: number): Record<string, TensorData> {
  return Object.fromEntries(
    graph.inputs.map((v) => {
      const drawn = draw('unit', v.dtype, v.shape as number[], v.name, place);
      if (kind === 'blockable' || place % 3 === 0) return [v.name, drawn];
      const values = toNumbers(drawn).map((d, i) => (place % 3 === 1 ? 0 : [d, Infinity, Number.NaN, -1e30][i % 4]!));
      return [v.name, tensorOf(v.dtype, drawn.shape, values)];
    }),
  );
}

async function run(graph: Graph, feeds: Readonly<Record<string, TensorData>>, emission: 'plain' | 'blocked') {
  const program = await compile(graph, { emission, threads: 1 });
  try {
    return await program.run(Object.fromEntries(graph.inputs.map((v) => [v.name, feeds[v.name]!])));
  } finally {
    await program.dispose();
  }
}

/** What is thrown: one line of ours, or something that nobody should see. */
async function attempt(work: () => Promise<unknown>): Promise<string> {
  try {
    await work();
    return 'ran';
  } catch (error) {
    return error instanceof BallastError ? 'refused' : `raw: ${(error as Error).message.split('\n')[0]}`;
  }
}

/** The largest difference of the outputs, relative to their size. */
async function apart(graph: Graph, feeds: Readonly<Record<string, TensorData>>): Promise<number> {
  const [a, b] = [await run(graph, feeds, 'plain'), await run(graph, feeds, 'blocked')];
  let worst = 0;
  for (const [name, t] of Object.entries(a)) {
    if (!isFloat(t.dtype)) continue;
    const [p, q] = [toNumbers(t), toNumbers(b[name]!)];
    const scale = p.reduce((m, v) => Math.max(m, Math.abs(v)), 1);
    if (!Number.isFinite(scale)) continue;
    p.forEach((v, i) => {
      const difference = Math.abs(v - q[i]!) / scale;
      worst = Number.isNaN(difference) && !Number.isNaN(v) ? Infinity : Math.max(worst, difference || 0);
    });
  }
  return worst;
}

/** Rounding may turn a comparison at one point; a fault shows at every point. */
async function differs(graph: Graph): Promise<number> {
  let least = Infinity;
  for (const place of [1, 2, 3]) {
    least = Math.min(least, await apart(graph, feedsOf(graph, place)));
    if (least < 1e-3) break;
  }
  return least;
}

for (let n = Number(from); n < Number(to); n++) {
  say({ begin: n });
  const [plan] = fc.sample(steps(kind === 'blockable' ? 12 : 6), { numRuns: 1, seed: Number(seed) + n });
  const { graph } = grow(plan!, garden);
  if (kind === 'blockable') {
    const wrt = Object.keys(garden.inputs);
    const results: Record<string, unknown> = {};
    const outcome = await attempt(async () => {
      const gradient = vjp(graph, { wrt, of: ['loss'] });
      const worst = Math.max(await differs(graph), await differs(gradient));
      if (worst >= 1e-3) Object.assign(results, { differs: worst, graph: print(graph) });
    });
    say({ end: n, outcomes: [outcome], ...results, ...(outcome.startsWith('raw') ? { graph: print(graph) } : {}) });
    continue;
  }
  const outcomes: string[] = [];
  outcomes.push(
    await attempt(async () => {
      const read = readModel(writeModel(graph));
      const feeds = feedsOf(read, n);
      outcomes.push(await attempt(() => run(read, feeds, 'plain')));
      outcomes.push(await attempt(() => run(read, feeds, 'blocked')));
      const wide = Object.fromEntries(Object.entries(feeds).map(([name, t]) => [name, toFloat64(t)]));
      outcomes.push(await attempt(() => run(inFloat64(read), wide, 'plain')));
    }),
  );
  say({ end: n, outcomes, ...(outcomes.some((o) => o.startsWith('raw')) ? { graph: print(graph) } : {}) });
}
