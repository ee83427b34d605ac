import type { BranchesResult } from '../../schema/index.ts';
import { formatCount, formatExact, formatNumber, formatPercent, formatRange } from '../numbers.ts';

type Moment = BranchesResult['moments'][number];
type WarmUp = BranchesResult['warmUp'];

/** `512 (256 to 1,024)`; open ends as they are. */
export function criticalText({ value, low, lowTested, high }: Moment['critical']): string {
  const middle = value === null ? null : formatCount(Math.round(value));
  if (high === null)
    return lowTested
      ? `at least ${formatCount(low)}${middle === null ? '' : `, estimated ${middle}`}`
      : middle === null
        ? 'not told: no batch size is decided'
        : `about ${middle} (not told apart from its ends)`;
  const interval = `${lowTested ? formatCount(low) : `${formatCount(low)} or less`} to ${formatCount(high)}`;
  return middle === null ? interval : `${middle} (${interval})`;
}

/** `double to 64 at 12,000 examples (rate × 2), to 128 at 40,000 (× 4)`. */
export function warmUpText({ stages, steps }: WarmUp): string {
  const [first, ...later] = stages;
  if (later.length === 0) return `stay at ${formatCount(first!.batchSize)} throughout`;
  const parts = later.map(
    (s) =>
      `${formatCount(s.batchSize)} from ${formatCount(s.fromExamples)} examples on (rate × ${formatExact(s.rateFactor)})`,
  );
  return `begin at ${formatCount(first!.batchSize)}, ${parts.join(', ')}: ${formatPercent(steps)} of the steps`;
}

/** What the branches say: B* along the training, the schedule that follows, what both rest on and what they cost. */
export function branchesSentences(result: BranchesResult): string[] {
  const { moments, warmUp, cautious, protocol, cost, name } = result;
  const along = moments.map((m) => `${criticalText(m.critical)} at step ${formatCount(m.step)}`).join('; ');
  const least = moments.reduce((few, m) => Math.min(few, ...m.batches.map((b) => b.steps)), Number.POSITIVE_INFINITY);
  const rate = { linear: 'times k', sqrt: 'times the root of k', kept: 'as it is' }[protocol.rule];
  return [
    `The critical batch size of ${name} is ${along}.`,
    `By the estimates: ${warmUpText(warmUp)}. By the lower ends of the intervals: ${warmUpText(cautious)}.`,
    `B* is the largest batch whose held-out loss is no worse than the run’s own by more than ${formatNumber(protocol.margin)}, after the same ${formatCount(moments[0]!.examplesOfBranch)} examples, with the rate ${rate} (95 % intervals, paired by order of the data, ${formatRange(protocol.orders, protocol.mostOrders, formatCount)} orders). It is conditional on this rate, ${
      protocol.optimizerState === 'keep' ? 'the optimizer’s state as it was' : 'an optimizer that begins anew'
    }${protocol.anneal ? ', a rate that falls to zero' : ''} and the margin: another margin is another B*.`,
    ...(least < 100
      ? [
          `The largest batch had ${formatCount(least)} steps; with fewer than 100 a branch tells of the change of the batch more than of what it leads to.`,
        ]
      : []),
    `${formatCount(cost.branches)} branches took ${formatCount(cost.examples)} examples, ${cost.share < 1 ? `${formatPercent(cost.share)} of` : `${formatNumber(cost.share, 2)} times`} those of the training.`,
  ];
}
