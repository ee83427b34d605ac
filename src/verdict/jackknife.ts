import { type Effect, meanEffect, type Scale } from './effect.ts';

/**
 * A statistic of `count` objects drawn at random, such as a mean over their pairs: Student's t of the pseudo-values (Tukey 1958), n T - (n - 1) T without one of them.
 * Null with fewer than three.
 * @param statistic Of all but the named object; of all for null.
 */
export function jackknifeEffect(
  count: number,
  statistic: (without: number | null) => number,
  scale: Scale = 'difference',
): Effect | null {
  if (count < 3) return null;
  const all = statistic(null);
  return meanEffect(
    Array.from({ length: count }, (_, i) => count * all - (count - 1) * statistic(i)),
    scale,
  );
}
