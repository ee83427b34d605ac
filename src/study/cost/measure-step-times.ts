import { pointOf, type StepTimePoint } from './step-time.ts';

/** Steps at one batch size that can be made one after another. */
export interface Stepper {
  readonly microBatch: number;
  /** One whole training step, reading its examples included. */
  step(): Promise<void>;
  dispose(): Promise<void>;
}

export interface StepTiming {
  /** Growing. */
  readonly batchSizes: readonly number[];
  /** Prepares steps at a batch size. */
  readonly open: (batchSize: number) => Promise<Stepper>;
  /** Timed steps at each batch size at least, after one that is not counted; 5 unless told. Short steps are repeated for half a second. */
  readonly repeats?: number;
  /** Seconds for steps in all. A batch size that would go beyond them is left to the fit; the two smallest are always measured. */
  readonly budget: number;
  /** Points that were measured before: their batch sizes are not measured again, and their time counts. */
  readonly known?: readonly StepTimePoint[];
  readonly onPoint?: (point: StepTimePoint) => void | Promise<void>;
  readonly signal?: AbortSignal;
  /** Milliseconds since any fixed moment; the clock unless told. */
  readonly now?: () => number;
}

/** Steps are this few at least where a batch size is measured at all: a median of fewer says nothing of its spread. */
const fewest = 2;

/** Seconds that a batch size is timed at least: on a busy machine a few short steps are all within one hiccup, or all between two. */
const shortest = 0.5;

/**
 * Measures steps from the smallest batch size up, as many as the budget allows. What a batch size will take is foretold from the one
 * before, in proportion. Ends early, with what it has, when `signal` fires.
 */
export async function measureStepTimes(timing: StepTiming): Promise<StepTimePoint[]> {
  const { batchSizes, open, repeats = 5, budget, known = [], onPoint, signal, now = () => performance.now() } = timing;
  const points: StepTimePoint[] = [];
  let left = budget;
  for (const batchSize of batchSizes) {
    const before = known.find((p) => p.batchSize === batchSize);
    if (before) {
      points.push(before);
      left -= (before.repeats + 1) * before.seconds;
      continue;
    }
    if (signal?.aborted) break;
    const last = points.at(-1);
    const foretold = last ? (last.seconds * batchSize) / last.batchSize : 0;
    if (points.length >= 2 && (1 + fewest) * foretold > left) break;
    const seconds = await timeSteps(open, batchSize, { repeats, now, signal, enough: (spent) => spent >= left });
    if (seconds.times.length === 0) break;
    left -= seconds.spent;
    const point = pointOf({ batchSize, microBatch: seconds.microBatch }, seconds.times);
    points.push(point);
    await onPoint?.(point);
  }
  return points;
}

async function timeSteps(
  open: StepTiming['open'],
  batchSize: number,
  {
    repeats,
    now,
    signal,
    enough,
  }: { repeats: number; now: () => number; signal: AbortSignal | undefined; enough: (spent: number) => boolean },
): Promise<{ times: number[]; spent: number; microBatch: number }> {
  const stepper = await open(batchSize);
  const times: number[] = [];
  const began = now();
  const spent = () => (now() - began) / 1000;
  try {
    // The first step allocates what the later ones use again.
    await stepper.step();
    const wanted = () => times.length < repeats || spent() < shortest;
    while (wanted() && !(times.length >= fewest && enough(spent())) && !signal?.aborted) {
      const start = now();
      await stepper.step();
      times.push((now() - start) / 1000);
    }
    return { times, spent: spent(), microBatch: stepper.microBatch };
  } finally {
    await stepper.dispose();
  }
}
