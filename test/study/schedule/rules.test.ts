/** Schedules that follow from a known training: what each keeps, and how it is written. */
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import {
  adamwAt,
  averaged,
  scheduleText,
  seesaw,
  stepsOf,
  warmedUp,
  withSteps,
} from '../../../src/study/schedule/index.ts';
import { ballast, expectFailure } from '../../support/ballast.ts';

const known = { batchSize: 64, rate: 3e-4, examples: 1e6, weightDecay: 0.1, beta2: 0.95 };

describe('AdamW at another batch size', () => {
  it('keeps the timescale B / (eta lambda D), and the half-life of beta2 in examples', () => {
    for (const rule of ['linear', 'sqrt', 'kept'] as const) {
      const to = { batchSize: 512, examples: 3e6, rule };
      const { rate, weightDecay, beta2 } = adamwAt(known, to);
      const timescale = (b: number, eta: number, lambda: number, d: number) => b / (eta * lambda * d);
      expect(timescale(512, rate, weightDecay!, 3e6)).toBeCloseTo(timescale(64, 3e-4, 0.1, 1e6), 9);
      const halfLife = (b: number, beta: number) => (b * Math.log(0.5)) / Math.log(beta);
      expect(halfLife(512, beta2!)).toBeCloseTo(halfLife(64, 0.95), 6);
      expect(rate / 3e-4).toBeCloseTo({ linear: 8, sqrt: Math.sqrt(8), kept: 1 }[rule], 12);
    }
  });
});

describe('Seesaw', () => {
  it('doubles the batch where the cosine would have halved the rate, whose effect rate / sqrt(batch) it keeps', () => {
    const stages = seesaw(known, { decay: 'cosine', most: 4096 });
    for (const [i, { fromExamples, batchSize, rate }] of stages.entries()) {
      const cosine = (1 + Math.cos((Math.PI * fromExamples) / known.examples)) / 2;
      expect(cosine).toBeCloseTo(2 ** -i, 4);
      expect(rate / Math.sqrt(batchSize)).toBeCloseTo((3e-4 * 2 ** -i) / 8, 12);
    }
    expect(stages.map((s) => s.batchSize)).toEqual([64, 128, 256, 512, 1024, 2048, 4096]);
  });

  it('falls as the schedule would where the batch may not grow', () => {
    const stages = seesaw(known, { decay: 'linear', most: 128 });
    expect(stages.slice(0, 4).map((s) => [s.fromExamples, s.batchSize])).toEqual([
      [0, 64],
      [5e5, 128],
      [7.5e5, 128],
      [8.75e5, 128],
    ]);
    expect(stages[2]!.rate / stages[1]!.rate).toBeCloseTo(0.5, 12);
    expect(() => seesaw(known, { decay: 'linear', most: 32 })).toThrow(/mostBatch/);
  });

  it('saves about a third of the steps of a cosine, 1 - 2/pi in the limit (the paper’s 36 %)', () => {
    const stages = withSteps(seesaw({ ...known, examples: 1e9 }, { decay: 'cosine', most: 1e9, least: 1e-6 }));
    // In steps of a factor of two: sum over stages of their share of the examples over their batch.
    const share = stepsOf(stages, 1e9) / (1e9 / 64);
    expect(share).toBeGreaterThan(0.6);
    expect(share).toBeLessThan(0.8);
  });
});

describe('a constant rate with averaged weights', () => {
  it('has a half-life that is a share of the examples', () => {
    const { averageDecay, rate } = averaged(known, 0.05);
    expect(rate).toBe(3e-4);
    expect(averageDecay! ** ((0.05 * 1e6) / 64)).toBeCloseTo(0.5, 12);
    expect(() => averaged(known, 1)).toThrow(/halfLife/);
  });
});

describe('a schedule', () => {
  const stages = withSteps(
    warmedUp(known, [
      { fromExamples: 0, batchSize: 64, rateFactor: 1 },
      { fromExamples: 1000, batchSize: 128, rateFactor: 2 },
    ]),
  );

  it('counts its steps, and begins a stage with a whole step', () => {
    expect(stages.map((s) => [s.fromStep, s.fromExamples])).toEqual([
      [0, 0],
      [16, 1024],
    ]);
    expect(stepsOf(stages, 1024 + 1280)).toBe(26);
  });

  it('is the same as a Python list, YAML and JSON', () => {
    const json = JSON.parse(scheduleText(stages, 'json'));
    expect(json[1]).toEqual({
      from_examples: 1024,
      from_step: 16,
      batch_size: 128,
      lr: 6e-4,
      weight_decay: 0.1,
      beta2: 0.9025,
    });
    expect(parse(scheduleText(stages, 'yaml'))).toEqual(json);
    const python = scheduleText(stages, 'python');
    expect(python).toMatch(/^schedule = \[\n {4}\{"from_examples": 0, /);
    // What such a list is to Python is JSON but for its name and the last comma.
    expect(JSON.parse(python.replace('schedule = ', '').replace(/,\n\]/, '\n]'))).toEqual(json);
  });

  it('is printed by the command, which names what is missing', async () => {
    const { status, stdout } = await ballast(
      ...['batch', 'schedule', 'adamw', '--batch-size', '64', '--rate', '3e-4', '--examples', '1e6'],
      ...['--weight-decay', '0.1', '--to-batch', '256', '--format', 'json'],
    );
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toEqual([
      { from_examples: 0, from_step: 0, batch_size: 256, lr: 6e-4, weight_decay: 0.2 },
    ]);
    expectFailure(await ballast('batch', 'schedule', 'seesaw', '--rate', '1'), 2, /--batch-size: is missing/);
    expectFailure(await ballast('batch', 'schedule', 'zigzag'), 2, /expected adamw, seesaw, warm-up, average/);
  });
});
