import { leastOf } from '../../base/statistics.ts';
import type { Tradeoff, TradeoffPoint } from '../../schema/index.ts';

export type { Tradeoff, TradeoffPoint };
export const tradeoffSteps = ({ minSteps, minExamples }: Tradeoff, batchSize: number): number =>
  minSteps + minExamples / batchSize;

type Pair = readonly [number, number];

/** Weighted squares of residuals in log space, with their gradient and Gauss-Newton matrix in (log Smin, log Emin). */
function objective(points: readonly TradeoffPoint[], [a, b]: Pair) {
  let [cost, ga, gb, haa, hab, hbb] = [0, 0, 0, 0, 0, 0];
  for (const { batchSize, steps, censored, weight } of points) {
    const [constant, falling] = [Math.exp(a), Math.exp(b) / batchSize];
    const r = Math.log(steps) - Math.log(constant + falling);
    if (censored && r < 0) continue;
    const p = constant / (constant + falling);
    cost += weight * r * r;
    ga += weight * r * p;
    gb += weight * r * (1 - p);
    haa += weight * p * p;
    hab += weight * p * (1 - p);
    hbb += weight * (1 - p) ** 2;
  }
  return { cost, ga, gb, haa, hab, hbb };
}

/** Least squares of relative errors, linear in (Smin, Emin): the start. Neither may leave the positive numbers. */
function start(points: readonly TradeoffPoint[]): Pair {
  let [s11, s12, s22, t1, t2] = [0, 0, 0, 0, 0];
  for (const { batchSize, steps, weight } of points) {
    const [x, y] = [1 / steps, 1 / (batchSize * steps)];
    s11 += weight * x * x;
    s12 += weight * x * y;
    s22 += weight * y * y;
    t1 += weight * x;
    t2 += weight * y;
  }
  const determinant = s11 * s22 - s12 * s12;
  const least = {
    steps: leastOf(points.map((p) => p.steps)),
    examples: leastOf(points.map((p) => p.batchSize * p.steps)),
  };
  const minSteps = (t1 * s22 - t2 * s12) / determinant;
  const minExamples = (t2 * s11 - t1 * s12) / determinant;
  const within = (x: number, top: number) => Math.log(x > 1e-3 * top ? x : 1e-3 * top);
  return [within(minSteps, least.steps), within(minExamples, least.examples)];
}

/**
 * Weighted least squares of log S (Levenberg and Marquardt). Needs reached points at two different batch sizes or more; whether what comes out
 * means anything is for `criticalBatchOf` to judge. Null for fewer.
 */
export function fitTradeoff(points: readonly TradeoffPoint[]): Tradeoff | null {
  const reached = points.filter((p) => !p.censored);
  if (new Set(reached.map((p) => p.batchSize)).size < 2) return null;
  let at = start(reached);
  let now = objective(points, at);
  let damping = 1e-3;
  for (let iteration = 0; iteration < 300; iteration++) {
    const [haa, hbb] = [now.haa * (1 + damping) + 1e-15, now.hbb * (1 + damping) + 1e-15];
    const determinant = haa * hbb - now.hab ** 2;
    const step: Pair = [
      (now.ga * hbb - now.gb * now.hab) / determinant,
      (now.gb * haa - now.ga * now.hab) / determinant,
    ];
    // Far out on a limb that the data do not see, a step may be huge: nothing is learnt beyond e^-30 of the data.
    const tried: Pair = [at[0] + clamp(step[0]), at[1] + clamp(step[1])];
    const next = objective(points, tried);
    if (next.cost <= now.cost) {
      const done = Math.hypot(tried[0] - at[0], tried[1] - at[1]) < 1e-13;
      [at, now, damping] = [tried, next, Math.max(1e-12, damping / 10)];
      if (done) break;
    } else {
      damping *= 10;
      if (damping > 1e12) break;
    }
  }
  const [minSteps, minExamples] = [Math.exp(at[0]), Math.exp(at[1])];
  const fit = { minSteps, minExamples, criticalBatch: minExamples / minSteps, residual: 0 };
  const weight = reached.reduce((sum, p) => sum + p.weight, 0);
  const squares = reached.reduce(
    (sum, p) => sum + p.weight * Math.log(p.steps / tradeoffSteps(fit, p.batchSize)) ** 2,
    0,
  );
  return { ...fit, residual: Math.sqrt(squares / weight) };
}

const clamp = (x: number) => Math.max(-2, Math.min(2, x));
