import { costFront, fastestBatchOnOneDevice, optimalDevices } from '../cost/index.ts';
import { type CostTable, costsAt, costTable } from './cost-table.ts';
import type { BatchPlanResult } from './plan-result.ts';
import { predictStudied } from './prediction.ts';
import { recommend } from './recommendation.ts';

type Measured = 'model' | 'dataset' | 'unit' | 'parameters' | 'reference' | 'run' | 'criticalBatch' | 'stepTime';
type Given = 'devices' | 'link' | 'price' | 'environment';

/** What was measured and given, from which the rest of a plan follows. */
export interface PlanInputs extends Pick<BatchPlanResult, Measured | Given> {
  /** Of the table, growing. */
  readonly batchSizes: readonly number[];
  /** Seconds that the short run and the timed steps took. */
  readonly spent: { readonly run: number; readonly timing: number };
}

const finiteOrNull = (x: number) => (Number.isFinite(x) ? x : null);

/** Bytes of a float32. */
const bytesOfParameter = 4;

/** The plan that follows: a pure function. Throws BallastError where no batch size can be shared by the devices. */
export function planFrom({ batchSizes, spent, ...known }: PlanInputs): BatchPlanResult {
  const { criticalBatch, stepTime, link, price, devices, reference } = known;
  const gradientBytes = known.parameters === null ? null : bytesOfParameter * known.parameters;
  const table: CostTable = {
    stepTime,
    // A command of which nobody knows how many parameters it trains is planned for one device, which sums nothing.
    cluster: { gradientBytes: gradientBytes ?? 0, ...(link ? { link } : {}) },
    ...(price === null ? {} : { price }),
    criticalBatch,
    reference,
    batchSizes,
    devices,
  };
  const ways = costsAt(table, criticalBatch.value);
  const recommendation = recommend(table, criticalBatch.late.scale);
  const front = new Set(costFront(ways));
  const alone = costsAt({ ...table, devices: [1] }, criticalBatch.value);
  const studySeconds = alone.reduce((sum, { seconds }) => sum + seconds.value, 0);
  const seconds = spent.run + spent.timing;
  return {
    ...known,
    fastestOnOneDevice: finiteOrNull(fastestBatchOnOneDevice(criticalBatch.value, stepTime.fit)),
    gradientBytes,
    prediction: predictStudied(criticalBatch.value),
    rows: costTable(table, recommendation.way.devices),
    ways: ways.map((way) => ({ ...way, pareto: front.has(way) })),
    optimalDevices:
      link && gradientBytes !== null
        ? batchSizes.map((batchSize) => ({
            batchSize,
            devices: optimalDevices(stepTime.fit, gradientBytes, link, { batchSize }),
          }))
        : null,
    recommendation,
    cost: {
      runSeconds: spent.run,
      timingSeconds: spent.timing,
      seconds,
      studySeconds,
      share: seconds / studySeconds,
    },
  };
}
