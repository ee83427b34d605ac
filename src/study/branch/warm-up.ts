import { type RateRule, rateFactor } from './protocol.ts';

/** What a moment says of the batch: its place in the training, and B*. */
export interface KnownCritical {
  /** Examples that the training has seen by then. */
  readonly examples: number;
  readonly criticalBatch: number;
}

/** From here on, this batch at this rate. */
export interface WarmUpStage {
  readonly fromExamples: number;
  readonly batchSize: number;
  /** Over the rate that the run has at its own batch size there. */
  readonly rateFactor: number;
}

/**
 * The warm-up of the batch that follows from B* along a training (Merrill et al., 2505.23971): the batch is doubled, and the rate multiplied by f(2), as soon as B* is at least twice the batch. Between moments
 * log B* goes in a straight line over the examples seen; before the first nothing is known, so the batch stays, and after the last it keeps its value.
 */
export function batchWarmUp(
  known: readonly KnownCritical[],
  { batchSize, rule }: { readonly batchSize: number; readonly rule: RateRule },
): WarmUpStage[] {
  const moments = [...known].sort((a, b) => a.examples - b.examples);
  const stages: WarmUpStage[] = [{ fromExamples: 0, batchSize, rateFactor: 1 }];
  const grow = (fromExamples: number) => {
    const next = 2 * stages.at(-1)!.batchSize;
    const stage = { fromExamples, batchSize: next, rateFactor: rateFactor(rule, next / batchSize) };
    // Several doublings at a place are one.
    if (stages.at(-1)!.fromExamples === fromExamples && stages.length > 1) stages[stages.length - 1] = stage;
    else stages.push(stage);
  };
  moments.forEach((moment, i) => {
    const before = moments[i - 1];
    while (moment.criticalBatch >= 2 * stages.at(-1)!.batchSize) {
      const wanted = 2 * stages.at(-1)!.batchSize;
      if (!before || before.criticalBatch >= wanted) {
        grow(moment.examples);
        continue;
      }
      const [from, to] = [Math.log(before.criticalBatch), Math.log(moment.criticalBatch)];
      const share = (Math.log(wanted) - from) / (to - from);
      grow(Math.ceil(before.examples + share * (moment.examples - before.examples)));
    }
  });
  return stages;
}

/** Steps that so many examples take with a warm-up, over those at the first batch size throughout. */
export function stepsShare(stages: readonly WarmUpStage[], examples: number): number {
  const steps = stages.reduce((sum, { fromExamples, batchSize }, i) => {
    const until = Math.min(examples, stages[i + 1]?.fromExamples ?? examples);
    return sum + Math.max(0, until - fromExamples) / batchSize;
  }, 0);
  return steps / (examples / stages[0]!.batchSize);
}
