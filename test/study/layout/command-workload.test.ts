import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseStudyFile, StudyMistakes } from '../../../src/study/declare/study-file.ts';
import { layOutStudy, type StudyLayout } from '../../../src/study/layout/layout.ts';
import { trialSpecOf } from '../../../src/study/layout/trial-spec.ts';
import { machineShare } from '../../../src/study/needs/machine-share.ts';
import { commandLineOf } from '../../../src/trials/index.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ballast-workload-'));
  writeFileSync(join(folder, 'train.py'), 'print(1)\n');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const usual = { name: 'mine', command: ['python3', 'train.py', '--bs', '${batch}', '--lr=${lr}'], examples: 1000 };
const text = (workload: object = {}, more: object = {}) =>
  JSON.stringify({
    name: 's',
    workloads: [{ ...usual, ...workload }],
    batchSizes: [8, 16],
    strategies: ['BLR', 'SRSR'],
    learningRates: [0.1],
    budget: { epochs: 2 },
    ...more,
  });
const layOut = (workload?: object, more?: object): Promise<StudyLayout> =>
  layOutStudy(parseStudyFile(text(workload, more), join(folder, 'study.yaml')));
const ids = ({ trials }: StudyLayout) => trials.map((t) => t.id);
async function mistakes(workload: object, more: object = {}): Promise<string[]> {
  try {
    await layOut(workload, more);
  } catch (error) {
    if (error instanceof StudyMistakes) return error.mistakes.map((m) => m.message);
    throw error;
  }
  return [];
}

describe('a workload that is a command', () => {
  it('is laid out without a model, data or floating-point operations', async () => {
    const { trials, workloads, flopsPerExample } = await layOut({ targets: [{ quantity: 'valLoss', value: 1 }] });
    expect(workloads[0]).toMatchObject({ model: 'train.py', examples: 1000, parameters: null });
    expect(flopsPerExample.get('mine')).toBeUndefined();
    // Square-root scaling at the base batch is the unscaled rate.
    expect(trials.map((t) => [t.points.length, t.budgetSteps])).toEqual([
      [2, 250],
      [1, 125],
      [1, 125],
    ]);
    expect(trials.every((t) => t.spec.rules.length === 1)).toBe(true);
    for (const { spec } of trials) expect(trialSpecOf(JSON.stringify(spec), 'x')).toEqual(spec);
  });

  it('puts values into its command, an entry each', async () => {
    const { trials } = await layOut(
      {
        command: [
          'python3',
          'train.py',
          '${batch}',
          '${epochs}',
          '${warmup}',
          '${weightDecay}',
          '${accumulate}',
          '${args}',
          'a$${b}',
        ],
        args: { fast: true, slow: false, name: 'x ${seed} y', beta: '${beta2}' },
        booleans: 'no-',
        settings: { warmup: '1ep', weightDecay: 0.01, beta2: 0.95 },
        microBatch: 4,
        resume: ['--from', '${checkpoint}'],
      },
      { batchSizes: [16], strategies: ['BLR'], budget: { examples: 1500 } },
    );
    const { spec } = trials[0]!;
    if (spec.kind !== 'command') throw new Error('expected a command');
    const { program, args } = commandLineOf(spec.command, { dir: '/d', beside: '/b', checkpoint: '/d/c d.pt' });
    expect([program, ...args]).toEqual([
      'python3',
      'train.py',
      '16',
      '2',
      '63',
      '0.01',
      '4',
      '--fast',
      '--no-slow',
      '--name=x 0 y',
      '--beta=0.95',
      'a${b}',
      '--from',
      '/d/c d.pt',
    ]);
  });
});

