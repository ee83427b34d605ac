/** Each `--json` of each command is a document of a kind, valid under what `ballast schema KIND` prints, by a validator that is not ours. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { loadCommand } from '../../src/cli/program.ts';
import { runCommandLine } from '../../src/cli/run.ts';
import { type CommandName, commandSummaries } from '../../src/cli/summaries.ts';
import { readDocument } from '../../src/schema/index.ts';
import { commandLineBy } from '../support/ballast.ts';
import { startStudy, writeStudy } from '../support/batch-study.ts';

const folder = mkdtempSync(join(tmpdir(), 'ballast-json-'));
const at = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a command that does not fail prints on standard output. */
const printed = (...args: string[]) => printedBy(runCommandLine, args);

async function printedBy(run: typeof runCommandLine, args: readonly string[]): Promise<string> {
  const { stdout, lines } = await commandLineBy(run, args);
  expect(lines.filter((line) => /^(ballast|error):/.test(line))).toEqual([]);
  return stdout;
}

const study = `name: tiny
workloads:
  - name: net
    model: mlp8
    dataset: shapes
    trainCount: 64
    validCount: 32
    targets:
      - { quantity: trainLoss, value: 2.2 }
batchSizes: [8, 16]
strategies: [BLR]
learningRates: [0.02, 0.05]
seeds: [0, 1]
budget: { steps: 4 }
evaluate: { every: 2st, trainExamples: 32 }
`;

const script = `const { appendFileSync } = require('node:fs');
for (let step = 1; step <= 6; step++) console.log(JSON.stringify({ step, loss: 2 / step }));
`;
const commandStudy = `name: printed
workloads:
  - name: printed
    command: [${JSON.stringify(process.execPath)}, ${JSON.stringify(at('train.cjs'))}, '{batch}', '{rate}', '{seed}']
    examples: 64
    targets: [{ quantity: trainLoss, value: 0.5 }]
batchSizes: [8]
strategies: [BLR]
learningRates: [0.1]
seeds: [0]
budget: { steps: 6 }
`;

beforeAll(async () => {
  writeFileSync(at('train.cjs'), script);
  writeFileSync(at('command.yaml'), commandStudy);
  writeFileSync(at('log.csv'), 'batch_size,lr,step,loss\n8,0.1,1,2\n8,0.1,2,1\n16,0.1,1,2\n16,0.1,2,1.5\n');
  await printed('train', ...training, ...data, '--keep-checkpoints', '2st', '--out', at('kept'));
  const { code, stderr } = await startStudy(writeStudy(folder, study), at('study')).ended;
  expect([code, stderr.match(/ballast:.*/)?.[0]]).toEqual([0, undefined]);
}, 600_000);

const network = ['--model', 'resnet8', '--weights', 'random', '--dataset', 'shapes'];
const deeper = ['--model', 'resnet14', ...network.slice(2)];
const training = ['--model', 'mlp8', '--dataset', 'shapes', '--fraction', '0.02', '--batch-size', '16'];
const data = ['--max-steps', '4', '--threads', '1'];

