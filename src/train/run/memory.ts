import { availableMemory } from '../../runtime/index.ts';

/** Share of the free memory that a step may take; the runtime's arena rounds up. */
const share = 0.5;

/**
 * The largest divisor of `batchSize` whose step fits into memory, judged from the bytes that a step at batch `probe` takes.
 * Throughput hardly depends on it from some tens of examples on, batch normalization does: it sees one micro-batch at a time.
 */
export function chooseMicroBatch(
  batchSize: number,
  probe: { batch: number; bytes: number },
  free = availableMemory(),
): number {
  const fits = (batch: number) => (probe.bytes / probe.batch) * batch <= share * free;
  for (let count = 1; count < batchSize; count++) {
    if (batchSize % count === 0 && fits(batchSize / count)) return batchSize / count;
  }
  return 1;
}
