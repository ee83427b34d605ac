import { describe, expect, it } from 'vitest';
import { readingText } from '../../../src/report/study/imported-text.ts';
import type { ImportedLogs } from '../../../src/study/import/index.ts';

const file = (path: string, notes: readonly string[]) => ({
  ...{ path, format: 'CSV', records: 1, mapping: [{ quantity: 'step', from: ['it'] }], unused: [], notes },
});

describe('what an import says of its logs', () => {
  it('has a note once, with how many more logs or runs it is of, whatever numbers are in it', () => {
    const resumed = (run: string, step: number) => ({
      ...{ run, text: `was resumed at step ${step} (row ${step + 1}): 2 rows logged before do not count` },
    });
    const logs: ImportedLogs = {
      ...{ name: 'logs', workloads: [], trials: [], passed: [] },
      files: Array.from({ length: 25 }, (_, i) =>
        file(`${i}.csv`, ['epochs count from 0', ...(i === 3 ? ['odd'] : [])]),
      ),
      notes: [resumed('a', 20), resumed('b', 1300), { run: 'c', text: 'has no clock' }],
    };
    const said = readingText(logs)
      .split('\n')
      .filter((line) => line.startsWith('note: '));
    expect(said).toEqual([
      'note: 0.csv: epochs count from 0 (and so 24 more logs)',
      'note: 3.csv: odd',
      'note: run a was resumed at step 20 (row 21): 2 rows logged before do not count (and so 1 more run)',
      'note: run c has no clock',
    ]);
  });
});