describe('a trial is identified by', () => {
  it('its command, the values put in and how its logs are read', async () => {
    const before = ids(await layOut());
    expect(ids(await layOut())).toEqual(before);
    for (const other of [
      { command: [...usual.command, '--x'] },
      { env: { A: 1 } },
      { args: { a: 1 } },
      { map: { valLoss: 'v' } },
      { settings: { weightDecay: 1 } },
    ])
      for (const id of ids(await layOut(other))) expect(before).not.toContain(id);
  });

  it('not by what only decides where and how long it runs, unless the program is told its length', async () => {
    const before = ids(await layOut());
    expect(
      ids(await layOut({ timeouts: { total: 5 }, resources: { cpus: 1 }, targets: [], resume: ['--go'] })),
    ).toEqual(before);
    expect(ids(await layOut({}, { budget: { epochs: 3 } }))).toEqual(before);
    const told = { command: [...usual.command, '${steps}'] };
    expect(ids(await layOut(told, { budget: { epochs: 3 } }))).not.toEqual(ids(await layOut(told)));
  });

  it('the content of its declared files', async () => {
    const inputs = { inputs: ['*.py'] };
    const before = ids(await layOut(inputs));
    writeFileSync(join(folder, 'train.py'), 'print(2)\n');
    const after = ids(await layOut(inputs));
    for (const id of after) expect(before).not.toContain(id);
    expect(ids(await layOut(inputs))).toEqual(after);
  });
});

describe('what cannot be run as declared is named before anything runs:', () => {
  it.each([
    [
      { command: ['a', '${bacth}'] },
      /command: unknown "\$\{bacth\}", did you mean \$\{batch\}\?; expected \$\{batch\} /,
    ],
    [{ command: ['a', 'x${args}'] }, /stands for several entries/],
    [{ command: ['a', '${checkpoint}'] }, /has a value in "resume" alone/],
    [{ command: ['a', '${weightDecay}'] }, /\$\{weightDecay\} has no value; set it, settings/],
    [{ env: { WANDB_API_KEY: 'x' } }, /WANDB_API_KEY looks like a secret/],
    [{ settings: { momentum: 0.5 } }, /no command can be told settings\.momentum/],
    [{ inputs: ['nothing.py'] }, /inputs: "nothing\.py" .*expected a file/],
    [{ inputs: ['../*.py'] }, /leads out of/],
    [{ map: { step: 'a * * b' } }, /expected a name or a number between signs/],
    [{ targets: [{ quantity: 'valMetric', value: 1 }] }, /metric: \{ name: accuracy/],
    [{ microBatch: 3 }, /the micro-batch 3 does not divide the batch size 8/],
    [{ command: 'python3 train.py' }, /command: expected a list, got "python3 train\.py"/],
    [{ comand: ['x'] }, /unknown "comand", did you mean "command"/],
    [{ examples: 4 }, /the batch has more examples than an epoch/],
    [{ name: '../x' }, /expected a name without slashes/],
    [{ name: '$(touch x)/y' }, /expected a name without slashes/],
  ])('%j', async (workload, message) => {
    expect((await mistakes(workload)).join('; ')).toMatch(message);
  });
});

describe('the machine is shared by what trials take', () => {
  const share = async (resources: object, gpus?: string[], wanted?: number) =>
    machineShare(await layOut({ resources }), { threads: 8, gpus, memory: 64e9 }, wanted);

  it('graphics processors, cores and memory', async () => {
    expect(await share({})).toEqual({ maxParallel: 1, gpusEach: 0 });
    expect(await share({}, ['0', '1', '2', '3'])).toEqual({ maxParallel: 4, gpusEach: 1 });
    expect(await share({ gpus: 2 }, ['0', '1', '2', '3'])).toEqual({ maxParallel: 2, gpusEach: 2 });
    expect(await share({ gpus: 1, cpus: 4 }, ['0', '1', '2', '3'])).toEqual({ maxParallel: 2, gpusEach: 1 });
    expect(await share({ memory: '16GB' }, undefined, 100)).toEqual({ maxParallel: 4, gpusEach: 0 });
  });

  it('and refuses what it has no room for', async () => {
    await expect(share({ gpus: 1 })).rejects.toThrow(/takes 1 graphics processor, and none are given/);
    await expect(share({ cpus: 9 })).rejects.toThrow(/takes 9 cpus, and there are 8/);
    await expect(share({ memory: '65GB' })).rejects.toThrow(/takes 65GB of memory/);
  });
});
