import type { MeasuredStudy, MeasuredTrial, MeasuredWorkload, TargetSpec } from '../../src/study/measured/measured.ts';

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

interface RichWorkload {
  readonly name: string;
  readonly model: string;
  readonly fraction: number;
  readonly critical: number;
}

/**
 * A study with everything in it: two networks and half of the data, three seeds, BLR and LSR with three base rates, held-out curves, noise scales,
 * batches that do not get there and one that diverges. Steps to the training loss 0.01 are Smin (1 + Bc / B), longer by the factor that the
 * rate is off; the critical batches are those of `richWorkloads`.
 */
export const richWorkloads: readonly RichWorkload[] = [
  { name: 'narrow', model: 'narrow', fraction: 1, critical: 200 },
  { name: 'wide', model: 'wide', fraction: 1, critical: 900 },
  { name: 'narrow, half', model: 'narrow', fraction: 0.5, critical: 200 },
];

export function richStudy(): MeasuredStudy {
  const sizes = [16, 32, 64, 128, 256, 512, 1024, 2048, 4096];
  const trials = richWorkloads.flatMap(({ name, critical }) =>
    sizes.flatMap((batchSize) =>
      (['BLR', 'LSR'] as const).flatMap((strategy) =>
        [0.05, 0.1, 0.2].flatMap((baseRate) =>
          [0, 1, 2].map((seed): MeasuredTrial => {
            const learningRate = strategy === 'LSR' ? (baseRate * batchSize) / 16 : baseRate;
            // The best rate grows with the batch up to the critical one; the error of a rate is punished by its square root.
            const best = 0.1 / 16 / (1 / batchSize + 1 / critical);
            const off = Math.exp(0.5 * Math.abs(Math.log(learningRate / best)));
            const wobble = 1 + 0.04 * (seed - 1);
            const steps = 50 * (1 + critical / batchSize) * off * wobble;
            const budget = Math.round(Math.min(3 * steps, 3000 * (16 / batchSize) ** 0.5));
            const infeasible = learningRate > 20;
            const at = Array.from({ length: 41 }, (_, i) => Math.round((budget * i) / 40));
            return {
              id: `${name}/${strategy}/${batchSize}/${baseRate}/${seed}`,
              workload: name,
              strategy,
              batchSize,
              baseRate,
              learningRate,
              seed,
              status: infeasible ? 'infeasible' : 'complete',
              budgetSteps: budget,
              measurements: [...new Set(at)].map((step) => {
                const trainLoss = 2 * 0.005 ** (step / steps);
                const valLoss = trainLoss + 0.2 * (1 - 0.005 ** (step / steps)) * (1 + batchSize / 4096);
                return {
                  step,
                  epoch: (step * batchSize) / 10_000,
                  examples: step * batchSize,
                  seconds: step * (0.01 + batchSize * 1e-4),
                  trainLoss,
                  valLoss,
                  valMetric: Math.exp(-valLoss),
                  noiseScale: step === 0 || batchSize < 32 ? null : critical * (0.3 + (0.9 * step) / steps),
                  gradNorm: 1,
                };
              }),
              secondsPerStep: 0.01 + batchSize * 1e-4,
              hardware: 'closed form',
            };
          }),
        ),
      ),
    ),
  );
  return {
    name: 'rich',
    workloads: richWorkloads.map(({ name, model, fraction }) => ({
      ...syntheticWorkload(
        [
          { name: 'training loss 0.01', quantity: 'trainLoss', rule: { kind: 'absolute', value: 0.01 } },
          { name: 'held-out quartile', quantity: 'valLoss', rule: { kind: 'quartile', q: 0.25 } },
        ],
        name,
      ),
      model,
      fraction,
      metric: { name: 'accuracy', direction: 'max' },
    })),
    trials,
  };
}
