import { describe, expect, it } from 'vitest';
import { studyCost } from '../../../src/study/cost/study-cost.ts';
import type { MeasuredTrial } from '../../../src/study/measured/measured.ts';

const trial = (batchSize: number, secondsPerStep: number | null, hardware: string | null) =>
  ({ batchSize, secondsPerStep, hardware }) as MeasuredTrial;
const points = [
  { batchSize: 64, steps: 300 },
  { batchSize: 16, steps: 1000 },
];

describe('the cost of a study', () => {
  const trials = [
    trial(16, 0.2, 'a'),
    trial(16, 0.3, 'a'),
    trial(16, 0.1, 'a'),
    trial(64, 0.5, 'a'),
    trial(64, 9, 'b'),
  ];

  it('is measured: median steps times median step time, on the hardware of most trials', () => {
    const cost = studyCost(trials, points, { parameters: 100, price: 2 })!;
    expect(cost.hardware).toBe('a');
    expect(cost.ways.map((w) => [w.batchSize, w.seconds, w.money])).toEqual([
      [16, { value: 200, provenance: 'measured' }, { value: (2 * 200) / 3600, provenance: 'measured' }],
      [64, { value: 150, provenance: 'measured' }, { value: (2 * 150) / 3600, provenance: 'measured' }],
    ]);
    expect(cost.front.map((w) => w.batchSize)).toEqual([64]);
    expect(cost.knee!.batchSize).toBe(64);
  });

  it('on more devices is modelled', () => {
    const link = { bandwidth: 1e9, latency: 1e-5, source: 'given' } as const;
    const { ways } = studyCost(trials, points, { parameters: 100, devices: [1, 4], link })!;
    expect(ways.map((w) => [w.batchSize, w.devices, w.seconds.provenance])).toEqual([
      [16, 1, 'measured'],
      [16, 4, 'modelled'],
      [64, 1, 'measured'],
      [64, 4, 'modelled'],
    ]);
  });

  it('is not known without a clock, or from one batch size', () => {
    expect(studyCost([trial(16, null, 'a'), trial(64, 1, null)], points, { parameters: 1 })).toBeNull();
    expect(studyCost([trial(16, 1, 'a')], points, { parameters: 1 })).toBeNull();
  });
});
