/**
 * A training step of CIFAR ResNets (forward, loss, backward, SGD with momentum and weight decay) at batch 128, against eager PyTorch in both
 * memory formats, on the same real images from the same weights.
 *
 *     npm run bench -- train [DEPTHS [BATCH]]        e.g. 20,56 128
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadDataset, toFloat } from '../src/data/index.ts';
import { BallastError } from '../src/errors.ts';
import { modelNamed } from '../src/models/index.ts';
import { initialize } from '../src/nn/index.ts';
import { tensor } from '../src/onnx/index.ts';
import { defaultThreads } from '../src/runtime/index.ts';
import { classificationObjective, optimizerNamed, Trainer } from '../src/train/index.ts';
import { realData } from '../test/real-data.ts';
import { alternate, type Bench, type Case, Peer, torchMissing, writeParameters } from './harness.ts';

const formats = ['nchw', 'channels_last'] as const;
const rounds = 7;
/** Low enough that rounding does not grow into other trajectories: at 0.1 PyTorch's own two memory formats part within ten steps. */
const rate = 0.01;
/** Losses of the first steps are compared. */
const followed = 20;

async function measure(depth: number, batch: number, folder: string): Promise<{ measured: Case; notes: string[] }> {
  const data = realData('cifar10');
  if (!data) throw new BallastError('the train bench needs real data: set BALLAST_DATA');
  const dataset = await loadDataset({ name: 'cifar10', dir: data, split: 'test' });
  const indices = Array.from({ length: batch }, (_, i) => i);
  const image = toFloat(dataset, indices);
  const labels = Uint8Array.from(indices, (i) => dataset.labels[i]!);
  const model = modelNamed(`resnet${depth}`);
  const initial = initialize(model.parameters, 0);
  writeParameters(initial, folder);
  writeFileSync(join(folder, 'images.bin'), image);
  writeFileSync(join(folder, 'labels.bin'), labels);
  const rule = optimizerNamed('momentum', { momentum: 0.9, weightDecay: 1e-4 });
  const trainer = await Trainer.create({
    objective: (size) => classificationObjective(model, size),
    parameters: model.parameters,
    initial,
    rule,
    batchSize: batch,
    microBatch: batch,
  });
  const feeds = {
    image: tensor('float32', [batch, 3, 32, 32], image),
    label: tensor('int64', [batch], BigInt64Array.from(labels, BigInt)),
  };
  const repeats = depth > 40 ? 2 : 4;
  const losses = new Map<string, number[]>([['ballast', []]]);
  const peaks = new Map<string, number>();
  let step = 0;
  const ours = async () => {
    const began = performance.now();
    for (let i = 0; i < repeats; i++) {
      const { loss } = await trainer.step({
        batch: () => ({ inputs: feeds, targets: batch }),
        scalars: rule.scalarsAt(step, rate),
        step: step++,
      });
      losses.get('ballast')!.push(loss);
    }
    return (performance.now() - began) / 1000 / repeats;
  };
  const peers = formats.flatMap((format) => {
    const peer = Peer.start('train.py', [folder, `${depth}`, `${batch}`, `${defaultThreads()}`, format]);
    return peer ? [{ name: `torch ${format}`, peer }] : [];
  });
  try {
    const theirs = peers.map(({ name, peer }) => ({
      name,
      run: async () => {
        const answer = await peer.ask<{ seconds: number; losses: number[]; peak: number }>({ repeats });
        losses.set(name, [...(losses.get(name) ?? []), ...answer.losses]);
        peaks.set(name, answer.peak);
        return answer.seconds;
      },
    }));
    const error = () => {
      const reference = losses.get('torch nchw') ?? losses.get('ballast')!;
      return losses
        .get('ballast')!
        .slice(0, followed)
        .reduce((worst, loss, i) => Math.max(worst, Math.abs(loss - reference[i]!) / reference[i]!), 0);
    };
    const measured = await alternate(
      {
        name: `ResNet-${depth}, batch ${batch}`,
        unit: 'images/s',
        work: batch,
        rounds,
        warmup: 2,
        peers: theirs.map((t) => t.name),
      },
      [{ name: 'ballast', run: ours, error }, ...theirs],
    );
    const gib = (bytes: number) => `${(bytes / 2 ** 30).toFixed(2)} GiB`;
    const memory = [
      `ballast ${gib(process.resourceUsage().maxRSS * 1024)}`,
      ...[...peaks].map(([n, p]) => `${n} ${gib(p)}`),
    ];
    return { measured, notes: [`ResNet-${depth}: peak memory of the process: ${memory.join(', ')}`] };
  } finally {
    for (const { peer } of peers) peer.stop();
    await trainer.dispose();
  }
}

export default (async ([depths = '20,56', batch = '128']) => {
  const folder = mkdtempSync(join(tmpdir(), 'ballast-bench-'));
  const results = [];
  try {
    for (const depth of depths.split(',')) results.push(await measure(Number(depth), Number(batch), folder));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const cases = results.map((r) => r.measured);
  return {
    what: `Training steps of CIFAR ResNets, float32, ${defaultThreads()} threads, SGD with momentum`,
    error: `largest relative difference of the loss from torch nchw over the first ${followed} steps`,
    cases,
    notes: [...results.flatMap((r) => r.notes), ...(cases.some((c) => c.ratio !== undefined) ? [] : [torchMissing])],
  };
}) satisfies Bench;
