/** Commands that write, on data so small that each takes little more than it takes to start. */
import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeModel } from '../../../src/onnx/index.ts';
import { residualNetwork } from '../../support/residual-network.ts';
import { start } from './run.ts';

/** A command that writes. */
export interface Writer {
  readonly name: string;
  /** What one types to have it write to this path. */
  readonly args: (out: string) => readonly string[];
  /** A folder that has to be there before, in place of `out`. */
  readonly base?: string;
  /** What it leaves, below its output; none where the output is one file. */
  readonly leaves?: string;
  /** Two of them work in one folder together. */
  readonly shares?: boolean;
  /** It writes nothing where something is. */
  readonly once?: boolean;
  /** It says nothing on standard output. */
  readonly silent?: boolean;
  /** It takes many minutes to its end, which is not waited for. */
  readonly long?: boolean;
}

const study = `name: tiny
workloads:
  - name: shapes
    model: resnet8
    dataset: shapes
    trainCount: 40
    validCount: 10
    targets:
      - { quantity: trainLoss, value: 2.2 }
batchSizes: [10, 20]
strategies: [BLR]
learningRates: [0.01]
baseBatch: 10
seeds: [0]
budget: { steps: 4 }
evaluate: { every: 2st, trainExamples: 10 }
keep: model
microBatch: 10
`;

/** What the commands read. */
interface Sources {
  readonly network: string;
  readonly images: string;
  readonly study: string;
  readonly log: string;
  /** Of `study`, computed. */
  readonly computed: string;
  /** The same, handed out to workers and computed by none. */
  readonly handed: string;
  /** And computed by one, which the store does not know yet. */
  readonly told: string;
  /** The result of a measurement. */
  readonly result: string;
  /** A training that kept a checkpoint. */
  readonly run: string;
}

/** A classifier of 4 x 4 images with two residual units, 20 images for it, a study and a log, below a folder. */
function makeSources(root: string): Sources {
  const size = 16;
  const path = (name: string) => join(root, name);
  const ramp = (seed: number) => Float32Array.from({ length: size * 4 }, (_, i) => ((i * seed) % 7) / 14 - 0.2);
  const unit = (seed: number) => ({ w1: ramp(seed), w2: ramp(seed + 2), bias: [1, 1, -1, 1] });
  const sources = {
    network: path('network.onnx'),
    images: path('images'),
    study: path('study.yaml'),
    log: path('log.csv'),
    computed: path('computed'),
    handed: path('handed'),
    told: path('told'),
    result: path('result'),
    run: path('run'),
  };
  writeFileSync(sources.network, writeModel(residualNetwork(4, 4, [unit(3), unit(5)], 10).graph(1)));
  mkdirSync(sources.images);
  const count = 20;
  const header = (magic: number, ...sizes: number[]) =>
    Buffer.from([0, 0, 8, magic, ...sizes.flatMap((n) => [0, 0, 0, n])]);
  const pixels = Buffer.from(Array.from({ length: count * size }, (_, i) => (37 * i) % 251));
  const labels = Buffer.from(Array.from({ length: count }, (_, i) => i % 10));
  writeFileSync(join(sources.images, 't10k-images-idx3-ubyte'), Buffer.concat([header(3, count, 4, 4), pixels]));
  writeFileSync(join(sources.images, 't10k-labels-idx1-ubyte'), Buffer.concat([header(1, count), labels]));
  writeFileSync(sources.study, study);
  const rows = [8, 16].flatMap((batch) => [1, 2, 3].map((step) => `b${batch},${batch},${step * 10},${3 - step / 2},0`));
  writeFileSync(sources.log, `trial,batch_size,step,train_loss,seed\n${rows.join('\n')}\n`);
  return sources;
}

async function succeed(args: readonly string[]): Promise<void> {
  const { how, stderr } = await start(args).end;
  if (how !== 0) throw new Error(`ballast ${args.join(' ')}: ${how}: ${stderr}`);
}

