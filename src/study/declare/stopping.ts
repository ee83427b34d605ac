import { z } from 'zod';
import type { Direction, Quantity } from '../measured/measured.ts';

/** When a trial may end before its budget. */
export interface StopRule {
  readonly targets: readonly {
    readonly quantity: Quantity;
    readonly value: number;
    readonly direction: Direction;
  }[];
  /** Share of the budget without coming closer, after which a target counts as out of reach. */
  readonly patience: number;
}

/** The same, of a store. */
export const stopRuleSchema = z.object({
  targets: z.array(
    z.object({
      quantity: z.enum(['trainLoss', 'valLoss', 'valMetric']),
      value: z.number(),
      direction: z.enum(['min', 'max']),
    }),
  ),
  patience: z.number(),
});

export type Measured = { readonly step: number } & Readonly<Record<Quantity, number | null>>;

/** Whether `a` is at least as good as `b`. */
export const reaches = (a: number, b: number, direction: Direction): boolean => (direction === 'min' ? a <= b : a >= b);

/**
 * Whether every target is reached (first touch), or has not come closer for too long. A rule without targets never holds. What is compared with
 * the best that the largest batch reaches (the quartile rule) cannot be judged while it runs: such trials have no stop rule.
 */
export function shouldStop({ targets, patience }: StopRule, curve: readonly Measured[], budgetSteps: number): boolean {
  const last = curve.at(-1);
  if (!last || targets.length === 0) return false;
  return targets.every(({ quantity, value, direction }) => {
    let best: { step: number; value: number } | undefined;
    for (const m of curve) {
      const now = m[quantity];
      // The start counts for neither: a loss may rise before it falls, and what holds there is not reached by training.
      if (m.step === 0 || now === null || !Number.isFinite(now)) continue;
      if (reaches(now, value, direction)) return true;
      if (!best || !reaches(best.value, now, direction)) best = { step: m.step, value: now };
    }
    return last.step - (best?.step ?? 0) >= patience * budgetSteps;
  });
}
