import { formatCount, formatExact } from '../../../../report/index.ts';
import type { Edge, StudyCounts } from '../../../../schema/index.ts';

/** `12 complete, 3 queued`. */
export function countsText(counts: StudyCounts): string {
  const parts = Object.entries(counts).flatMap(([name, n]) => (n > 0 ? [`${formatCount(n)} ${name}`] : []));
  return parts.join(', ') || 'no trials';
}

export function edgeText({ workload, strategy, batchSize, rate, side, next }: Edge): string {
  return (
    `${workload}, ${strategy}, batch ${batchSize}: the best rate ${formatExact(rate)} is the ${side} of its grid; ` +
    `the next one would be ${formatExact(next)} (--extend tries it)`
  );
}
