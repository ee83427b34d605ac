import type { TrainingCost } from '../../schema/index.ts';
import { type Cluster, clusterStepSeconds } from './cluster.ts';
import { paretoFront } from './pareto.ts';
import { derived } from './provenance.ts';
import type { StepTimeCurve } from './step-time.ts';
import { type StepsCurve, stepsAt } from './steps-curve.ts';

export type { TrainingCost };

export interface CostModel {
  readonly steps: StepsCurve;
  readonly stepTime: StepTimeCurve;
  readonly cluster: Cluster;
  /** Of a device-hour, in any currency. */
  readonly price?: number;
}

/** Null where nothing is known of the steps at that batch size. Throws UsageError for devices that cannot be (see `clusterStepSeconds`). */
export function trainingCost(
  { steps: curve, stepTime, cluster, price }: CostModel,
  way: { readonly batchSize: number; readonly devices: number },
): TrainingCost | null {
  const steps = stepsAt(curve, way.batchSize);
  if (!steps) return null;
  const stepSeconds = clusterStepSeconds(stepTime, cluster, way);
  const seconds = derived((s, t) => s * t, steps, stepSeconds);
  const deviceHours = derived((s) => (s * way.devices) / 3600, seconds);
  return {
    ...way,
    steps,
    stepSeconds,
    seconds,
    deviceHours,
    money: price === undefined ? null : derived((h) => h * price, deviceHours),
  };
}

/** The cost of every batch size on every number of devices that can share it. */
export function trainingCosts(
  model: CostModel,
  batchSizes: readonly number[],
  devices: readonly number[],
): TrainingCost[] {
  return batchSizes.flatMap((batchSize) =>
    devices.filter((d) => d <= batchSize).flatMap((d) => trainingCost(model, { batchSize, devices: d }) ?? []),
  );
}

/** Time in seconds, cost in device-hours: a price changes the unit of the cost and nothing else. */
export const timeAndCost = ({ seconds, deviceHours }: TrainingCost) => ({
  time: seconds.value,
  cost: deviceHours.value,
});

export const costFront = (costs: readonly TrainingCost[]): TrainingCost[] => paretoFront(costs, timeAndCost);

/** The fastest at the given batch size, or of all. Undefined for none. */
export function fastest(costs: readonly TrainingCost[], batchSize?: number): TrainingCost | undefined {
  return costs
    .filter((c) => batchSize === undefined || c.batchSize === batchSize)
    .reduce<TrainingCost | undefined>(
      (best, c) => (best && best.seconds.value <= c.seconds.value ? best : c),
      undefined,
    );
}

/**
 * Where the front bends (our choice): the least product of time and cost. From there, saving another per cent of time costs more
 * than a per cent, and saving a per cent of cost takes more than a per cent longer. Undefined for none.
 */
export function knee(costs: readonly TrainingCost[]): TrainingCost | undefined {
  const product = ({ seconds, deviceHours }: TrainingCost) => seconds.value * deviceHours.value;
  return costFront(costs).reduce<TrainingCost | undefined>(
    (best, c) => (best && product(best) <= product(c) ? best : c),
    undefined,
  );
}

/**
 * The batch with the shortest training on one device, without rounding: (1 + Bc/B)(t0 + B t1) is least at B = sqrt(Bc t0 / t1).
 * On one device time and cost are the same.
 */
export function fastestBatchOnOneDevice(
  criticalBatch: number,
  { overhead, perExample }: { readonly overhead: number; readonly perExample: number },
): number {
  return Math.sqrt((criticalBatch * overhead) / perExample);
}
