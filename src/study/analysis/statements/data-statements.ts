/** Statements on data and architecture: pairs of workloads that differ in one factor. */
import { judgeDirection, judgeEquivalence, notTestable, short } from '../../../verdict/index.ts';
import { type Contrast, type Factor, ratioOf } from '../comparison.ts';
import { criticalBatchSum } from '../profile.ts';
import { at, type Judged } from './judged.ts';
import { type Observation, type Statement, statementOf } from './statement.ts';

/** What still counts as the same bend (our choice): B_crit within a factor of 1.5 both ways, less than a step of the usual grid of doublings. */
export const bendMargin = 1.5;
/** Depths of targets that still count as equal (our choice). */
const depthMargin = 0.1;

/** From the simplest data on, as the paper orders them (SVHN before CIFAR-10), and as error rates of the same network order the others (ours). */
const byComplexity = ['mnist', 'fashion-mnist', 'svhn', 'cifar10', 'cifar100'];
/** Networks that the paper finds to bend earlier than the others, at 1024. */
const early = (model: string) => /^(alexnet|mobilenet)/i.test(model);

/** Which of the two is to bend later, according to the paper: `first`, `second`, or null where it says nothing of this pair. */
function later({ factor, from, to }: Contrast): 'first' | 'second' | null {
  switch (factor) {
    case 'complexity':
      return from.complexity! < to.complexity! ? 'first' : 'second';
    case 'dataset': {
      const [a, b] = [byComplexity.indexOf(from.dataset), byComplexity.indexOf(to.dataset)];
      return a < 0 || b < 0 ? null : a < b ? 'first' : 'second';
    }
    case 'model':
      return early(from.model) === early(to.model) ? null : early(from.model) ? 'second' : 'first';
    case 'fraction':
      return null;
  }
}

export function contrasts(
  { contrasts: all, workloads }: Judged,
  factor: Factor,
  {
    id,
    statement,
    deep = false,
    every = false,
  }: { readonly id: string; readonly statement: string; readonly deep?: boolean; readonly every?: boolean },
): Statement {
  const observations = all
    .filter((c) => c.factor === factor && isTuned(workloads, c))
    .map((contrast): Observation => {
      const { from, to, strategy, target } = contrast;
      const where = `${strategy}, ${target}`;
      const claim = `B_crit of ${to.workload} over that of ${from.workload}`;
      const effect = ratioOf(contrast);
      const lacking = [from, to].find((r) => r.criticalBatch.value === null);
      const why = lacking
        ? `${lacking.workload}: ${lacking.criticalBatch.reason}`
        : 'there are no more points than the curves have numbers';
      if (factor === 'fraction') return at(where, judgeEquivalence(effect, { claim, margin: bendMargin }, why));
      const side = later(contrast);
      if (side === null) return at(where, notTestable(claim, 'the paper does not say which of the two bends later'));
      const verdict = judgeDirection(effect, { claim, expected: side === 'second' ? 'above' : 'below' }, why);
      if (!deep || verdict.outcome === 'not testable here') return at(where, verdict);
      const unequal = unequalDepth(contrast);
      if (unequal === null) return at(where, verdict);
      const outcome = 'not testable here';
      const found = verdict.outcome === 'disagrees' ? 'the bend moves the other way' : verdict.reason;
      return at(where, { ...verdict, outcome, support: null, against: null, reason: `${unequal}, and ${found}` });
    });
  return statementOf(id, statement, observations, `no two workloads differ in ${factor} alone`, { every });
}

/**
 * Whether the bend moves farther from one architecture or data set to another than from all of its examples to the smallest share that was run: |log of the one ratio| - |log of the other|,
 * both from the workload that they have in common. Which way each moves is taken as known, so the claim is easier to miss than to make where one of them hardly moves.
 */
export function kindAgainstSize({ contrasts: all, workloads }: Judged): Statement {
  const own = all.filter((c) => isTuned(workloads, c));
  const observations = own
    .filter((c) => c.factor !== 'fraction')
    .flatMap((kind) =>
      [kind.from, kind.to].flatMap((shared): Observation[] => {
        const other = shared === kind.from ? kind.to : kind.from;
        const shares = own
          .filter((c) => c.factor === 'fraction' && c.strategy === kind.strategy && c.target === kind.target)
          .flatMap(({ from, to }) =>
            from.workload === shared.workload ? [to] : to.workload === shared.workload ? [from] : [],
          )
          .sort((a, b) => a.examples - b.examples);
        const share = shares[0];
        if (!share || share.examples >= shared.examples) return [];
        const where = `${kind.strategy}, ${kind.target}`;
        const claim = `how far B_crit moves from ${shared.workload} to ${other.workload} (${kind.factor}) over how far it moves to ${share.workload}`;
        const rows = [other, share, shared];
        const unequal = kind.factor === 'model' ? null : unequalDepth(kind);
        if (unequal !== null) return [at(where, notTestable(claim, unequal))];
        const lacking = rows.find((r) => r.criticalBatch.value === null);
        if (lacking) return [at(where, notTestable(claim, `${lacking.workload}: ${lacking.criticalBatch.reason}`))];
        const curves = rows.map(({ criticalBatch: { value, points } }) => ({ points, criticalBatch: value! }));
        const [kindSign, sizeSign] = curves
          .slice(0, 2)
          .map((c) => (c.criticalBatch >= curves[2]!.criticalBatch ? 1 : -1)) as [number, number];
        const weights = [kindSign, -sizeSign, sizeSign - kindSign];
        const effect = criticalBatchSum(
          curves.map((curve, i) => ({ curve, weight: weights[i]! })).filter((t) => t.weight !== 0),
        );
        return [
          at(
            where,
            judgeDirection(
              effect,
              { claim, expected: 'above' },
              'there are no more points than the curves have numbers',
            ),
          ),
        ];
      }),
    );
  return statementOf(
    'kind-or-size',
    'Where large batches stop paying depends more on the architecture and the complexity of the data than on the number of examples.',
    observations,
    'no workload differs from one in its architecture or data and from another in the number of examples alone',
  );
}

/** Why the targets of two data sets are not known to lie equally deep; null where they do. */
function unequalDepth({ from: { depth: a }, to: { depth: b } }: Contrast): string | null {
  if (a === null || b === null)
    return 'it is not known how deep the target lies in either (trials end once it is reached)';
  return Math.abs(a - b) > depthMargin
    ? `the target lies at ${short(100 * a)} % of the way down in one and at ${short(100 * b)} % in the other`
    : null;
}

const isTuned = (workloads: Judged['workloads'], c: Contrast) =>
  workloads.find((w) => w.name === c.from.workload)!.strategies.find((s) => s.name === c.strategy)?.rates === 'tuned';
