import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { addSettingOptions } from '../../../src/cli/flags/setting-options.ts';
import { settingFacts, settingsFrom, trainingSettings } from '../../../src/train/index.ts';

const madeUp = z.number().min(1).lt(3).register(settingFacts, { about: 'made up', argument: 'm', default: 2 });
const kinds = z.array(z.string().regex(/^[ab]$/, 'expected a or b')).register(settingFacts, { about: 'kinds' });
const table = { ...trainingSettings, madeUp, kinds };

function parsed(...args: string[]): Record<string, unknown> {
  const quiet = { writeErr() {} };
  const command = addSettingOptions(new Command('x').exitOverride().configureOutput(quiet), table);
  return command.parse(args, { from: 'user' }).opts();
}

describe('the flags of a table of settings', () => {
  it('follow from it: a made-up setting has one, with its range, default and help', () => {
    const help = addSettingOptions(new Command('x'), table).helpInformation();
    expect(help).toMatch(/--made-up <m>\s+made up \(default: 2\)/);
    expect(help.replace(/\s+/g, ' ')).toMatch(
      /--lr <rate> learning rate, before scaling \(default: 0.1 for classification, 0.001 for/,
    );
    expect(parsed('--made-up', '1.5')).toMatchObject({ madeUp: 1.5 });
    expect(() => parsed('--made-up', '3')).toThrow(/expected a number from 1 to below 3/);
    expect(() => parsed('--made-up', 'x')).toThrow(/expected a number from 1 to below 3/);
    expect(() => parsed('--batch-size', '0')).toThrow(/expected a whole number from 1 to 16777216/);
    expect(() => parsed('--warmup', 'soon')).toThrow(/expected a duration such as 500st/);
    expect(() => parsed('--schedule', 'wild')).toThrow(/Allowed choices are constant, step/);
    expect(parsed('--kinds', 'a, b').kinds).toEqual(['a', 'b']);
    expect(() => parsed('--kinds', 'a,c')).toThrow(/expected a or b/);
    expect(parsed('--clip-norm', '0').clipNorm).toBe(0);
    expect(parsed('--no-augment').augment).toBe(false);
  });

  it('leave what is not given to the defaults of the table', () => {
    const settings = settingsFrom(table, parsed('--lr', '0.3'), { name: 'shapes' }, 'mlp8');
    expect(settings).toMatchObject({
      lr: 0.3,
      batchSize: 128,
      madeUp: 2,
      augment: true,
      schedule: 'cosine',
      milestones: [],
    });
    expect(settings).not.toHaveProperty('dropout');
  });
});
