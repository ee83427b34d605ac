import { join } from 'node:path';
import { FileError } from '../../base/errors.ts';
import type { MeasuredStudy, Measurement } from '../../study/index.ts';
import { readMetrics, readRunConfig } from '../../train/index.ts';

/** The metrics of a training run, finished or not, as a study of one trial. Throws FileError for a folder without one. */
export async function measuredRun(folder: string, name: string): Promise<MeasuredStudy> {
  const [config, records] = await Promise.all([readRunConfig(folder), readMetrics(join(folder, 'metrics.jsonl'))]);
  const orNull = (value: number | null | undefined) => (value === undefined || !Number.isFinite(value) ? null : value);
  const measurements = records.map(
    (r): Measurement => ({
      ...{ step: r.step, epoch: r.epoch, examples: r.examples, seconds: r.seconds },
      trainLoss: orNull(r.trainLoss),
      valLoss: orNull(r.valLoss),
      valMetric: orNull(r.valMetric),
      noiseScale: orNull(r.noiseScale),
      gradNorm: orNull(r.gradNorm),
    }),
  );
  if (!config) throw new FileError(folder, 'has no config.json; expected the folder of a training run');
  const { model, dataset, batchSize, lr, seed } = config;
  return {
    name,
    workloads: [
      {
        ...{ name, model, dataset, fraction: 1, complexity: null, metric: null, parameters: null, targets: [] },
        examples: 0,
      },
    ],
    trials: [
      {
        ...{ id: name, workload: name, strategy: 'run', batchSize, baseRate: lr, learningRate: lr, seed },
        ...{ status: 'running', measurements, secondsPerStep: null, hardware: null },
        budgetSteps: measurements.at(-1)?.step ?? 0,
      },
    ],
  };
}
