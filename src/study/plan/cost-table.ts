import {
  type CostModel,
  examplesRelative,
  fastest,
  hyperbolaThrough,
  type StepsPoint,
  stepsRelative,
  type TrainingCost,
  trainingCosts,
} from '../cost/index.ts';
import type { ScaleInterval } from './critical-batch.ts';
import type { PlanRow } from './plan-result.ts';

export interface CostTable extends Omit<CostModel, 'steps'> {
  readonly criticalBatch: ScaleInterval;
  /** The training that is known: its steps stand for the target. */
  readonly reference: StepsPoint;
  /** Growing. */
  readonly batchSizes: readonly number[];
  readonly devices: readonly number[];
}

/** The costs of all batch sizes on all numbers of devices, if B_crit is `criticalBatch`. */
export function costsAt(table: CostTable, criticalBatch: number): TrainingCost[] {
  const steps = hyperbolaThrough(table.reference, criticalBatch);
  return trainingCosts({ ...table, steps }, table.batchSizes, table.devices);
}

/** B_crit without an upper end: as good as infinite, so that steps halve with every doubling. */
const unbounded = 1e12;

/** Ends of the interval of B_crit, and its value between them. */
export const endsOf = ({ low, value, high }: ScaleInterval): number[] => [low, value, high ?? unbounded];

/**
 * One row a batch size, all on the same number of devices, so that what going on saves and costs is the batch's doing alone; a batch that cannot be shared by so many has
 * the most that it can, and is not compared with its neighbour.
 */
export function costTable(given: CostTable, devices: number): PlanRow[] {
  const { criticalBatch: scale, batchSizes } = given;
  const most = (batchSize: number) => Math.max(...given.devices.filter((d) => d <= Math.min(batchSize, devices)));
  const table = { ...given, devices: [...new Set(given.devices.filter((d) => d <= devices))] };
  const onMost = (costs: readonly TrainingCost[]) => costs.filter((c) => c.devices === most(c.batchSize));
  const costs = onMost(costsAt(table, scale.value));
  const ends = endsOf(scale).map((criticalBatch) => onMost(costsAt(table, criticalBatch)));
  const rows = batchSizes.flatMap((batchSize) => {
    const cost = fastest(costs, batchSize);
    return cost ? [{ batchSize, cost }] : [];
  });
  return rows.map(({ batchSize, cost }, i) => {
    const times = ends.flatMap((all) => fastest(all, batchSize)?.seconds.value ?? []);
    const after = rows[i + 1];
    return {
      batchSize,
      stepsRelative: {
        value: stepsRelative(scale.value, batchSize),
        low: stepsRelative(scale.low, batchSize),
        high: scale.high === null ? null : stepsRelative(scale.high, batchSize),
      },
      examplesRelative: {
        value: examplesRelative(scale.value, batchSize),
        low: scale.high === null ? 1 : examplesRelative(scale.high, batchSize),
        high: scale.low > 0 ? examplesRelative(scale.low, batchSize) : null,
      },
      cost,
      seconds: { low: Math.min(...times), high: Math.max(...times) },
      next:
        after && after.cost.devices === cost.devices
          ? {
              batchSize: after.batchSize,
              timeSaved: 1 - after.cost.seconds.value / cost.seconds.value,
              costExtra: after.cost.deviceHours.value / cost.deviceHours.value - 1,
            }
          : null,
    };
  });
}
