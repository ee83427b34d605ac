/** Branches of training the noisy quadratic model (Zhang et al. 2019, 1907.04164), drawn at random, and B* in closed form. */
import { RandomStream } from '../../../src/base/random.ts';
import { type BranchedCritical, criticalOf } from '../../../src/study/branch/critical.ts';
import type { BranchOutcome } from '../../../src/study/branch/judged.ts';
import { type BranchProtocol, ladder, type RateRule, rateFactor } from '../../../src/study/branch/protocol.ts';
import { nextBranches } from '../../../src/study/branch/search.ts';

/** Eigenvalues h_i = 1 / sqrt(i), noise c_i = h_i. */
export const spectrum = Array.from({ length: 100 }, (_, i) => 1 / Math.sqrt(i + 1));

const riskAt = (theta: readonly number[]) => spectrum.reduce((sum, h, i) => sum + 0.5 * h * theta[i]! ** 2, 0);

export interface Sgd {
  readonly batch: number;
  readonly rate: number;
  readonly steps: number;
}

/** Where SGD with gradients H theta + noise of variance c / B comes to, the draws of a step and direction independent normal ones. */
export function trained(theta: readonly number[], { batch, rate, steps }: Sgd, stream: RandomStream): number[] {
  const at = [...theta];
  const scale = spectrum.map((h) => Math.sqrt(h / batch));
  for (let step = 0; step < steps; step++)
    for (let i = 0; i < at.length; i++) at[i]! -= rate * (spectrum[i]! * at[i]! + scale[i]! * stream.normal());
  return at;
}

/** E[risk] after SGD from a known theta: along each direction E[theta²] = rho^S theta² + (1 - rho^S) a, rho = (1 - r h)², a = r c / (B h (2 - r h)). */
export function expectedRisk(theta: readonly number[], { batch, rate, steps }: Sgd): number {
  return spectrum.reduce((sum, h, i) => {
    if (rate * h >= 2) return Number.POSITIVE_INFINITY;
    const stationary = rate / (batch * (2 - rate * h));
    const left = ((1 - rate * h) ** 2) ** steps;
    return sum + 0.5 * h * (left * theta[i]! ** 2 + (1 - left) * stationary);
  }, 0);
}

export interface QuadraticMoment {
  readonly theta: readonly number[];
  readonly batch: number;
  readonly rate: number;
  readonly rule: RateRule;
  /** Delta: examples of a branch. */
  readonly examples: number;
}

const branchOf = ({ batch, rate, rule, examples }: QuadraticMoment, batchSize: number): Sgd => ({
  batch: batchSize,
  rate: rate * rateFactor(rule, batchSize / batch),
  steps: examples / batchSize,
});

/** The batch size whose expected difference to the moment's own is the margin, by bisection on the closed form; steps as a real number. */
export function exactCritical(moment: QuadraticMoment, margin: number): number {
  const own = expectedRisk(moment.theta, branchOf(moment, moment.batch));
  const worse = (batchSize: number) => expectedRisk(moment.theta, branchOf(moment, batchSize)) - own > margin;
  let [low, high] = [moment.batch, 2 * moment.batch];
  while (!worse(high)) [low, high] = [high, 2 * high];
  for (let i = 0; i < 60; i++) {
    const middle = Math.sqrt(low * high);
    if (worse(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** The search of a moment with drawn branches; `examples` is what they took. */
export function branched(
  moment: QuadraticMoment,
  protocol: BranchProtocol,
  seed: number,
): { readonly critical: BranchedCritical; readonly examples: number } {
  const rungs = ladder(moment.batch, protocol);
  const outcomes: BranchOutcome[] = [];
  let examples = 0;
  for (;;) {
    const wishes = nextBranches({ rungs, outcomes, protocol });
    if (wishes.length === 0) return { critical: criticalOf(rungs, outcomes, protocol), examples };
    for (const { batchSize, order } of wishes) {
      const sgd = branchOf(moment, batchSize);
      const steps = Math.round(sgd.steps);
      const stream = new RandomStream({ seed, purpose: 'branch', step: order, index: batchSize });
      const loss = riskAt(trained(moment.theta, { ...sgd, steps }, stream));
      outcomes.push({ batchSize, order, loss: Number.isFinite(loss) ? loss : null });
      examples += steps * batchSize;
    }
  }
}

/** Examples of a whole study of the batch size to a target: each batch size with each rate and seed, to the target or the budget, by the closed form from theta = 1. */
export function studyExamples({
  batchSizes,
  rates,
  seeds,
  target,
  budget,
}: {
  readonly batchSizes: readonly number[];
  readonly rates: readonly number[];
  readonly seeds: number;
  readonly target: number;
  /** In examples, of a trial. */
  readonly budget: number;
}): number {
  const start = spectrum.map(() => 1);
  let sum = 0;
  for (const batch of batchSizes)
    for (const rate of rates) {
      const reached = (steps: number) => expectedRisk(start, { batch, rate, steps }) <= target;
      const most = Math.floor(budget / batch);
      let steps = 1;
      while (steps < most && !reached(steps)) steps = Math.min(most, Math.ceil(steps * 1.02));
      sum += seeds * steps * batch;
    }
  return sum;
}
