import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Place } from '../../fuzz/format.ts';
import { formatNamed, formatNames } from '../../fuzz/formats/index.ts';
import { inputOf, judge } from '../../fuzz/outcome.ts';
import { type Failure, judgeAlone, runFuzz } from '../../fuzz/run.ts';
import { UsageError } from '../../src/base/errors.ts';

/** Formats whose inputs take long: `npm run fuzz` has them. */
const slow = ['cifar'];

describe('the fuzzer', () => {
  it('finds no input of any format that is not borne, in a short seeded run; whole files are read', async () => {
    const counts = new Map(
      formatNames.filter((name) => !slow.includes(name)).map((name) => [name, name === 'onnx-network' ? 2 : 12]),
    );
    const failures: Failure[] = [];
    const figures = await runFuzz(counts, 5, (failure) => void failures.push(failure));
    expect(failures).toEqual([]);
    for (const { format, inputs, outcomes } of figures) {
      expect(outcomes.accepted + outcomes.refused, format).toBe(inputs);
      expect(outcomes.accepted, format).toBeGreaterThan(0);
    }
    // Most changes are harmful: neither the readers nor the changes are asleep.
    expect(figures.reduce((sum, f) => sum + f.outcomes.refused, 0)).toBeGreaterThan(300);
  });

  it('makes the same input of a seed and a number', async () => {
    for (const name of ['torch', 'png', 'csv', 'tar', 'wandb', 'yaml']) {
      const format = await formatNamed(name);
      const whole = await format.whole();
      for (const n of [10, 11]) expect(inputOf(format, whole, 3, n), name).toEqual(inputOf(format, whole, 3, n));
    }
  });

  it('tells an input that is refused from one that throws something else, or more than a line', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ballast-'));
    const outcome = (read: () => void) => judge({ name: 'x', whole: async () => [], read }, {}, new Place(folder));
    const thrown = (error: unknown) =>
      outcome(() => {
        throw error;
      });
    expect(await outcome(() => {})).toEqual({ outcome: 'accepted' });
    expect(await thrown(new UsageError('no'))).toEqual({ outcome: 'refused' });
    expect((await thrown(new TypeError('x is undefined'))).outcome).toBe('raw');
    expect((await thrown(new UsageError('two\nlines'))).outcome).toBe('raw');
    rmSync(folder, { recursive: true });
  });

  it('judges an input in a process of its own', async () => {
    expect(await judgeAlone({ format: 'png', files: { 'a.png': new Uint8Array(3) } })).toEqual({ outcome: 'refused' });
  });
});
