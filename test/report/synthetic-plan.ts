import { pointOf, stepTimeCurve } from '../../src/study/cost/index.ts';
import type { NoiseWindow, PlanInputs } from '../../src/study/plan/index.ts';

export const planSizes = Array.from({ length: 11 }, (_, i) => 8 * 2 ** i);
const window = (part: number, value: number | null): NoiseWindow => ({
  fromStep: 25 * part + 1,
  toStep: 25 * (part + 1),
  scale: value === null ? null : { value, low: value / 1.5, high: part === 3 ? null : 1.5 * value },
});
/** What a plan of `ballast batch plan` is made from, made up. */
export const syntheticPlan: PlanInputs = {
  model: 'net<1>',
  dataset: 'a & b',
  unit: 'images',
  parameters: 272_474,
  reference: { batchSize: 128, steps: 15_625, epochs: 40 },
  run: { steps: 200, batchSize: 128, microBatch: 32, optimizer: 'momentum', seed: 0, trainLoss: 1.4 },
  criticalBatch: {
    value: 640,
    low: 500,
    high: 870,
    method: 'noise scale, mean over progress',
    early: window(0, 210),
    late: window(7, 1900),
    windows: Array.from({ length: 8 }, (_, i) => window(i, i === 5 ? null : 200 * (i + 1))),
    unweighted: { value: 410, low: 350, high: 520 },
  },
  stepTime: stepTimeCurve(
    planSizes.slice(0, 7).map((b) =>
      pointOf(
        { batchSize: b, microBatch: b },
        [0.9, 1, 1.2].map((f) => f * (0.01 + b / 900)),
      ),
    ),
  ),
  batchSizes: planSizes,
  devices: [1],
  link: null,
  price: null,
  spent: { run: 50, timing: 20 },
  environment: {
    ballast: '0.1.0',
    node: 'v20',
    cpu: 'cpu',
    device: 'cpu',
    threads: 1,
    date: '2026-01-02T03:04:05.678Z',
  },
};
