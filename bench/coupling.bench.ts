/**
 * Coupling of transformer blocks across depth, m_K of Aubry, Meng, Sugolov and Papyan (arXiv 2407.07810), of a small language model before and after
 * training on the Penn Treebank, beside an independent computation in float64 by PyTorch.
 *
 *     ballast train --model transformer4x64 --dataset ptb --data DIR --epochs 1 --optimizer adam --lr 0.003 --out RUN
 *     npm run bench -- coupling RUN/WEIGHTS [WINDOWS]
 *
 * Both compute the same: for WINDOWS (2) windows of 32 words of the test split, Jacobians of every block's tokens 15 and 31 by themselves without the identity,
 * and m_10 between all pairs of blocks. PyTorch computes pairs of tokens, units and eigenvalues too, as Ballast does; times are not those of the
 * coupling alone.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BallastError, UsageError } from '../src/base/errors.ts';
import { loadText } from '../src/data/index.ts';
import { loadNetwork } from '../src/models/index.ts';
import { tensor } from '../src/onnx/index.ts';
import { measureTokens } from '../src/stability/index.ts';
import { realData } from '../test/support/real-data.ts';
import { type Bench, type Case, type Measurement, Peer, torchMissing, writeParameters } from './harness.ts';

const [name, heads, length, tokens, top] = ['transformer4x64', 2, 32, [15, 31], 10] as const;

const once = (contestant: string, seconds: number, error: number): Measurement => ({
  ...{ contestant, medianSeconds: seconds, minSeconds: seconds, maxSeconds: seconds },
  ...{ runs: 1, rate: 1 / seconds, error },
});

const meanOf = (xs: readonly number[]) => xs.reduce((s, x) => s + x, 0) / xs.length;
const offDiagonal = (m: readonly (readonly number[])[]) => m.flatMap((row, i) => row.filter((_, j) => j !== i));

export default (async ([weights, windows = '2']) => {
  const dir = realData('ptb');
  if (!weights) throw new UsageError('coupling needs the weights of a trained transformer4x64');
  if (!dir) throw new BallastError('the coupling bench needs the Penn Treebank: set BALLAST_DATA');
  const text = await loadText({ name: 'ptb', dir, split: 'test' });
  const cases: Case[] = [];
  const notes: string[] = [];
  for (const [what, from] of [
    ['fresh', 'random'],
    ['trained', weights],
  ] as const) {
    const network = await loadNetwork({ model: name, weights: from, classes: text.vocabulary.length });
    const folder = mkdtempSync(join(tmpdir(), 'ballast-bench-'));
    writeParameters(network.builtFrom!.params, folder);
    const peer = Peer.start('tokens.py', [folder, String(heads)]);
    if (!peer) throw new BallastError(torchMissing);
    try {
      const points = Array.from({ length: Number(windows) }, (_, at) => {
        const words = Array.from(text.tokens.subarray(at * length, (at + 1) * length));
        const input = tensor('int64', [1, length], BigInt64Array.from(words, BigInt));
        return { at, input, labels: [...words.slice(1), -1] };
      });
      const found = await measureTokens({
        ...{ network, graph: network.graph(1, length), dataset: text.name, points },
        ...{ tokens, top, radius: 0.01, steps: 1, seed: 0 },
      });
      const began = performance.now();
      const answers: { coupling: number[][][] }[] = [];
      for (const { input } of points)
        answers.push(await peer.ask({ ids: Array.from(input.data, Number), tokens, top, whole: false }));
      const theirSeconds = (performance.now() - began) / 1000;
      const ours = found.coupling.map((c) => c.values);
      const theirs = answers.flatMap((a) => a.coupling);
      const differences = ours.flatMap((m, k) =>
        m.flatMap((row, i) => row.map((v, j) => Math.abs(v - theirs[k]![i]![j]!))),
      );
      const [own, other] = [ours, theirs].map((all) => meanOf(all.flatMap(offDiagonal)));
      const control = meanOf(found.coupling.map((c) => c.control!));
      notes.push(
        `${what}: mean m_${top} between different blocks ${own!.toFixed(5)} (ballast), ${other!.toFixed(5)} (PyTorch float64); ` +
          `${control.toFixed(3)} against random vectors; mean loss ${meanOf(found.growth.map((g) => g.loss)).toFixed(3)} nats`,
      );
      console.log(notes.at(-1));
      cases.push({
        name: `${what}, ${ours.length} tokens, ${ours[0]!.length} blocks`,
        unit: 'runs/s',
        measurements: [
          once('ballast', found.seconds, Math.max(...differences)),
          once('PyTorch float64', theirSeconds, 0),
        ],
      });
    } finally {
      peer.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return {
    what: `coupling m_${top} of the blocks of ${name} across depth, on ${windows} windows of ${length} words of the Penn Treebank's test split`,
    error: 'largest difference of an m_K from that of PyTorch in float64',
    cases,
    notes,
  };
}) satisfies Bench;