/** Of each command with `--json`: calls of it, and the kind of what each prints. The first word of a key that is no command is left out. */
const calls: Readonly<Record<string, readonly (readonly [kind: string, ...args: string[]])[]>> = {
  // What measurements measure is validated where it is measured, by `resultOf`: here the cheapest of them, and what they are going to do.
  spectrum: [
    ['spectrum', ...network, '--units', 'layer3.0', '--method', 'lanczos', '--top', '2'],
    ['measurement-plan', ...network, '--dry-run'],
  ],
  perturb: [['measurement-plan', ...network, '--images', '0-3', '--dry-run']],
  compare: [
    [
      'measurement-plan',
      '--model',
      'resnet8,resnet8',
      '--weights',
      'random,random',
      '--dataset',
      'shapes',
      '--dry-run',
    ],
  ],
  intervene: [
    ['intervene', ...network, '--unit', 'layer3.0', '--skip-scale', '1', '--method', 'lanczos', '--top', '1'],
    ['measurement-plan', ...network, '--unit', 'layer3.0', '--dry-run'],
  ],
  curvature: [
    [
      'measurement-plan',
      '--model',
      'mlp8',
      '--weights',
      'random',
      '--dataset',
      'shapes',
      '--images',
      '0-15',
      '--dry-run',
    ],
  ],
  convolutions: [
    ['convolutions', '--model', 'resnet8', '--weights', 'random', '--layers', 'conv1', '--top', '2'],
    ['measurement-plan', '--model', 'resnet8', '--weights', 'random', '--dry-run'],
  ],
  eigenvalues: [['measurement-plan', ...deeper, '--dry-run']],
  alignment: [['measurement-plan', ...deeper, '--dry-run']],
  eval: [
    ['eval', '--model', 'mlp8', ...network.slice(2)],
    ['measurement-plan', ...network, '--dry-run'],
  ],
  'reproduce stability': [
    ['measurement-plan', '--model', 'resnet8', '--weights', 'random', '--dataset', 'shapes', '--dry-run'],
  ],
  // Its studies take hours: below, with a small one in their place.
  'reproduce batch': [],
  tokens: [
    [
      'measurement-plan',
      ...[
        '--model',
        'transformer1x8',
        '--weights',
        'random',
        '--dataset',
        'grammar',
        '--at',
        '0',
        '--length',
        '8',
        '--dry-run',
      ],
    ],
  ],
  'batch branch': [
    [
      'branches',
      at('kept'),
      ...['--at', '2st', '--most', '2', '--per-doubling', '1', '--orders', '2', '--most-orders', '2'],
      ...['--examples', '32', '--held-out', '16', '--threads', '1'],
    ],
    ['measurement-plan', at('kept'), '--at', '2st', '--held-out', '16', '--dry-run'],
  ],
  'batch stability': [['measurement-plan', at('study'), '--dry-run']],
  'batch check': [['batch-check', at('command.yaml'), '--rows', '2', '--seconds', '20']],
  'batch run': [
    ['batch-run', at('study.yaml'), '--out', at('study'), '--threads', '1'],
    ['batch-missing', at('study.yaml'), '--dry-run', '--threads', '1'],
  ],
  'batch status': [['batch-status', at('study')]],
  'queue status': [['queue-status', at('study')]],
  'batch report': [
    ['batch-reports', at('study'), at('study')],
    ['batch-report', at('study')],
    ['batch-report', at('study'), '--devices', '1,2', '--bandwidth', '10', '--latency', '5', '--price', '2'],
  ],
  'batch linear': [['linear-errors', at('study'), '--threads', '1']],
  'batch plan': [
    [
      'batch-plan',
      ...['--model', 'resnet8', '--dataset', 'shapes', '--fraction', '0.01', '--epochs', '8', '--batch-size', '32'],
      ...['--steps', '20', '--timing', '0', '--batch-sizes', '8,16', '--threads', '1', '--out', at('plan')],
    ],
    ['batch-plan-outline', ...training, '--epochs', '4', '--dry-run'],
  ],
  'batch export': [['batch-export', at('study'), '--format', 'csv', '--to', at('study.csv')]],
  'batch import': [
    ['batch-import', at('log.csv'), '--set', 'examples=64', '--dry-run'],
    ['batch-import', at('log.csv'), '--set', 'examples=64', '--out', at('imported')],
    ['batch-import', at('imported/measured.json'), '--dry-run'],
  ],
  train: [
    ['train', ...training, ...data, '--out', at('run')],
    ['train-outline', ...training, ...data, '--dry-run'],
  ],
  report: [
    ['batch-plan', 'results/plan/plan.json'],
    ['batch-report', at('report.json')],
    ['train', at('run')],
  ],
  units: [['units', 'resnet8']],
  models: [['models'], ['model', 'resnet8']],
  datasets: [['datasets'], ['dataset', 'shapes'], ['dataset', 'grammar', '--split', 'test']],
  schema: [['kinds']],
};

