/**
 * Training steps against the JavaScript engines that can train in Node at all. They take seconds to minutes for a batch of 128, so
 * images come two at a time.
 *
 *     npm install --prefix bench/peers/js && npm run bench -- train-js
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BallastError } from '../src/base/errors.ts';
import { defaultThreads } from '../src/runtime/index.ts';
import { alternate, type Bench, type Case, Peer } from './harness.ts';
import { deviation, type PeerSteps, prepare, workloads } from './training.ts';

const rounds = 2;
const installed = () => existsSync(fileURLToPath(new URL('peers/js/node_modules', import.meta.url)));

interface Entrant {
  readonly name: string;
  readonly script: string;
  readonly args: readonly string[];
}

const tfjs = (backend: string): Entrant => ({ name: `tfjs ${backend}`, script: 'js/tfjs.mjs', args: [backend] });
const jax: Entrant = { name: 'jax-js wasm', script: 'js/jax.mjs', args: [] };

const cases = [
  { workload: 'resnet20', batch: 2, entrants: [tfjs('wasm'), tfjs('cpu'), jax] },
  { workload: 'lstm', batch: 20, entrants: [tfjs('wasm')] },
] as const;

async function measure({
  workload,
  batch,
  entrants,
}: (typeof cases)[number]): Promise<{ measured: Case; notes: string[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'ballast-bench-'));
  const training = await prepare(workload, folder, { batch });
  const title = `${workloads[workload]!.title.replace(/, batch.*/, '')}, batch ${batch}`;
  const notes: string[] = [];
  const able: { name: string; peer: Peer; losses: number[] }[] = [];
  try {
    const ours = [await training.step()];
    for (const { name, script, args } of entrants) {
      const peer = Peer.node(script, [training.spec, ...args]);
      try {
        const { losses } = await peer.ask<PeerSteps>({ repeats: 1 });
        able.push({ name, peer, losses: [...losses] });
      } catch (error) {
        if (!(error instanceof BallastError)) throw error;
        peer.stop();
        notes.push(`${title}: ${name} cannot: ${error.message}`);
      }
    }
    const measured = await alternate(
      { name: title, unit: training.unit, work: training.work, rounds, warmup: 0, peers: able.map((a) => a.name) },
      [
        {
          name: 'ballast',
          run: async () => {
            const began = performance.now();
            ours.push(await training.step());
            return (performance.now() - began) / 1000;
          },
        },
        ...able.map(({ name, peer, losses }) => ({
          name,
          run: async () => {
            const answer = await peer.ask<PeerSteps>({ repeats: 1 });
            losses.push(...answer.losses);
            return answer.seconds;
          },
          error: () => deviation(losses, ours.slice(0, losses.length)),
        })),
      ],
    );
    return { measured, notes };
  } finally {
    for (const { peer } of able) peer.stop();
    await training.trainer.dispose();
    rmSync(folder, { recursive: true, force: true });
  }
}

export default (async () => {
  if (!installed()) throw new BallastError('the peers are missing: npm install --prefix bench/peers/js');
  const results = [];
  for (const c of cases) results.push(await measure(c));
  return {
    what: `Training steps against JavaScript engines, float32; ours with ${defaultThreads()} threads`,
    error: 'largest relative difference of the loss from ours over three steps',
    cases: results.map((r) => r.measured),
    notes: results.flatMap((r) => r.notes),
  };
}) satisfies Bench;
