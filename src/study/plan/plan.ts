import { join } from 'node:path';
import { isText } from '../../data/index.ts';
import { jsonCache, makeFolder, type ResultCache } from '../../formats/index.ts';
import { partForms } from '../../schema/index.ts';
import { readMetrics } from '../../train/index.ts';
import { measureStepTimes, type StepTimePoint, stepTimeCurve, trainingSteps } from '../cost/index.ts';
import { criticalBatchOf } from './critical-batch.ts';
import { noiseRecords } from './noise-record.ts';
import { outlinePlan, type PlanOutline, type PlanRequest } from './outline.ts';
import { planFrom } from './plan-from.ts';
import type { BatchPlanResult } from './plan-result.ts';
import { shortRun } from './short-run.ts';
import { SpentTime } from './spent-time.ts';

/**
 * Plans the batch size of a training from a short run of it: B_crit from the noise scale, step times from timed steps, and what
 * follows from both. Everything that was computed stays in `folder` and is used again with `resume`. Undefined when `signal` fired.
 * Throws UsageError for what does not go together, BallastError when the run diverges or the gradient's signal is lost in its noise.
 */
export async function planBatch(request: PlanRequest): Promise<BatchPlanResult | undefined> {
  const { config, train, folder, link, price, devices, environment, signal } = request;
  const outline = outlinePlan(request);
  const { reference, batchSizes, parameters } = outline;
  await makeFolder(folder);
  const spent = await SpentTime.open(folder, request.resume);
  const run = await spent.on('run', () => shortRun(request, outline));
  if (!run) return undefined;
  const records = noiseRecords(await readMetrics(join(run.folder, 'metrics.jsonl')), run.config.microBatch);
  const criticalBatch = criticalBatchOf(records, { seed: config.seed });
  const points = await spent.on('timing', () => timeSteps(request, outline));
  if (signal?.aborted) return undefined;
  return planFrom({
    model: config.model,
    dataset: config.dataset,
    unit: isText(train) ? 'pieces of text' : 'images',
    parameters,
    reference,
    run: {
      steps: outline.steps,
      batchSize: run.config.batchSize,
      microBatch: run.config.microBatch,
      optimizer: run.config.optimizer,
      seed: run.config.seed,
      learningRate: run.config.lr,
      trainLoss: run.trainLoss,
    },
    criticalBatch,
    stepTime: stepTimeCurve(points),
    batchSizes,
    devices,
    link: link ?? null,
    price: price ?? null,
    spent: spent.seconds,
    environment,
  });
}

/** Times steps at the batch sizes of the outline; those that an interrupted plan has timed on this machine are taken from the folder. */
async function timeSteps(
  { config, train, valid, microBatch, timing, folder, resume, runtime, environment, signal, onPoint }: PlanRequest,
  { batchSizes }: PlanOutline,
): Promise<StepTimePoint[]> {
  const { cpu, device, threads } = environment;
  const { length: _, ...work } = config;
  const stepTimes = join(folder, 'step-times');
  await makeFolder(stepTimes);
  const cache: ResultCache<StepTimePoint> = jsonCache(
    stepTimes,
    [work, microBatch, cpu, device, threads],
    partForms.stepTime,
  );
  const keyOf = (batchSize: number) => `batch-${batchSize}`;
  const known = resume ? await Promise.all(batchSizes.map((b) => cache.read(keyOf(b)))) : [];
  return measureStepTimes({
    batchSizes,
    budget: timing,
    known: known.filter((point) => point !== undefined),
    open: (batchSize) =>
      trainingSteps(
        { config, train, valid, ...(microBatch === undefined ? {} : { microBatch }), ...(runtime ? { runtime } : {}) },
        batchSize,
      ),
    onPoint: async (point) => {
      await cache.write(keyOf(point.batchSize), point);
      onPoint?.(point);
    },
    ...(signal ? { signal } : {}),
  });
}
