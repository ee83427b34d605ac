import type { Marked, TrainingCost } from '../../study/cost/index.ts';
import {
  type BatchPlanResult,
  type NoiseWindow,
  type PlanComparison,
  type PlanRow,
  predictStudied,
  type ScaleInterval,
} from '../../study/plan/index.ts';
import { formatCount, formatDuration, formatNumber, formatPercent } from '../numbers.ts';

/** A modelled number wears a tilde, a measured one does not. */
export function marked({ value, provenance }: Marked, format: (x: number) => string): string {
  return provenance === 'modelled' ? `~${format(value)}` : format(value);
}

const examples = (x: number): string => (x >= 10 ? formatCount(x) : formatNumber(x, 2));

/** `410 (310 to 560)`; where the upper end is open, `410 (310 or more)`. */
export function scaleText({ value, low, high }: ScaleInterval): string {
  return `${examples(value)} (${high === null ? `${examples(low)} or more` : `${examples(low)} to ${examples(high)}`})`;
}

const windowText = ({ fromStep, toStep, scale }: NoiseWindow): string =>
  `${scale ? scaleText(scale) : 'lost in the noise'} in steps ${formatCount(fromStep)} to ${formatCount(toStep)}`;

/** Cost in money where there is a price, else in device-hours. */
export function costText({ money, deviceHours }: Pick<TrainingCost, 'money' | 'deviceHours'>): string {
  return money ? marked(money, (x) => formatNumber(x)) : marked(deviceHours, (h) => `${formatNumber(h)} h`);
}

const devicesText = (n: number): string => (n === 1 ? 'one device' : `${n} devices`);

const wayText = (way: TrainingCost): string =>
  `B = ${formatCount(way.batchSize)} on ${devicesText(way.devices)} (${marked(way.seconds, formatDuration)}, ${
    way.money ? `for ${costText(way)}` : `${marked(way.deviceHours, (h) => formatNumber(h))} device-hours`
  })`;

/** `saves 12 % of the time for 30 % more cost`, or what else it does. */
export function nextText({ timeSaved, costExtra }: NonNullable<PlanRow['next']>): string {
  const [time, cost] = [formatPercent(Math.abs(timeSaved)), formatPercent(Math.abs(costExtra))];
  if (timeSaved >= 0)
    return costExtra >= 0
      ? `saves ${time} of the time for ${cost} more cost`
      : `saves ${time} of the time and ${cost} of the cost`;
  return costExtra >= 0 ? `takes ${time} longer and costs ${cost} more` : `takes ${time} longer for ${cost} less cost`;
}

/** What the plan says, in plain language: the critical batch, where to train, what going on costs, and what this cost. */
export function planSentences(result: BatchPlanResult): string[] {
  const { criticalBatch: scale, recommendation, rows, unit, reference, cost, stepTime } = result;
  const { way, between, late, nearly, fastest, cheapest } = recommendation;
  const row = rows.find((r) => r.batchSize === way.batchSize);
  const several = result.devices.length > 1 || result.devices[0] !== 1;
  return [
    predictionText(result),
    `The noise scale of the run was ${scaleText(scale)} ${unit}, as a mean over its progress; the interval is about the chance of this run alone. At the critical batch size a training needs twice the fewest steps and twice the fewest examples.`,
    conditionText(result),
    `The noise scale was ${windowText(scale.early)} and ${windowText(scale.late)}; what is used is its mean over the run's progress.`,
    `Train at ${wayText(way)}, if ${formatCount(reference.steps)} steps of ${formatCount(reference.batchSize)} reach the target and the rate is tuned to the batch.`,
    ...(between.low < between.high
      ? [
          `Over the interval of the critical batch it would be ${formatCount(between.low)} to ${formatCount(between.high)}.`,
        ]
      : []),
    ...(late !== null && late !== way.batchSize
      ? [`If B_crit were what the noise scale was at the end of the run, it would be ${formatCount(late)}.`]
      : []),
    ...(nearly.low < nearly.high
      ? [`On as many devices, ${formatCount(nearly.low)} to ${formatCount(nearly.high)} take at most a tenth longer.`]
      : []),
    ...(row?.next
      ? [`Going on from there to ${formatCount(row.next.batchSize)} ${nextText(row.next)}.`]
      : ['It is the largest batch of the table: a larger one may be better still.']),
    ...(several ? [`Fastest is ${wayText(fastest)}; cheapest is ${wayText(cheapest)}.`] : []),
    ...(stepTime.fit.residual > mostScatter
      ? [
          `Caution: step times scatter by ${formatPercent(stepTime.fit.residual)} around their line. Was the machine busy? Remove step-times/ in the plan’s folder and ask for the plan again to have them timed anew.`,
        ]
      : []),
    `The plan took ${formatDuration(cost.seconds)} (measured), ${formatPercent(cost.share)} of the ${marked(
      { value: cost.studySeconds, provenance: 'modelled' },
      formatDuration,
    )} of the smallest study: one training at each of ${rows.length} batch sizes.${
      cost.share > mostOfStudy
        ? ` That is more than ${formatPercent(mostOfStudy)}: a shorter run (steps) or less timing would do.`
        : ''
    }`,
  ];
}

/** The answer, with an interval that covers or why there is none. */
function predictionText({ criticalBatch, prediction, unit, recommendation: { way } }: BatchPlanResult): string {
  // Earlier versions did not tell it; it follows from what they have.
  const { interval, reason, count } = prediction.count > 0 ? prediction : predictStudied(criticalBatch.value);
  const train = `Train at B = ${formatCount(way.batchSize)} on ${devicesText(way.devices)}`;
  return interval
    ? `${train}: a study with tuned rates would find a critical batch size of about ${scaleText(interval)} ${unit}, by how far the noise scales of ${count} studies were off (95 % prediction interval).`
    : `${train}: the critical batch size is about ${examples(criticalBatch.value)} ${unit}, but how far from that a study would come out cannot be told (${reason}).`;
}

/** What a noise scale belongs to: it is no constant of the network. */
function conditionText({ run, dataset, model }: BatchPlanResult): string {
  const rate = run.learningRate === undefined ? 'the rate of the run' : `the rate ${formatNumber(run.learningRate)}`;
  return `All of it is conditional on ${model} on ${dataset} with ${run.optimizer} at ${rate}, and on the losses down to ${formatNumber(run.trainLoss)} that the run went through: the noise scale falls with the rate and grows as the loss falls.`;
}

/** Step times of a quiet machine are within some per cent of a line. */
const mostScatter = 0.15;

/** A plan should cost no more of the study that it replaces. */
const mostOfStudy = 0.05;

/** How far the plan was from the study, in a sentence or two. */
export function comparisonText({
  predicted,
  fitted,
  ratio,
  doublings,
  covered,
  foreseen,
  regret,
  costShare,
}: PlanComparison): string {
  const times = ratio >= 1 ? `${formatNumber(ratio)} times` : `1/${formatNumber(1 / ratio)} of`;
  return (
    `The plan said B_crit = ${examples(predicted)}, the study fitted ${examples(fitted)}: ${times} it, ${formatNumber(doublings, 2)} doublings off, ` +
    `${
      typeof foreseen === 'boolean'
        ? `${foreseen ? 'within' : 'outside'} the interval predicted for studies and ${covered ? 'within' : 'outside'} that of the run’s own chance`
        : `${covered ? 'within' : 'outside'} the interval of the run’s own chance`
    }. Its batch would have taken ${formatPercent(regret)} longer than the best of the table.` +
    `${costShare === null ? '' : ` The plan cost ${formatPercent(costShare)} of the study.`}`
  );
}
