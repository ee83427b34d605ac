/** `ballast train` and `ballast eval` for all tasks, as a user meets them. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { PNG } from 'pngjs';
import { afterAll, describe, expect, it } from 'vitest';
import { readSafetensors } from '../../src/formats/index.ts';
import { ballast, ballastProcess, expectFailure, resultOf } from '../support/ballast.ts';

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
    const run = await ballast(...args, '--json');
    expect(run.status).toBe(0);
    const { status, steps, final } = resultOf(run.stdout) as {
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

  it.each(['model.safetensors', 'checkpoint/step-000000008.safetensors'])(
    'leaves weights that say how pixels are normalized, so that ballast eval judges as the run did: %s',
    async (file) => {
      const [model, dataset] = [train[1], train[3]];
      const split = task === 'language' ? 'valid' : 'test';
      const weights = join(out(task), file);
      const run = await ballast(
        ...['eval', '--model', model, '--weights', weights, '--dataset', dataset, '--split', split, '--json'],
      );
      expect(run.status, run.lines.join('\n')).toBe(0);
      const last = json(
        readFileSync(join(out(task), 'metrics.jsonl'), 'utf8')
          .trim()
          .split('\n')
          .at(-1)!,
      );
      const result = resultOf(run.stdout) as Readonly<Record<string, unknown>>;
      expect(result.task).toBe(task);
      // Evaluated with the values in the graph here, as its inputs there: the same but for rounding.
      expect(result.loss).toBeCloseTo(last.valLoss as number, 5);
      expect((result[metric] as number) / (last.valMetric as number)).toBeCloseTo(1, 5);
    },
  );
});

describe('ballast train', () => {
  it('ends a run whose loss leaves all bounds as infeasible', () => {
    const run = ballastProcess(
      ...['train', ...runs.classification.train, '--lr', '1e9', '--max-steps', '20', '--json', '--out', out('wild')],
    );
    expect(run.status).toBe(3);
    expect(resultOf(run.stdout)).toMatchObject({ status: 'infeasible' });
  });

  it('says with --dry-run what it would do, without a folder and in one', async () => {
    const { train, optimizer } = runs.language;
    const args = ['train', ...train, ...optimizer, '--max-steps', '8', '--dry-run', '--json'];
    const { config, steps } = resultOf((await ballast(...args)).stdout) as { config: object; steps: number };
    expect(steps).toBe(8);
    expect(config).toMatchObject({ model: 'lstm1x16', length: '8st', batchSize: 20, clipNorm: 0.25 });
    expect(resultOf((await ballast(...args, '--out', out('language'))).stdout)).toMatchObject({ steps: 8 });
    const nameless = await ballast('train', ...train, '--out', '');
    expect([nameless.status, nameless.stdout]).toEqual([2, '']);
    expect(nameless.lines.join(' ')).toMatch(/expected the name of a folder/);
  });

  it('goes on when the same is asked for again, and refuses anything else without touching what is there', async () => {
    const { train, optimizer } = runs.language;
    const args = ['train', ...train, ...optimizer, '--max-steps', '8', '--log-every', '2st', '--out', out('language')];
    const before = readFileSync(join(out('language'), 'config.json'), 'utf8');
    const metrics = readFileSync(join(out('language'), 'metrics.jsonl'), 'utf8');
    expect(resultOf((await ballast(...args, '--json')).stdout)).toMatchObject({ status: 'complete', steps: 8 });
    const other = [...args, '--lr', '0.123', '--seed', '3'];
    const message = /begun with other settings: .*lr is [\d.]+, not 0\.123.*; choose another folder/;
    expectFailure(await ballast(...other), 2, message);
    expectFailure(await ballast(...other, '--resume'), 2, message);
    expect(readFileSync(join(out('language'), 'config.json'), 'utf8')).toBe(before);
    expect(readFileSync(join(out('language'), 'metrics.jsonl'), 'utf8')).toBe(metrics);
    expect(existsSync(join(out('language'), '.lock'))).toBe(false);
    const nameless = await ballast('train', '--out', out('language'));
    expect([nameless.status, nameless.stdout]).toEqual([2, '']);
    expect(nameless.lines.join(' ')).toMatch(/required option '--model <name>'/);
  });

  it('is resumed by its folder alone: the model, the data and their seed are those it was begun with', async () => {
    const { train } = runs.language;
    const begun = ['train', ...train, '--seed', '5', '--schedule', 'constant', '--log-every', '1st', '--json'];
    expect((await ballast(...begun, '--max-steps', '4', '--out', out('begun'))).status).toBe(0);
    const again = await ballast('train', '--resume', '--max-steps', '8', '--json', '--out', out('begun'));
    expect(resultOf(again.stdout), again.lines.join('\n')).toMatchObject({ status: 'complete', steps: 8 });
    const whole = await ballast(...begun, '--max-steps', '8', '--out', out('whole'));
    const losses = (run: { readonly stdout: string }) =>
      (resultOf(run.stdout) as { records: { trainLoss: number }[] }).records.map((r) => r.trainLoss);
    expect(losses(again)).toEqual(losses(whole));
    expectFailure(
      await ballast('train', '--resume', '--seed', '6', '--out', out('begun')),
      2,
      /begun with other settings: seed is 5, not 6/,
    );
    expectFailure(
      await ballast('train', '--resume', '--out', out('never begun')),
      2,
      /--resume.*no training run in .*never begun/,
    );
  });

  it('knows where its data lie and in which order its classes come, for a resume, branches and comparisons', async () => {
    for (const [label, name] of ['ant', 'cat'].entries())
      for (const split of ['train', 'test'])
        for (let image = 0; image < 8; image++) {
          const png = new PNG({ width: 8, height: 8 });
          png.data = Buffer.from(png.data.map((_, i) => (i % 4 === 3 ? 255 : (i * (7 + label) + 31 * image) % 256)));
          mkdirSync(join(out('pictures'), split, name), { recursive: true });
          writeFileSync(join(out('pictures'), split, name, `${image}.png`), PNG.sync.write(png));
        }
    const data = relative(process.cwd(), out('pictures'));
    const begun = [
      ...['train', '--model', 'mlp4', '--dataset', 'folder', '--data', data, '--class-names', 'cat,ant', '--json'],
      ...['--batch-size', '4', '--schedule', 'constant', '--log-every', '1st', '--keep-checkpoints', '0st,4st'],
    ];
    expect((await ballast(...begun, '--max-steps', '4', '--out', out('named'))).status).toBe(0);
    expect(json(readFileSync(join(out('named'), 'config.json'), 'utf8')).request).toEqual({
      data: out('pictures'),
      classNames: 'cat,ant',
    });
    const again = await ballast('train', '--resume', '--max-steps', '8', '--json', '--out', out('named'));
    const whole = await ballast(...begun, '--max-steps', '8', '--out', out('named at once'));
    const final = (run: { readonly stdout: string }) => (resultOf(run.stdout) as { final: object }).final;
    expect(final(again)).toEqual(final(whole));
    const branches = ['batch', 'branch', out('named'), '--at', '4st', '--dry-run'];
    expect((await ballast(...branches)).lines.join('\n')).not.toMatch(/ballast:/);
    const compare = [
      ...['compare', '--checkpoints', out('named'), '--dataset', 'folder', '--images', '0-7', '--eps', '4/255'],
      ...['--steps', '1', '--units', 'none', '--json'],
    ];
    const networks = async (...more: string[]) =>
      (resultOf((await ballast(...compare, ...more)).stdout) as { networks: { curve: object }[] }).networks;
    const curves = (await networks()).map((n) => n.curve);
    expect(curves).toEqual((await networks('--data', data, '--class-names', 'cat,ant')).map((n) => n.curve));
    expect(curves.length).toBe(2);
    const elsewhere = await ballast('train', '--resume', '--data', out('nowhere'), '--out', out('named'));
    expectFailure(elsewhere, 1, /nowhere/);
  });

  it('makes a run longer where no rate depends on its length: the weights are those of the long run at once', async () => {
    const args = ['train', ...runs.language.train, '--lr', '1', '--log-every', '2st', '--json'];
    const step = [
      '--schedule',
      'step',
      '--milestones',
      '3st,6st',
      '--warmup',
      '2st',
      '--keep-checkpoints',
      '0st,2st,6st',
    ];
    expect((await ballast(...args, ...step, '--max-steps', '4', '--out', out('longer'))).status).toBe(0);
    expectFailure(
      await ballast(...args, ...step, '--max-steps', '2', '--out', out('longer')),
      2,
      /2st are 2 steps, and 4 are done/,
    );
    const longer = await ballast(...args, ...step, '--max-steps', '8', '--out', out('longer'));
    expect(resultOf(longer.stdout)).toMatchObject({ status: 'complete', steps: 8 });
    expect(resultOf(readFileSync(join(out('longer'), 'config.json'), 'utf8'))).toMatchObject({ length: '8st' });
    expect((await ballast(...args, ...step, '--max-steps', '8', '--out', out('at once'))).status).toBe(0);
    for (const file of ['model.safetensors', 'kept/step-000000006.safetensors']) {
      const [a, b] = await Promise.all(['longer', 'at once'].map((name) => readSafetensors(join(out(name), file))));
      expect(a!.tensors).toEqual(b!.tensors);
    }
    expect(readdirSync(join(out('longer'), 'kept')).sort()).toEqual(
      [0, 2, 6].map((n) => `step-00000000${n}.safetensors`),
    );
    const kept = await readSafetensors(join(out('longer'), 'kept', 'step-000000002.safetensors'));
    expect(kept.metadata).toMatchObject({ model: 'lstm1x16', step: '2' });
    expect((await ballast(...args, '--max-steps', '4', '--out', out('cosine'))).status).toBe(0);
    expectFailure(
      await ballast(...args, '--max-steps', '8', '--out', out('cosine')),
      2,
      /another length, 4st and not 8st: the cosine schedule sets the rate of every step by the length/,
    );
  });

  it('refuses what does not fit into memory, with the number and what to change', async () => {
    const wide = await ballast(
      'train',
      '--model',
      'mlp512',
      '--dataset',
      'shapes',
      '--batch-size',
      '16000000',
      '--micro-batch',
      '16000000',
      '--out',
      out('never'),
    );
    expectFailure(
      wide,
      1,
      /mlp512 with 16000000 examples at a time takes about .* of memory, .* are free; choose a smaller micro-batch/,
    );
    expectFailure(
      await ballast('train', '--model', 'mlp999999', '--dataset', 'shapes', '--out', out('never')),
      1,
      /training mlp999999 takes about .* of memory/,
    );
    expectFailure(
      await ballast('train', '--model', 'mlp999999999', '--dataset', 'shapes', '--out', out('never')),
      2,
      /mlp999999999: 999999999 is more than any network has/,
    );
    expect(existsSync(join(out('never'), 'config.json'))).toBe(false);
  });

  it('refuses what does not go together in one line', async () => {
    const train = (...args: string[]) => ballast('train', '--out', out('never'), ...args);
    expectFailure(
      await train('--model', 'resnet8', '--dataset', 'grammar'),
      2,
      /resnet8 is for classification, grammar is text/,
    );
    expectFailure(
      await train('--model', 'resnet8', '--dataset', 'imagenet'),
      2,
      /unknown data set "imagenet"; expected cifar10,/,
    );
    const growing = ['--model', 'lstm1x8', '--dataset', 'grammar', '--grow-at', '2st'];
    expectFailure(await train(...growing), 2, /the batch of a recurrent network cannot grow/);
    expectFailure(
      await train('--model', 'resnet8', '--dataset', 'shapes', '--zoom', '2', '--no-augment'),
      2,
      /zoom and jitter are ways to augment images/,
    );
    const both = await train('--model', 'resnet8', '--micro-batch', '5', '--ghost-batch', '5');
    expect(both.status).toBe(2);
    expect(both.lines.join(' ')).toMatch(/'--ghost-batch <n>' cannot be used with option '--micro-batch <n>'/);
  });
});