/** Lays a study out for workers that see its folder; its coordinator ends before there is one. */
async function handOut(study: string, out: string): Promise<void> {
  const coordinator = start(['batch', 'run', study, '--queue', 'folder', '--out', out]);
  const offers = join(out, 'queue', 'waiting');
  for (let waited = 0; !existsSync(offers) || readdirSync(offers).length < 2; waited++) {
    if (waited > 600) throw new Error(`${out}: no trial was handed out`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  coordinator.child.kill('SIGINT');
  await coordinator.end;
}

/** All of them, with what they read below `root`. */
export async function writersWith(root: string): Promise<readonly Writer[]> {
  const sources = makeSources(root);
  const one = ['--threads', '1'];
  const network = ['--model', sources.network, '--dataset', 'mnist', '--data', sources.images, ...one];
  const ours = ['--model', 'resnet8', '--weights', 'random'];
  const training = 'train --model resnet8 --dataset shapes --fraction 0.02 --batch-size 20 --max-steps 20'.split(' ');
  const measured = (name: string, ...args: string[]): Writer => ({
    name,
    args: (out) => [...name.split(' '), ...args, '--out', out],
    leaves: 'result.json',
  });
  const run = ['batch', 'run', sources.study, ...one, '--out'];
  const spectrum = measured('spectrum', ...network, '--images', '0-1');
  await succeed([...run, sources.computed]);
  await succeed(spectrum.args(sources.result));
  await handOut(sources.study, sources.handed);
  cpSync(sources.handed, sources.told, { recursive: true });
  await succeed(['worker', '--queue', sources.told, '--until-idle', ...one]);
  await succeed([...training, '--keep-checkpoints', '8st', ...one, '--out', sources.run]);
  return [
    spectrum,
    measured('perturb', ...network, '--images', '0-1', '--steps', '2'),
    measured(
      'compare',
      ...network.with(1, `${sources.network},${sources.network}`),
      '--names',
      'a,b',
      '--images',
      '0-1',
    ),
    measured('intervene', ...network, '--unit', 'all', '--skip-scale', '0,1', '--eval-images', '10'),
    measured('curvature', ...ours, '--dataset', 'shapes', '--images', '0-1', '--top', '1', '--probes', '1', ...one),
    measured('convolutions', ...ours, '--layers', 'conv1', '--method', 'lanczos', '--top', '1', ...one),
    measured('eigenvalues', ...network, '--images', '0'),
    measured('alignment', ...network, '--images', '0'),
    measured('tokens', ...'--model transformer1x16 --weights random --ids 1,2,3 --top 2 --steps 1'.split(' '), ...one),
    measured('eval', ...network),
    measured('reproduce stability', ...network, '--images', '2', '--spectrum-images', '1', '--eval-images', '10'),
    {
      name: 'train',
      args: (out) => [...training, '--checkpoint-every', '4st', '--log-every', '2st', ...one, '--out', out],
      leaves: 'model.safetensors',
    },
    { name: 'batch run', args: (out) => [...run, out], leaves: 'study.sqlite', shares: true },
    {
      name: 'worker',
      args: (out) => ['worker', '--queue', out, '--until-idle', ...one],
      base: sources.handed,
      leaves: 'trials',
      shares: true,
      silent: true,
    },
    { name: 'batch sync', args: (out) => ['batch', 'sync', out], base: sources.told, leaves: 'study.sqlite' },
    {
      name: 'batch plan',
      args: (out) => [
        'batch',
        'plan',
        ...training.slice(1),
        '--steps',
        '16',
        '--timing',
        '1',
        '--batch-sizes',
        '10,20',
        ...one,
        '--out',
        out,
      ],
      leaves: 'plan.json',
    },
    {
      name: 'batch stability',
      args: (out) => [
        'batch',
        'stability',
        sources.computed,
        '--images',
        '0-1',
        '--steps',
        '2',
        '--spectrum-images',
        '0',
        ...one,
        '--out',
        out,
      ],
      leaves: 'result.json',
    },
    {
      name: 'batch branch',
      args: (out) => [
        ...[
          'batch',
          'branch',
          sources.run,
          '--most',
          '2',
          '--per-doubling',
          '1',
          '--orders',
          '2',
          '--most-orders',
          '2',
        ],
        ...['--examples', '40', '--held-out', '10', ...one, '--out', out],
      ],
      leaves: 'result.json',
    },
    {
      name: 'batch linear',
      args: (out) => ['batch', 'linear', out, ...one],
      base: sources.computed,
      leaves: 'linear-errors.json',
    },
    { name: 'batch report', args: (out) => ['batch', 'report', out], base: sources.computed, leaves: 'report.html' },
    { name: 'batch report --out', args: (out) => ['batch', 'report', sources.computed, '--out', out] },
    ...['csv', 'parquet', 'layout'].map((format) => ({
      name: `batch export --format ${format}`,
      args: (out: string) => ['batch', 'export', sources.computed, '--format', format, '--to', out],
    })),
    {
      name: 'batch import',
      args: (out) => ['batch', 'import', sources.log, '--out', out],
      leaves: 'measured.json',
    },
    {
      name: 'batch init',
      once: true,
      args: (out) => [
        'batch',
        'init',
        out,
        ...'--model mlp8 --dataset shapes --batch-sizes 16 --rates 0.1 --target trainLoss=1 --epochs 1'.split(' '),
      ],
    },
    { name: 'report --out', args: (out) => ['report', sources.result, '--out', out] },
    { name: 'report --figures', args: (out) => ['report', sources.result, '--figures', out] },
    { name: 'demo', args: (out) => ['demo', '--out', out], long: true },
    {
      name: 'reproduce batch',
      args: (out) => ['reproduce', 'batch', '--studies', 'shapes', ...one, '--out', out],
      shares: true,
      long: true,
    },
  ];
}

/** Puts the folder that a command begins with in the place of its output. */
export function layBase({ base }: Writer, out: string): void {
  if (base !== undefined) cpSync(base, out, { recursive: true });
}
