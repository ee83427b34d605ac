/** `ballast train` and `ballast eval` for all tasks, as a user meets them. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readSafetensors } from '../src/formats/index.ts';
import { ballast, expectFailure } from './ballast.ts';

const root = mkdtempSync(join(tmpdir(), 'ballast-train-cli-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const out = (name: string) => join(root, name);
const json = (text: string) => JSON.parse(text) as Record<string, unknown>;

const runs = {
  classification: {
    train: [
      '--model',
      'resnet8',
      '--dataset',
      'shapes',
      '--fraction',
      '0.02',
      '--batch-size',
      '50',
      '--ghost-batch',
      '25',
    ],
    optimizer: ['--optimizer', 'lars', '--lr', '0.5', '--grow-at', '4st', '--normalize', 'cifar10'],
    metric: 'accuracy',
    normalize: 'cifar10',
  },
  segmentation: {
    train: ['--model', 'unet4', '--dataset', 'shapes', '--fraction', '0.02', '--batch-size', '8'],
    optimizer: [],
    metric: 'meanIoU',
    normalize: 'default',
  },
  language: {
    train: ['--model', 'lstm1x16', '--dataset', 'grammar', '--fraction', '0.05', '--sequence-length', '10'],
    optimizer: ['--optimizer', 'lamb', '--lr', '0.01', '--dropout', '0.1'],
    metric: 'perplexity',
    normalize: 'default',
  },
} as const;

describe.each(Object.entries(runs))('ballast train for %s', (task, { train, optimizer, metric, normalize }) => {
  const args = ['train', ...train, ...optimizer, '--max-steps', '8', '--log-every', '2st', '--out', out(task)];

  it('prints one JSON object, and writes what it did', async () => {
    const run = ballast(...args, '--json');
    expect(run.status).toBe(0);
    const { status, steps, final } = json(run.stdout) as {
      status: string;
      steps: number;
      final: Record<string, number>;
    };
    expect([status, steps]).toEqual(['complete', 8]);
    const lines = readFileSync(join(out(task), 'metrics.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map(json);
    expect(lines.map((l) => l.step)).toEqual([2, 4, 6, 8]);
    expect(lines.at(-1)).toMatchObject({ valLoss: final.valLoss, valMetric: final.valMetric });
    const { metadata } = await readSafetensors(join(out(task), 'model.safetensors'));
    expect(metadata).toMatchObject({ task, normalize });
  });

  it('leaves weights that say how pixels are normalised, so that ballast eval judges as the run did', () => {
    const [model, dataset] = [train[1], train[3]];
    const weights = join(out(task), 'model.safetensors');
    const split = task === 'language' ? 'valid' : 'test';
    const run = ballast(
      'eval',
      '--model',
      model,
      '--weights',
      weights,
      '--dataset',
      dataset,
      '--split',
      split,
      '--json',
    );
    expect(run.status).toBe(0);
    const last = json(
      readFileSync(join(out(task), 'metrics.jsonl'), 'utf8')
        .trim()
        .split('\n')
        .at(-1)!,
    );
    const result = json(run.stdout);
    expect(result.task).toBe(task);
    expect(result.loss).toBeCloseTo(last.valLoss as number, 6);
    expect(result[metric]).toBeCloseTo(last.valMetric as number, 6);
  });
});

describe('ballast train', () => {
  it('ends a run whose loss leaves all bounds as infeasible', () => {
    const run = ballast(
      ...['train', ...runs.classification.train, '--lr', '1e9', '--max-steps', '20', '--json', '--out', out('wild')],
    );
    expect(run.status).toBe(3);
    expect(json(run.stdout).status).toBe('infeasible');
  });

  it('says with --dry-run what it would do, and refuses to begin again over what is there', () => {
    const { train, optimizer } = runs.language;
    const args = ['train', ...train, ...optimizer, '--max-steps', '8', '--out', out('language')];
    const config = json(ballast(...args, '--dry-run', '--json').stdout);
    expect(config).toMatchObject({ model: 'lstm1x16', steps: 8, length: '8st', batchSize: 20, clipNorm: 0.25 });
    expectFailure(
      ballast(...args),
      2,
      /has checkpoints of an earlier run; continue it with --resume, or choose another/,
    );
    const other = ballast(...args, '--resume', '--lr', '0.123');
    expectFailure(other, 2, /begun with other settings: lr is [\d.]+, not 0\.123/);
  });

  it('refuses what does not go together in one line', () => {
    const train = (...args: string[]) => ballast('train', '--out', out('never'), ...args);
    expectFailure(
      train('--model', 'resnet8', '--dataset', 'grammar'),
      2,
      /resnet8 is for classification, grammar is text/,
    );
    expectFailure(
      train('--model', 'resnet8', '--dataset', 'imagenet'),
      2,
      /unknown data set "imagenet"; expected cifar10,/,
    );
    const growing = ['--model', 'lstm1x8', '--dataset', 'grammar', '--grow-at', '2st'];
    expectFailure(train(...growing), 2, /the batch of a recurrent network cannot grow/);
    expectFailure(
      train('--model', 'resnet8', '--dataset', 'shapes', '--zoom', '2', '--no-augment'),
      2,
      /zoom and jitter are ways to augment images/,
    );
    const both = train('--model', 'resnet8', '--micro-batch', '5', '--ghost-batch', '5');
    expect(both.status).toBe(2);
    expect(both.lines.join(' ')).toMatch(/'--ghost-batch <n>' cannot be used with option '--micro-batch <n>'/);
  });
});
