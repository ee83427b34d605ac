/**
 * Evaluating the published CIFAR-10 ResNets on the whole test set, against eager PyTorch in both memory formats.
 *
 *     npm run bench -- eval [DEPTHS]        e.g. 20,56
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BallastError } from '../src/base/errors.ts';
import { loadDataset } from '../src/data/index.ts';
import { type Evaluation, evaluate } from '../src/evaluate/index.ts';
import { loadNetwork } from '../src/models/index.ts';
import { defaultThreads } from '../src/runtime/index.ts';
import { realData } from '../test/support/real-data.ts';
import { alternate, type Bench, type Case, Peer, torchMissing } from './harness.ts';

const files: Readonly<Record<string, string>> = {
  '20': 'resnet20-12fca82f.th',
  '32': 'resnet32-d509ac18.th',
  '44': 'resnet44-014dd654.th',
  '56': 'resnet56-4bfd9763.th',
};
const batch = 256;

export default (async ([depths = '20,32,44,56']) => {
  const data = realData('cifar10');
  if (!data) throw new BallastError('the eval bench needs real data: set BALLAST_DATA');
  const dataset = await loadDataset({ name: 'cifar10', dir: data, split: 'test' });
  const folder = mkdtempSync(join(tmpdir(), 'ballast-bench-'));
  const cases: Case[] = [];
  const notes: string[] = [];
  try {
    const [pixels, labels] = [join(folder, 'pixels'), join(folder, 'labels')];
    writeFileSync(pixels, dataset.pixels);
    writeFileSync(labels, Uint8Array.from(dataset.labels));
    for (const depth of depths.split(',')) {
      const weights = realData(`checkpoints/${files[depth]}`)!;
      const network = await loadNetwork({ model: `resnet${depth}`, weights });
      let own: Evaluation | undefined;
      const answers = new Map<string, { seconds: number; loss: number; accuracy: number }>();
      const peers = ['nchw', 'channels_last'].map((format) => ({
        format,
        peer: Peer.start('eval.py', [depth, weights, pixels, labels, String(defaultThreads()), String(batch), format]),
      }));
      const present = peers.filter((p) => p.peer !== null);
      if (present.length === 0) notes.push(torchMissing);
      cases.push(
        await alternate(
          {
            name: `resnet${depth}`,
            unit: 'images/s',
            work: dataset.count,
            rounds: 3,
            peers: present.map((p) => `torch ${p.format}`),
          },
          [
            {
              name: 'ballast',
              run: async () => {
                own = await evaluate(network, dataset, { batchSize: batch });
                return own.seconds;
              },
              error: () => Math.abs(own!.loss - (answers.get('nchw')?.loss ?? own!.loss)),
            },
            ...present.map(({ format, peer }) => ({
              name: `torch ${format}`,
              run: async () => {
                const answer = await peer!.ask<{ seconds: number; loss: number; accuracy: number }>({});
                answers.set(format, answer);
                return answer.seconds;
              },
              error: () => Math.abs(answers.get(format)!.loss - answers.get('nchw')!.loss),
            })),
          ],
        ),
      );
      for (const { peer } of present) peer!.stop();
      notes.push(
        `resnet${depth}: accuracy ${(100 * own!.accuracy).toFixed(2)} %, torch ${(100 * (answers.get('nchw')?.accuracy ?? Number.NaN)).toFixed(2)} %`,
      );
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return {
    what: 'evaluation on the CIFAR-10 test set, batch 256',
    error: 'difference in mean cross-entropy from torch nchw',
    cases,
    notes,
  };
}) satisfies Bench;
