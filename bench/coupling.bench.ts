/**
 * Coupling of transformer blocks across depth, m_K of Aubry, Meng, Sugolov and Papyan (arXiv 2407.07810), of a small language model before and after
 * training on the Penn Treebank and of a published one, beside an independent computation in float64 by PyTorch and beside the program that the authors published.
 *
 *     ballast train --model transformer4x64 --dataset ptb --data DIR --epochs 3 --optimizer adam --lr 0.003 --out RUN
 *     npm run bench -- coupling RUN/model.safetensors [WINDOWS] [CHECKPOINT] [AUTHORS]
 *
 * CHECKPOINT: a file of karpathy/llama2.c such as stories260K.bin, or `none`; AUTHORS: the folder `coupling` of github.com/sugolov/coupling. Neither is part of Ballast.
 * All compute the same: for WINDOWS (2) windows of 16 tokens (words of the test split; what the published model draws itself), Jacobians of every block's tokens 7 and 15 by
 * themselves without the identity, and m_10 between all pairs of blocks. The authors' program takes |U2ᵀ J1 V2| where the paper's formula has U2ᵀ J1 V2: it is
 * held against Ballast's number of that kind. PyTorch computes pairs of tokens, units and eigenvalues too, as Ballast does; times are not those of the
 * coupling alone, and that of the authors' program is in PyTorch's.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { BallastError, UsageError } from '../src/base/errors.ts';
import { loadText } from '../src/data/index.ts';
import { loadNetwork, type Network } from '../src/models/index.ts';
import { tensor } from '../src/onnx/index.ts';
import { measureTokens } from '../src/stability/index.ts';
import { realData } from '../test/support/real-data.ts';
import { type Bench, type Case, type Measurement, Peer, torchMissing, writeParameters } from './harness.ts';

const [name, heads, length, tokens, top] = ['transformer4x64', 2, 16, [7, 15], 10] as const;

const once = (contestant: string, seconds: number, error: number): Measurement => ({
  ...{ contestant, medianSeconds: seconds, minSeconds: seconds, maxSeconds: seconds },
  ...{ runs: 1, rate: 1 / seconds, error },
});

const meanOf = (xs: readonly number[]) => xs.reduce((s, x) => s + x, 0) / xs.length;
const offDiagonal = (m: readonly (readonly number[])[]) => m.flatMap((row, i) => row.filter((_, j) => j !== i));

/** Largest difference of two lists of matrices. */
const furthest = (a: readonly (readonly (readonly number[])[])[], b: typeof a): number =>
  Math.max(...a.flatMap((m, k) => m.flatMap((row, i) => row.map((v, j) => Math.abs(v - b[k]![i]![j]!)))));

interface Answer {
  readonly coupling: number[][][];
  readonly authors: number[][][] | null;
}

/** A network, what it is called, and the sequences at which it is linearized. */
interface Subject {
  readonly what: string;
  readonly dataset: string;
  readonly network: Network;
  readonly sequences: readonly (readonly number[])[];
}

async function compared({ what, dataset, network, sequences }: Subject, peer: Peer) {
  const points = sequences.map((ids, at) => ({
    at,
    input: tensor('int64', [1, length], BigInt64Array.from(ids, BigInt)),
    labels: [...ids.slice(1), -1],
  }));
  const found = await measureTokens({
    ...{ network, graph: network.graph(1, length), dataset, points },
    ...{ tokens, top, radius: 0.01, steps: 1, seed: 0, runtime: { threads: 1 } },
  });
  const began = performance.now();
  const answers: Answer[] = [];
  for (const ids of sequences) answers.push(await peer.ask({ ids, tokens, top, whole: false }));
  const theirSeconds = (performance.now() - began) / 1000;
  const ours = found.coupling.map((c) => c.values);
  const unsigned = found.coupling.map((c) => c.unsigned!);
  const theirs = answers.flatMap((a) => a.coupling);
  const authors = answers.flatMap((a) => a.authors ?? []);
  const mean = (all: readonly (readonly (readonly number[])[])[]) => meanOf(all.flatMap(offDiagonal)).toFixed(5);
  const control = meanOf(found.coupling.map((c) => c.control!));
  const note =
    `${what}: mean m_${top} between different blocks ${mean(ours)} (ballast), ${mean(theirs)} (PyTorch float64); ` +
    (authors.length ? `with |.| ${mean(unsigned)} (ballast), ${mean(authors)} (the authors' program); ` : '') +
    `${control.toFixed(3)} against random vectors; mean loss ${meanOf(found.growth.map((g) => g.loss)).toFixed(3)} nats`;
  const measurements = [
    once('ballast', found.seconds, furthest(ours, theirs)),
    once('PyTorch float64', theirSeconds, 0),
    ...(authors.length ? [once("authors' program", theirSeconds, furthest(unsigned, authors))] : []),
  ];
  const name = `${what}, ${ours.length} tokens, ${ours[0]!.length} blocks`;
  console.log(note);
  return { note, case: { name, unit: 'runs/s', measurements } };
}

/** Starts the peer for parameters that it finds in a folder, or for a checkpoint. */
async function withPeer<T>(
  model: string,
  authors: string | undefined,
  use: (peer: Peer, folder: string) => Promise<T>,
  prepare: (folder: string) => void = () => {},
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'ballast-bench-'));
  prepare(folder);
  const peer = Peer.start('tokens.py', [folder, model, ...(authors ? [authors] : [])]);
  if (!peer) throw new BallastError(torchMissing);
  try {
    return await use(peer, folder);
  } finally {
    peer.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

export default (async ([weights, windows = '2', checkpoint = 'none', authors]) => {
  const dir = realData('ptb');
  if (!weights) throw new UsageError('coupling needs the weights of a trained transformer4x64');
  if (!dir) throw new BallastError('the coupling bench needs the Penn Treebank: set BALLAST_DATA');
  const text = await loadText({ name: 'ptb', dir, split: 'test' });
  const cases: Case[] = [];
  const notes: string[] = [];
  const add = (found: Awaited<ReturnType<typeof compared>>) => {
    cases.push(found.case);
    notes.push(found.note);
  };
  const sequences = Array.from({ length: Number(windows) }, (_, at) =>
    Array.from(text.tokens.subarray(at * length, (at + 1) * length)),
  );
  for (const [what, from] of [
    ['fresh', 'random'],
    ['trained', weights],
  ] as const) {
    const network = await loadNetwork({ model: name, weights: from, classes: text.vocabulary.length });
    const use = (peer: Peer) => compared({ what, dataset: text.name, network, sequences }, peer);
    add(await withPeer(String(heads), authors, use, (folder) => writeParameters(network.builtFrom!.params, folder)));
  }
  if (checkpoint !== 'none')
    add(
      await withPeer(checkpoint, authors, async (peer, folder) => {
        const drawn: number[][] = [];
        for (let seed = 0; seed < Number(windows); seed++)
          drawn.push((await peer.ask<{ ids: number[] }>({ sample: length, seed })).ids);
        const network = await loadNetwork({ model: join(folder, 'network.onnx') });
        const what = `published (${basename(checkpoint)})`;
        return compared({ what, dataset: 'drawn by the model', network, sequences: drawn }, peer);
      }),
    );
  return {
    what: `coupling m_${top} of the blocks of ${name} across depth, on ${windows} windows of ${length} words of the Penn Treebank's test split, and of a published checkpoint on what it draws`,
    error:
      "largest difference of an m_K from that of PyTorch in float64; for the authors' program, of theirs from ballast's with |.|",
    cases,
    notes,
  };
}) satisfies Bench;
