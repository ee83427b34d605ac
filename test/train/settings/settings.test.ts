import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { runConfigSchema } from '../../../src/train/run/run-config.ts';
import {
  defaultOf,
  defaultSettings,
  defaultText,
  described,
  factsOf,
  formOf,
  freeSettings,
  settingFacts,
  trainingSettings,
} from '../../../src/train/settings/settings.ts';

describe('a setting of a training', () => {
  it('describes itself: every one has a line of help', () => {
    for (const schema of Object.values(trainingSettings)) expect(factsOf(schema).about.length).toBeGreaterThan(3);
  });

  it('has a default that its own form takes, for every task', () => {
    for (const task of ['classification', 'segmentation', 'language'] as const) {
      for (const [name, schema] of Object.entries(trainingSettings)) {
        for (const which of ['default', 'studyDefault'] as const) {
          const value = defaultOf(schema, { task, dataset: 'cifar10' }, which);
          if (value !== undefined) expect([name, formOf(schema).safeParse(value).success]).toEqual([name, true]);
        }
      }
    }
  });

  it('that nothing is said of is as the task has it', () => {
    const of = (task: 'classification' | 'language', dataset: string) =>
      defaultSettings(trainingSettings, { task, dataset });
    expect(of('classification', 'cifar100')).toMatchObject({
      batchSize: 128,
      lr: 0.1,
      normalize: 'cifar10',
      length: '40ep',
    });
    expect(of('language', 'text')).toMatchObject({ batchSize: 20, lr: 20, clipNorm: 0.25, normalize: 'default' });
    expect(of('classification', 'cifar10')).not.toHaveProperty('clipNorm');
    expect(defaultText(trainingSettings.lr)).toBe('0.1 for classification, 0.001 for segmentation, 20 for language');
    const all = { ...of('classification', 'x'), model: 'mlp', dataset: 'x', microBatch: 64 };
    expect(runConfigSchema.safeParse(all).error).toBeUndefined();
  });

  it('made up is a key of studies and of config.json by its entry alone', () => {
    const madeUp = z.number().min(1).lt(3).register(settingFacts, { about: 'made up', argument: 'm', default: 2 });
    const table = { ...freeSettings, madeUp };
    const study = z.strictObject(described(table, 'studyDefault')).partial();
    expect(study.parse({ madeUp: 1.5 })).toEqual({ madeUp: 1.5 });
    expect(study.safeParse({ madeUp: 3 }).success).toBe(false);
    expect(JSON.stringify(z.toJSONSchema(study))).toContain('made up; 2 unless told');
    expect(
      z
        .strictObject({ ...trainingSettings, madeUp })
        .safeParse({ madeUp: 1 })
        .error?.issues.some((i) => i.path[0] === 'madeUp'),
    ).toBe(false);
  });
});
