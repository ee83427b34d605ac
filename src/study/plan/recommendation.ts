import { BallastError } from '../../base/errors.ts';
import { knee, type TrainingCost } from '../cost/index.ts';
import { type CostTable, costsAt, endsOf } from './cost-table.ts';
import type { ScaleInterval } from './critical-batch.ts';
import type { Recommendation } from './plan-result.ts';

const tolerance = 1.1;

const least = (costs: readonly TrainingCost[], of: (c: TrainingCost) => number): TrainingCost =>
  costs.reduce((best, c) => (of(c) < of(best) ? c : best));

/**
 * Where to train (our choice): at the knee of time against cost, the way with the least product of both. From there, another per cent of
 * time costs more than a per cent of device-hours. On one device time and cost are the same, and it is simply the fastest.
 *
 * @param late The noise scale at the end of the run.
 *
 * Throws BallastError where there is nothing to choose from.
 */
export function recommend(table: CostTable, late: ScaleInterval | null = null): Recommendation {
  const costs = costsAt(table, table.criticalBatch.value);
  const way = knee(costs);
  if (!way)
    throw new BallastError('no batch size can be shared by the devices; name larger batch sizes or fewer devices');
  const chosen = endsOf(table.criticalBatch).map((criticalBatch) => knee(costsAt(table, criticalBatch))!.batchSize);
  const alike = costs
    .filter((c) => c.devices === way.devices && c.seconds.value <= tolerance * way.seconds.value)
    .map((c) => c.batchSize);
  return {
    way,
    between: { low: Math.min(...chosen), high: Math.max(...chosen) },
    late: late ? knee(costsAt(table, late.value))!.batchSize : null,
    nearly: { low: Math.min(...alike), high: Math.max(...alike) },
    fastest: least(costs, (c) => c.seconds.value),
    cheapest: least(costs, (c) => c.deviceHours.value),
  };
}
