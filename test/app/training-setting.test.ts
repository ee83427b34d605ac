/** A training setting is one entry of the table in src/train/settings/settings.ts: flags, defaults, checks, schemas and the library follow from it. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';

/** Modules that know one setting more: all of them loaded again, for what is made of the table is made once. */
describe('a training setting that is added to the table', () => {
  beforeAll(() => {
    vi.resetModules();
    vi.doMock('../../src/train/settings/settings.ts', async (original) => {
      const settings = await original<typeof import('../../src/train/settings/settings.ts')>();
      const patience = z
        .number()
        .min(0)
        .max(9)
        .register(settings.settingFacts, { about: 'how long to wait', argument: 'n', default: 3 });
      const freeSettings = { ...settings.freeSettings, patience };
      return { ...settings, freeSettings, trainingSettings: { ...settings.trainingSettings, patience } };
    });
  });

  afterAll(() => {
    vi.doUnmock('../../src/train/settings/settings.ts');
    vi.resetModules();
  });

  it('is in the help of a training, with its range', async () => {
    const { trainCommand } = await import('../../src/cli/commands/train.ts');
    const command = trainCommand();
    expect(command.helpInformation()).toMatch(/--patience <n> +how long to wait \(default: 3\)/);
    const fails = () =>
      command
        .exitOverride()
        .configureOutput({ writeErr: () => {} })
        .parseOptions(['--patience', '10']);
    expect(fails).toThrow(/expected a number from 0 to 9/);
  });

  it('is in the schema of studies', async () => {
    const { studyJsonSchema } = await import('../../src/study/index.ts');
    expect(JSON.stringify(studyJsonSchema())).toContain('"how long to wait; 3 unless told"');
  });

  it('is in the library, with its default and its check', async () => {
    const { trainingConfig, configHash } = await import('../../src/train/index.ts');
    const wish = { model: 'mlp8', dataset: 'shapes' };
    const usual = trainingConfig(wish);
    expect(usual).toMatchObject({ patience: 3, optimizer: 'momentum' });
    const other = trainingConfig({ ...wish, patience: 5 } as typeof wish);
    expect(configHash(other)).not.toBe(configHash(usual));
    expect(() => trainingConfig({ ...wish, patience: 10 } as typeof wish)).toThrow(/^patience: .*<=9, got 10/);
    expect(() => trainingConfig({ ...wish, patienc: 1 } as typeof wish)).toThrow(/did you mean "patience"\?/);
  });
});
