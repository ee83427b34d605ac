/**
 * Training steps (forward, loss, backward, SGD with momentum and weight decay, or with a clipped gradient for the LSTM) against eager PyTorch, for
 * images in both memory formats, on the same real data from the same weights.
 *
 *     npm run bench -- train [NAMES]        e.g. resnet20,resnet56,unet,lstm
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultThreads } from '../src/runtime/index.ts';
import { alternate, type Bench, type Case, torchMissing } from './harness.ts';
import { deviation, type PeerSteps, prepare, workloads } from './training.ts';

const rounds = 7;
/** Seconds that the steps of one turn take, about. */
const turn = 0.8;
/** Losses of the first steps are compared. */
const followed = 20;
const gib = (bytes: number) => `${(bytes / 2 ** 30).toFixed(2)} GiB`;

async function measure(name: string): Promise<{ measured: Case; notes: string[] }> {
  const { title, formats } = workloads[name] ?? { title: name, formats: [] };
  const folder = mkdtempSync(join(tmpdir(), 'ballast-bench-'));
  const training = await prepare(name, folder);
  const peers = formats.flatMap((format) => {
    const peer = training.peer(format);
    return peer ? [{ name: formats.length > 1 ? `torch ${format}` : 'torch', peer }] : [];
  });
  const losses: number[] = [];
  const reference: number[] = [];
  const peaks = new Map<string, number>();
  try {
    const began = performance.now();
    losses.push(await training.step());
    losses.push(await training.step());
    const repeats = Math.max(1, Math.round((turn * 2000) / (performance.now() - began)));
    const ours = async () => {
      const start = performance.now();
      for (let i = 0; i < repeats; i++) losses.push(await training.step());
      return (performance.now() - start) / 1000 / repeats;
    };
    const theirs = peers.map(({ name: contestant, peer }, i) => ({
      name: contestant,
      run: async () => {
        const answer = await peer.ask<PeerSteps>({ repeats });
        if (i === 0) reference.push(...answer.losses);
        peaks.set(contestant, answer.peak);
        return answer.seconds;
      },
    }));
    const error = () => deviation(losses, reference.slice(0, Math.min(followed, losses.length)));
    const measured = await alternate(
      { name: title, unit: training.unit, work: training.work, rounds, warmup: 2, peers: theirs.map((t) => t.name) },
      [{ name: 'ballast', run: ours, ...(theirs.length > 0 ? { error } : {}) }, ...theirs],
    );
    const memory = [
      `ballast ${gib(process.resourceUsage().maxRSS * 1024)}`,
      ...[...peaks].map(([n, p]) => `${n} ${gib(p)}`),
    ];
    return { measured, notes: [`${title}: peak memory of the process so far: ${memory.join(', ')}`] };
  } finally {
    for (const { peer } of peers) peer.stop();
    await training.trainer.dispose();
    rmSync(folder, { recursive: true, force: true });
  }
}

export default (async ([names = Object.keys(workloads).join()]) => {
  const results = [];
  for (const name of names.split(',')) results.push(await measure(name));
  const cases = results.map((r) => r.measured);
  return {
    what: `Training steps, float32, ${defaultThreads()} threads`,
    error: `largest relative difference of the loss from torch (nchw) over the first steps, ${followed} at most`,
    cases,
    notes: [...results.flatMap((r) => r.notes), ...(cases.some((c) => c.ratio !== undefined) ? [] : [torchMissing])],
  };
}) satisfies Bench;
