import { freemem } from 'node:os';
import { BallastError } from '../base/errors.ts';

/** Bytes that this process can still take: what the system has free, and what its limit (a container's) leaves. */
export function availableMemory(): number {
  const limit = process.constrainedMemory?.() ?? 0;
  // Without a limit Node says 0, or more than any machine has.
  const below = limit > 0 && limit < 2 ** 52 ? limit - process.memoryUsage.rss() : Number.POSITIVE_INFINITY;
  return Math.max(0, Math.min(freemem(), below));
}

const shown = (bytes: number) =>
  bytes >= 1e12
    ? `${(bytes / 1e12).toPrecision(3)} TB`
    : bytes >= 1e9
      ? `${(bytes / 1e9).toPrecision(3)} GB`
      : `${Math.ceil(bytes / 1e6)} MB`;

/**
 * Refuses what will not fit, before anything of it is taken.
 *
 * @param bytes By estimate.
 * @param what What takes it, such as `a training step of 4096 images at a time`.
 * @param change What to do, such as `choose a smaller batch`.
 * Throws BallastError with both numbers.
 */
export function requireMemory(bytes: number, what: string, change: string, available = availableMemory()): void {
  if (!(bytes > available)) return;
  throw new BallastError(`${what} takes about ${shown(bytes)} of memory, ${shown(available)} are free; ${change}`);
}
