import type { Link, StepTimeCurve, TrainingCost } from '../cost/index.ts';
import type { CriticalBatchEstimate, ScaleInterval } from './critical-batch.ts';
import type { PlanPrediction } from './prediction.ts';

/** A batch size: what it costs relative to the least, and what a whole training costs on the number of devices that is recommended. */
export interface PlanRow {
  readonly batchSize: number;
  /** S / Smin = 1 + B_crit / B, modelled, over the interval of B_crit. */
  readonly stepsRelative: ScaleInterval;
  /** E / Emin = 1 + B / B_crit, likewise; `high` is for the lower end of B_crit. */
  readonly examplesRelative: ScaleInterval;
  readonly cost: TrainingCost;
  /** The time over the interval of B_crit. */
  readonly seconds: { readonly low: number; readonly high: number };
  /** What the next larger batch of the table saves in time and costs in device-hours on as many devices, as shares; null for the last, and where it is on another number. */
  readonly next: { readonly batchSize: number; readonly timeSaved: number; readonly costExtra: number } | null;
}

export interface PlannedWay extends TrainingCost {
  /** None is both faster and cheaper. */
  readonly pareto: boolean;
}

/** See `recommend`. */
export interface Recommendation {
  readonly way: TrainingCost;
  /** The smallest and largest batch that would be recommended over the interval of B_crit. */
  readonly between: { readonly low: number; readonly high: number };
  /** What would be recommended if B_crit were the noise scale at the end of the run; null where that is lost in the noise. */
  readonly late: number | null;
  /** Batch sizes whose training on as many devices takes at most a tenth longer. */
  readonly nearly: { readonly low: number; readonly high: number };
  readonly fastest: TrainingCost;
  readonly cheapest: TrainingCost;
}

/** What the plan cost, against the study that it replaces: a whole training at each batch size of the table, one rate and one seed each. */
export interface PlanningCost {
  /** Measured: in steps of the run, in timed steps, and all of it. */
  readonly runSeconds: number;
  readonly timingSeconds: number;
  readonly seconds: number;
  /** Modelled. */
  readonly studySeconds: number;
  readonly share: number;
}

/** The result of `ballast batch plan`, as `plan.json` keeps it. */
export interface BatchPlanResult {
  readonly model: string;
  readonly dataset: string;
  readonly parameters: number;
  /** What the sizes of batches count. */
  readonly unit: 'images' | 'pieces of text';
  /** The training that is planned for: so many steps at this batch size reach the target, whatever it is. */
  readonly reference: { readonly batchSize: number; readonly steps: number; readonly epochs: number };
  /** The short run; `trainLoss` is that of its last step. */
  readonly run: {
    readonly steps: number;
    readonly batchSize: number;
    readonly microBatch: number;
    readonly optimizer: string;
    readonly seed: number;
    /** B_crit depends on it; absent in plans of earlier versions. */
    readonly learningRate?: number;
    readonly trainLoss: number;
  };
  /** Its interval is about the chance of this run alone. */
  readonly criticalBatch: CriticalBatchEstimate;
  /** What a study is to be expected to find, from how far noise scales were off before; absent in plans of earlier versions. */
  readonly prediction?: PlanPrediction;
  readonly stepTime: StepTimeCurve;
  /** (1 + Bc/B)(t0 + B t1) is least here: the batch with the shortest training on one device, not rounded. Modelled. */
  readonly fastestOnOneDevice: number;
  readonly devices: readonly number[];
  readonly link: Link | null;
  readonly gradientBytes: number;
  /** Of a device-hour. */
  readonly price: number | null;
  readonly rows: readonly PlanRow[];
  /** Every batch size on every number of devices. */
  readonly ways: readonly PlannedWay[];
  /** Of each batch size, the number of devices with the shortest step, were there as many as one likes; null without a link. */
  readonly optimalDevices: readonly { readonly batchSize: number; readonly devices: number }[] | null;
  readonly recommendation: Recommendation;
  readonly cost: PlanningCost;
  readonly environment: {
    readonly ballast: string;
    readonly node: string;
    readonly cpu: string;
    readonly device: string;
    readonly threads: number;
    readonly date: string;
  };
}
