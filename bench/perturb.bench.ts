/**
 * PGD-10 in linf on the first CIFAR-10 test images of the published ResNet-56, against eager PyTorch in both memory formats. Everybody
 * predicts, attacks what is right, and predicts again.
 *
 *     npm run bench -- perturb [ROUNDS [IMAGES]]        3 and 200 unless told
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BallastError, UsageError } from '../src/base/errors.ts';
import { loadDataset, toFloat } from '../src/data/index.ts';
import { loadNetwork } from '../src/models/index.ts';
import { defaultThreads } from '../src/runtime/index.ts';
import { type AttackResult, DifferentiableClassifier, overRadii, runAttack } from '../src/stability/index.ts';
import { realData } from '../test/support/real-data.ts';
import { alternate, type Bench, type Case, Peer, timed, torchMissing } from './harness.ts';

const size = 3 * 32 * 32;
const batch = 100;
const [radius, steps, stepSize] = [2 / 255, 10, 0.5 / 255];

interface Answer {
  readonly seconds: number;
  readonly clean: number;
  readonly accuracy: number;
}

export default (async ([rounds = '3', images = '200']) => {
  for (const text of [rounds, images])
    if (!/^[1-9]\d*$/.test(text)) throw new UsageError(`perturb bench: expected whole numbers above 0, got "${text}"`);
  const count = Number(images);
  const [data, weights] = [realData('cifar10'), realData('checkpoints/resnet56-4bfd9763.th')];
  if (!data || !weights) throw new BallastError('the perturb bench needs real data: set BALLAST_DATA');
  const dataset = await loadDataset({ name: 'cifar10', dir: data, split: 'test' });
  const ids = Int32Array.from({ length: count }, (_, i) => i);
  const labels = ids.map((i) => dataset.labels[i]!);
  const items = overRadii({ count, ids, origin: toFloat(dataset, [...ids]), labels, targets: null }, [radius]);
  const folder = mkdtempSync(join(tmpdir(), 'ballast-bench-'));
  const [pixelFile, labelFile] = [join(folder, 'pixels'), join(folder, 'labels')];
  writeFileSync(pixelFile, dataset.pixels.subarray(0, count * size));
  writeFileSync(labelFile, Uint8Array.from(labels));
  const classifier = new DifferentiableClassifier(await loadNetwork({ model: 'resnet56', weights }), { batch });
  const peers = ['nchw', 'channels_last'].flatMap((format) => {
    const args = ['56', weights, pixelFile, labelFile, String(defaultThreads()), String(batch), format];
    const peer = Peer.start('attacks.py', args);
    return peer ? [{ name: `torch ${format}`, file: join(folder, format), peer }] : [];
  });
  const notes = peers.length ? [] : [torchMissing];
  const answers = new Map<string, Answer>();
  let own: AttackResult | undefined;
  const accuracy = () => own!.items.filter((i) => i.perturbed === i.label).length / count;
  let result: Case;
  try {
    result = await alternate(
      {
        name: 'resnet56, PGD-10',
        unit: 'gradients/s',
        work: count * steps,
        rounds: Number(rounds),
        peers: peers.map((p) => p.name),
      },
      [
        {
          name: 'ballast',
          run: () =>
            timed(async () => {
              own = await runAttack(classifier, 'pgd', items, {
                ...{ norm: 'linf', steps, stepSize, restarts: 1, randomStart: false, seed: 0 },
              });
            }),
          error: () => Math.abs(accuracy() - (answers.get('torch nchw')?.accuracy ?? accuracy())),
        },
        ...peers.map(({ name, file, peer }) => ({
          name,
          run: async () => {
            const job = { norm: 'linf', eps: radius, steps, step: stepSize, out: file };
            const answer = await peer.ask<Answer>(job);
            answers.set(name, answer);
            return answer.seconds;
          },
          error: () =>
            Math.abs(answers.get(name)!.accuracy - (answers.get('torch nchw') ?? answers.get(name)!).accuracy),
        })),
      ],
    );
    notes.push(`accuracy under attack ${(100 * accuracy()).toFixed(1)} %`);
    for (const { name, file } of peers) {
      const bytes = readFileSync(file);
      const theirs = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
      const differences = own!.perturbed.map((v, i) => Math.abs(v - theirs[i]!));
      const largest = differences.reduce((a, b) => Math.max(a, b), 0);
      const off = differences.filter((d) => d > 1e-5).length / differences.length;
      notes.push(
        `against ${name} (accuracy ${(100 * answers.get(name)!.accuracy).toFixed(1)} %): largest difference of a pixel ${largest.toExponential(1)} of the radius ${radius.toExponential(1)}, ${(100 * off).toFixed(1)} % of pixels differ by more than 1e-5: a gradient that is nearly zero gets its sign from rounding`,
      );
    }
  } finally {
    for (const { peer } of peers) peer.stop();
    await classifier.dispose();
    rmSync(folder, { recursive: true, force: true });
  }
  return {
    what: `PGD with ${steps} steps on ${count} CIFAR-10 test images, linf 2/255, batch ${batch}, predictions before and after included`,
    error: 'difference in accuracy under attack from torch nchw',
    cases: [result],
    notes,
  };
}) satisfies Bench;
