import { meanOf } from '../base/statistics.ts';
import {
  cannotTell,
  corrected,
  effectSize,
  judgeDirection,
  notTestable,
  shareInterval,
  type Verdict,
} from '../verdict/index.ts';
import { coefficientEffect, combinedEffect, fitMixedModel } from './mixed-model.ts';
import type { TrainedModel, Trend } from './result.ts';

interface Measure {
  readonly name: string;
  /** Null where a model does not have it. */
  readonly of: (m: TrainedModel) => number | null;
  /** Which way is less stable. */
  readonly worse: 'above' | 'below';
}

function measuresOf(models: readonly TrainedModel[]): Measure[] {
  const [first] = models;
  if (!first) return [];
  return [
    { name: 'median l2 distance to the boundary (DeepFool)', of: (m) => m.distance, worse: 'below' },
    ...first.attacks.map(
      ({ eps }, i): Measure => ({
        name: `share of right answers that fall to PGD at ${Number((255 * eps!).toPrecision(3))}/255`,
        of: ({ attacks }) => {
          const { attacked, verified } = attacks[i]!;
          return attacked > 0 ? verified / attacked : null;
        },
        worse: 'above',
      }),
    ),
    ...first.growth.flatMap(({ stage }, i): Measure[] => [
      { name: `growth of PGD until ${stage}`, of: (m) => m.growth[i]?.adversarial ?? null, worse: 'above' },
      { name: `PGD to random growth until ${stage}`, of: (m) => m.growth[i]?.ratio?.value ?? null, worse: 'above' },
    ]),
    ...first.norms.map(
      ({ name }, i): Measure => ({
        name: `largest singular value of ${name}`,
        of: (m) => m.norms[i]?.norm ?? null,
        worse: 'above',
      }),
    ),
  ];
}

/** The trends of a workload's networks, and the trial ids of those at chance, which count for none. `images`: how many the accuracies are of; `classes`: of the data. */
export function trendsAboveChance(
  models: readonly TrainedModel[],
  images: number,
  classes: number,
): { readonly atChance: string[]; readonly trends: Trend[] } {
  const counted = models.filter((m) => isAboveChance(m, images, classes));
  return {
    atChance: models.filter((m) => !counted.includes(m)).map((m) => m.trialId),
    trends: trendsOf(models, counted),
  };
}

/** Whether a network is right more often than chance would have it: its share of `images` with the exact 95 % interval above 1 / classes. */
export const isAboveChance = ({ accuracy }: TrainedModel, images: number, classes: number): boolean =>
  shareInterval(Math.round(accuracy * images), images).low > 1 / classes;

/** Update rules whose rates are in the same units; those of LARS and LAMB are not those of momentum. */
const rule = ({ optimizer, strategies }: TrainedModel): string =>
  optimizer ?? strategies.find((s) => /^(LARS|LAMB)/.test(s)) ?? 'plain';

/**
 * For each measure a linear mixed model: log2 of the batch, log2 of the rate and the training loss as regressors, a level for each update rule, seeds as random intercepts. So the effect of the batch
 * is at equal rate and loss, and strategies are not pooled into one correlation.
 *
 * @param all Of the workload: they say what is measured.
 * @param models Those that count. Networks at chance have hardly a gradient and look robust, so they must not.
 */
export function trendsOf(all: readonly TrainedModel[], models: readonly TrainedModel[]): Trend[] {
  const measures = measuresOf(all);
  const trends = measures.map(({ name, of, worse }): Trend => {
    const claim = 'change per doubling of the batch';
    const own = models.flatMap((m) => {
      const value = of(m);
      return value === null || m.trainLoss === null ? [] : [{ model: m, value, loss: m.trainLoss }];
    });
    const none = (batch: Verdict): Trend => ({
      ...{ measure: name, batch, rate: null, both: null, loss: null, networks: own.length },
    });
    if (new Set(own.map((o) => o.model.batchSize)).size < 2)
      return none(notTestable(claim, `${own.length} networks above chance, of one batch size`));
    const rules = [...new Set(own.map((o) => rule(o.model)))];
    const columns = [
      { kind: 'constant', of: () => 1 },
      { kind: 'batch', of: (o: (typeof own)[number]) => Math.log2(o.model.batchSize) },
      { kind: 'rate', of: (o: (typeof own)[number]) => Math.log2(o.model.learningRate) },
      { kind: 'loss', of: (o: (typeof own)[number]) => o.loss },
      ...rules.slice(1).map((r) => ({ kind: 'rule', of: (o: (typeof own)[number]) => (rule(o.model) === r ? 1 : 0) })),
    ].flatMap(({ kind, of: value }) => {
      const values = own.map(value);
      const mean = meanOf(values);
      const varies = values.some((v) => Math.abs(v - mean) > 1e-9 * Math.max(1, Math.abs(mean)));
      if (kind === 'constant') return [{ kind, values }];
      return varies ? [{ kind, values: values.map((v) => v - mean) }] : [];
    });
    const fit = fitMixedModel(
      own.map((o) => o.value),
      own.map((_, i) => columns.map((c) => c.values[i]!)),
      own.map((o) => o.model.seed),
    );
    if (!fit)
      return none(
        cannotTell(claim, `${own.length} networks are too few, or batch, rate and loss move together in them`),
      );
    const effectOf = (kind: string) => {
      const at = columns.findIndex((c) => c.kind === kind);
      return at < 0 ? null : coefficientEffect(fit, at);
    };
    const sizeOf = (kind: string) => {
      const effect = effectOf(kind);
      return effect && effectSize(effect);
    };
    const varies = columns.some((c) => c.kind === 'rate');
    const together = columns.map(({ kind }) => (kind === 'batch' || kind === 'rate' ? 1 : 0));
    return {
      measure: name,
      batch: judgeDirection(effectOf('batch'), { claim, expected: worse }),
      rate: sizeOf('rate'),
      both: varies ? effectSize(combinedEffect(fit, together)) : null,
      loss: sizeOf('loss'),
      networks: own.length,
    };
  });
  const verdicts = corrected(trends.map((t) => t.batch));
  return trends.map((t, i) => ({ ...t, batch: verdicts[i]! }));
}
