/**
 * A device other than the CPU on the same work as the CPU: evaluation of our own weights, and training steps from fresh ones. The CPU is
 * the reference for the numbers, not a peer; where a Python with PyTorch sees an NVIDIA GPU, eager PyTorch on it (float32, no TF32) is.
 *
 *     npm run bench -- device [DEVICE [NAMES [BATCHES]]]        e.g. webgpu resnet20,lstm 128,1024
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BallastError } from '../src/base/errors.ts';
import { type ImageDataset, loadDataset } from '../src/data/index.ts';
import { type Evaluation, evaluate } from '../src/evaluate/index.ts';
import { loadNetwork } from '../src/models/index.ts';
import { parseDevice, type RuntimeOptions } from '../src/runtime/index.ts';
import { realData } from '../test/support/real-data.ts';
import { alternate, type Bench, type Case, type Peer, timed } from './harness.ts';
import { deviation, type PeerSteps, prepare, workloads } from './training.ts';

const rounds = 3;
/** Seconds that one turn of the fast contestants takes, about. */
const turn = 1;
/** Losses of the first steps are compared. */
const followed = 5;

async function evaluation(model: string, device: RuntimeOptions, images: ImageDataset): Promise<Case> {
  const network = await loadNetwork({ model });
  const found = new Map<string, Evaluation>();
  const contestant = (name: string, runtime: RuntimeOptions) => ({
    name,
    run: async () => {
      const result = await evaluate(network, images, { batchSize: 250, ...runtime });
      found.set(name, result);
      return result.seconds;
    },
    error: () => Math.abs(found.get(name)!.loss / found.get('ballast cpu')!.loss - 1),
  });
  const measured = await alternate(
    { name: `evaluation of ${model}`, unit: 'images/s', work: images.count, rounds, peers: [] },
    [contestant(`ballast ${device.device}`, device), contestant('ballast cpu', {})],
  );
  const correct = [...found].map(([name, { accuracy }]) => `${name} ${(100 * accuracy).toFixed(2)} %`);
  return { ...measured, name: `${measured.name}, ${images.count} images: ${correct.join(', ')}` };
}

async function training(name: string, device: RuntimeOptions, batch: number | undefined): Promise<Case> {
  const folder = mkdtempSync(join(tmpdir(), 'ballast-bench-'));
  const size = batch === undefined ? {} : { batch };
  const here = await prepare(name, folder, { ...size, runtime: device });
  const cpu = await prepare(name, folder, size);
  const peers = new Map<string, Peer>();
  const losses: Record<string, number[]> = {};
  const ours = (title: string, made: typeof here, repeats: number) => {
    losses[title] = [];
    return {
      name: title,
      run: () => timed(async () => losses[title]!.push(await made.step()), repeats),
      error: () => deviation(losses[title]!, losses['ballast cpu']!.slice(0, followed)),
    };
  };
  try {
    const contestants = [ours(`ballast ${device.device}`, here, 10), ours('ballast cpu', cpu, 2)];
    for (const format of workloads[name]!.formats) {
      const peer = here.peer(format, 'cuda');
      if (!peer) continue;
      const title = `torch cuda ${format}`;
      try {
        losses[title] = [...(await peer.ask<PeerSteps>({ repeats: followed })).losses];
      } catch {
        peer.stop(); // no GPU that PyTorch sees
        continue;
      }
      peers.set(title, peer);
      let repeats = 10;
      contestants.push({
        name: title,
        run: async () => {
          const { seconds } = await peer.ask<PeerSteps>({ repeats });
          repeats = Math.max(10, Math.round(turn / seconds));
          return seconds;
        },
        error: () => deviation(losses[title]!, losses['ballast cpu']!.slice(0, followed)),
      });
    }
    const { title } = workloads[name]!;
    return await alternate(
      {
        name: `training, ${batch === undefined ? title : title.replace(/batch \d+/, `batch ${batch}`)}`,
        unit: here.unit,
        work: here.work,
        rounds,
        peers: [...peers.keys()],
      },
      contestants,
    );
  } finally {
    for (const peer of peers.values()) peer.stop();
    await here.trainer.dispose();
    await cpu.trainer.dispose();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What NVIDIA's driver calls the GPU; nothing where there is none. */
function graphicsCard(): readonly string[] {
  const { status, stdout } = spawnSync('nvidia-smi', ['--query-gpu=name', '--format=csv,noheader'], {
    encoding: 'utf8',
  });
  return status === 0 ? [`GPU: ${stdout.trim().split('\n').join(', ')}`] : [];
}

export default (async ([name = 'webgpu', names = 'resnet20,resnet56', batches]) => {
  const device: RuntimeOptions = { device: parseDevice(name) };
  const dir = realData('cifar10');
  if (!dir) throw new BallastError('the device bench needs real data: set BALLAST_DATA');
  const cases: Case[] = [];
  const images = await loadDataset({ name: 'cifar10', dir, split: 'test' });
  for (const model of names.split(',')) {
    if (model.startsWith('resnet')) cases.push(await evaluation(model, device, images));
    for (const batch of batches?.split(',').map(Number) ?? [undefined])
      cases.push(await training(model, device, batch));
  }
  return {
    what: `${name} against the CPU, float32`,
    error: `relative difference from the CPU: of the mean cross-entropy, and the largest of the loss over the first ${followed} steps`,
    cases,
    notes: graphicsCard(),
  };
}) satisfies Bench;
