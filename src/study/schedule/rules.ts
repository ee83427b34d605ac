import { InputError } from '../../base/errors.ts';
import type { ScheduleRequest } from '../../schema/index.ts';
import { type RateRule, rateFactor } from '../branch/protocol.ts';
import type { WarmUpStage } from '../branch/warm-up.ts';
import type { PlannedStage } from './stages.ts';

/** A training that is known to go well. */
export interface KnownTraining {
  readonly batchSize: number;
  readonly rate: number;
  /** D: of all of it, in examples or tokens, as the batch sizes count. */
  readonly examples: number;
  readonly weightDecay?: number;
  readonly beta2?: number;
}

/** beta2 with its half-life in examples kept: beta2' = beta2^(B' / B) (Marek et al., 2507.07101). */
export const beta2At = (beta2: number, ratio: number): number => beta2 ** ratio;

/**
 * The same training with AdamW at another batch size (and length): the rate follows its rule, weight decay keeps the timescale B / (eta lambda D) of the average that the weights are (Wang and Aitchison, 2405.13698; Bergsma
 * et al., 2505.13738), beta2 its half-life in examples.
 */
export function adamwAt(
  known: KnownTraining,
  to: { readonly batchSize: number; readonly examples: number; readonly rule: RateRule },
): PlannedStage {
  const ratio = to.batchSize / known.batchSize;
  const rate = known.rate * rateFactor(to.rule, ratio);
  const { weightDecay, beta2 } = known;
  return {
    fromExamples: 0,
    batchSize: to.batchSize,
    rate,
    ...(weightDecay === undefined
      ? {}
      : { weightDecay: weightDecay * ratio * (known.rate / rate) * (known.examples / to.examples) }),
    ...(beta2 === undefined ? {} : { beta2: beta2At(beta2, ratio) }),
  };
}

/** How a rate falls over the training: cosine or a straight line, to 0. */
export type Decay = ScheduleRequest['decay'];

/** The share of the training at which the rate has fallen to this share of its first. */
const placeOf = (decay: Decay, share: number) => (decay === 'cosine' ? Math.acos(2 * share - 1) / Math.PI : 1 - share);

/**
 * Seesaw (Meterez et al., 2510.14717): wherever the schedule would have halved the rate, the rate is divided by sqrt(2) and the batch doubled; at `most` the batch stays and the rate is halved as the
 * schedule would have it. For Adam, and as long as the batch is below the critical one.
 *
 * @param least Share of the first rate at which the schedule ends.
 */
export function seesaw(
  known: KnownTraining,
  { decay, most, least = 0.01 }: { readonly decay: Decay; readonly most: number; readonly least?: number },
): PlannedStage[] {
  if (most < known.batchSize)
    throw new InputError('mostBatch', `expected at least the batch size ${known.batchSize}, got ${most}`);
  const stages: PlannedStage[] = [{ fromExamples: 0, ...adamwStage(known, known.batchSize, known.rate) }];
  for (let halvings = 1; 2 ** -halvings >= least; halvings++) {
    const before = stages.at(-1)!;
    const grows = 2 * before.batchSize <= most;
    stages.push({
      fromExamples: Math.round(known.examples * placeOf(decay, 2 ** -halvings)),
      ...adamwStage(
        known,
        grows ? 2 * before.batchSize : before.batchSize,
        grows ? before.rate / Math.SQRT2 : before.rate / 2,
      ),
    });
  }
  return stages;
}

/** What goes with a batch size within one training: beta2 keeps its half-life, weight decay stays. */
const adamwStage = ({ batchSize, weightDecay, beta2 }: KnownTraining, batch: number, rate: number) => ({
  batchSize: batch,
  rate,
  ...(weightDecay === undefined ? {} : { weightDecay }),
  ...(beta2 === undefined ? {} : { beta2: beta2At(beta2, batch / batchSize) }),
});

/** The warm-up of the batch that branches have measured, at the rate that is known at its first batch size. */
export const warmedUp = (known: KnownTraining, stages: readonly WarmUpStage[]): PlannedStage[] =>
  stages.map(({ fromExamples, batchSize, rateFactor: factor }) => ({
    fromExamples,
    ...adamwStage(known, batchSize, known.rate * factor),
  }));

/**
 * A constant rate with an exponential average of the weights in place of a decay: one run serves every target and length (Zhang et al., 2410.21676). The half-life of the average is a share of the training (5 % unless told; our
 * choice), counted in examples.
 */
export function averaged(known: KnownTraining, halfLife = 0.05): PlannedStage {
  if (!(halfLife > 0 && halfLife < 1))
    throw new InputError('halfLife', `expected a share between 0 and 1, got ${halfLife}`);
  const averageDecay = 2 ** (-known.batchSize / (halfLife * known.examples));
  return { fromExamples: 0, ...adamwStage(known, known.batchSize, known.rate), averageDecay };
}