/** The words of all commands with an option `--json`. */
async function commandsWithJson(): Promise<string[]> {
  const of = (command: Command, path: string): string[] => [
    ...(command.options.some((o) => o.long === '--json') ? [path] : []),
    ...command.commands.flatMap((c) => of(c, `${path} ${c.name()}`)),
  ];
  const names = Object.keys(commandSummaries) as CommandName[];
  return (await Promise.all(names.map(async (name) => of(await loadCommand(name), name)))).flat();
}

const validators = new Map<string, ReturnType<Ajv2020['compile']>>();
/** By the schema that the command line prints. */
async function validatorOf(kind: string) {
  const known = validators.get(kind);
  if (known) return known;
  const schema = JSON.parse(await printed('schema', kind));
  const made = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(schema);
  validators.set(kind, made);
  return made;
}

describe('what commands print as JSON', () => {
  it('is looked at of every command that has it', async () => {
    expect(Object.keys(calls).sort()).toEqual((await commandsWithJson()).sort());
  });

  const all = Object.entries(calls).flatMap(([words, list]) =>
    list.map(([kind, ...args]) => [[...words.split(' '), ...args].join(' ').replaceAll(folder, ''), kind, words, args]),
  ) as [string, string, string, string[]][];

  it.each(all)('%s: a valid %s', async (_, kind, words, args) => {
    if (args.includes(at('report.json')))
      writeFileSync(at('report.json'), await printed('batch', 'report', at('study'), '--json'));
    const text = await printed(...words.split(' '), ...args, '--json');
    const validate = await validatorOf(kind);
    const document = JSON.parse(text);
    validate(document);
    expect([document.kind, validate.errors ?? []]).toEqual([kind, []]);
  });
});

describe('what `ballast reproduce batch` prints as JSON', () => {
  const bundled = '../../src/study/declare/bundled.ts';
  let own: typeof runCommandLine;
  beforeAll(async () => {
    const small = study
      .replace('name: tiny', 'name: shapes')
      .replace('[0.02, 0.05]', '[0.02]')
      .replace('[0, 1]', '[0]');
    writeFileSync(at('shapes.yaml'), small);
    vi.resetModules();
    vi.doMock(bundled, async (original) => ({ ...(await original<object>()), bundledStudy: () => at('shapes.yaml') }));
    own = (await import('../../src/cli/run.ts')).runCommandLine;
  });
  afterAll(() => {
    vi.doUnmock(bundled);
    vi.resetModules();
  });

  it.each([
    ['reproduce-batch', ['--out', at('reproduction')]],
    ['batch-missing', ['--dry-run']],
  ])('is a valid %s', async (kind, more) => {
    const args = ['reproduce', 'batch', '--studies', 'shapes', '--threads', '1', ...more, '--json'];
    const document = JSON.parse(await printedBy(own, args));
    const validate = await validatorOf(kind);
    validate(document);
    expect([document.kind, validate.errors ?? []]).toEqual([kind, []]);
    if (kind !== 'reproduce-batch') return;
    expect(document.result).toMatchObject({ status: 'complete', failed: 0, studies: [{ study: 'shapes' }] });
    expect(readFileSync(at('reproduction/index.html'), 'utf8')).toMatch(/^<!doctype html>/i);
  });
});

describe('files that commands leave', () => {
  it.each([
    ['plan/plan.json', 'batch-plan'],
    ['run/result.json', 'train'],
    ['study/linear-errors.json', 'linear-errors'],
    ['imported/measured.json', 'measured-study'],
  ])('%s is a %s that is read back', async (name, kind) => {
    expect((await readDocument(at(name))).kind.kind).toBe(kind);
    const { version } = JSON.parse(readFileSync(at(name), 'utf8'));
    expect(version).toBeGreaterThan(0);
  });

  it.each([['plan'], ['run'], ['report.json']])('%s is shown again, with its page', async (name) => {
    await printed('report', at(name), '--out', at(`pages-${name}`));
    expect(readFileSync(at(`pages-${name}/report.html`), 'utf8')).toMatch(/^<!doctype html>/i);
    expect(await printed('report', at(name), '--csv')).toMatch(/\n/);
  });
});
