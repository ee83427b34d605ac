import type { MeasuredStudy, MeasuredTrial, MeasuredWorkload, TargetSpec } from '../../src/batch/measured.ts';

/** Loss at steps 0, 1, 2, ... of a trial with a closed form. */
export type LossCurve = (step: number) => number;

export interface SyntheticTrial {
  readonly batchSize: number;
  readonly rate: number;
  readonly seed?: number;
  readonly strategy?: string;
  readonly workload?: string;
  readonly loss: LossCurve;
  /** Evaluated at these; at every step up to the budget unless told. */
  readonly steps?: readonly number[];
  readonly budget: number;
  readonly status?: MeasuredTrial['status'];
  /** 1 unless told. */
  readonly secondsPerStep?: number;
}

export function syntheticTrial(t: SyntheticTrial): MeasuredTrial {
  const { batchSize, rate, seed = 0, strategy = 'tuned', workload = 'quadratic', secondsPerStep = 1 } = t;
  const steps = t.steps ?? Array.from({ length: t.budget + 1 }, (_, i) => i);
  return {
    id: `${workload}/${strategy}/${batchSize}/${rate}/${seed}`,
    workload,
    strategy,
    batchSize,
    baseRate: rate,
    learningRate: rate,
    seed,
    status: t.status ?? 'complete',
    budgetSteps: t.budget,
    measurements: steps.map((step) => ({
      step,
      epoch: (step * batchSize) / 1000,
      examples: step * batchSize,
      seconds: step * secondsPerStep,
      trainLoss: t.loss(step),
      valLoss: null,
      valMetric: null,
      noiseScale: null,
      gradNorm: null,
    })),
    secondsPerStep,
    hardware: 'closed form',
  };
}

export const absolute = (value: number): TargetSpec => ({
  name: 'loss',
  quantity: 'trainLoss',
  rule: { kind: 'absolute', value },
});

export function syntheticWorkload(targets: readonly TargetSpec[], name = 'quadratic'): MeasuredWorkload {
  return {
    name,
    model: 'quadratic',
    dataset: 'noise',
    fraction: 1,
    complexity: null,
    examples: 1000,
    metric: null,
    parameters: null,
    targets,
  };
}

export function syntheticStudy(targets: readonly TargetSpec[], trials: readonly SyntheticTrial[]): MeasuredStudy {
  const measured = trials.map(syntheticTrial);
  const names = [...new Set(measured.map((t) => t.workload))];
  return { name: 'synthetic', workloads: names.map((n) => syntheticWorkload(targets, n)), trials: measured };
}
