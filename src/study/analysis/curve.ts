import type { MeasuredTrial, Quantity } from '../measured/measured.ts';

/** One quantity of a trial where it was evaluated. */
export interface CurvePoint {
  readonly step: number;
  readonly epoch: number;
  readonly examples: number;
  readonly seconds: number;
  readonly value: number;
}

/** The evaluations of a quantity in the order of steps; those that are missing or no finite number are left out. */
export function curveOf(trial: MeasuredTrial, quantity: Quantity): CurvePoint[] {
  return trial.measurements.flatMap(({ step, epoch, examples, seconds, [quantity]: value }) =>
    value !== null && Number.isFinite(value) ? [{ step, epoch, examples, seconds, value }] : [],
  );
}

/** Whether seconds were measured: an imported curve without a clock has zeros. */
export const hasClock = ({ measurements }: MeasuredTrial): boolean => (measurements.at(-1)?.seconds ?? 0) > 0;

/** Likewise epochs: unknown where nobody said how many examples one has. */
export const countsEpochs = ({ measurements }: MeasuredTrial): boolean => (measurements.at(-1)?.epoch ?? 0) > 0;

function middle(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/**
 * Running median of five evaluations around each one, of fewer, as many on both sides, at the ends. It takes out single lucky
 * evaluations, and leaves a curve that only falls (or only rises) as it is: no lag.
 */
export function smoothed(curve: readonly CurvePoint[]): CurvePoint[] {
  return curve.map((point, i) => {
    const half = Math.min(2, i, curve.length - 1 - i);
    return { ...point, value: middle(curve.slice(i - half, i + half + 1).map((p) => p.value)) };
  });
}

/** The value at a step, linear in steps between evaluations; null before the first and after the last. */
export function valueAt(curve: readonly CurvePoint[], step: number): number | null {
  const after = curve.findIndex((p) => p.step >= step);
  const high = curve[after];
  if (!high) return null;
  if (high.step === step) return high.value;
  const low = curve[after - 1];
  return low ? low.value + ((step - low.step) / (high.step - low.step)) * (high.value - low.value) : null;
}
