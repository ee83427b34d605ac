import { InputError } from '../../base/errors.ts';
import { type Attack, type AttackItems, countZero, goalsOf, succeeded } from './attack.ts';
import type { DifferentiableClassifier } from './classifier.ts';
import { copyItem } from './geometry.ts';

/** Values of c, as in the paper's implementation. */
export const constantsTried = 9;
/** Ten times the paper's: below, no image of the networks at hand was reached, and a ninth of the gradients wasted. */
const firstConstant = 1e-2;
const largestConstant = 1e10;
const [beta1, beta2, tiny] = [0.9, 0.999, 1e-8];
/**
 * Where a perturbation is known, the next search takes steps of at most this share of its root mean square a pixel. With the usual rate of 0.01 a single
 * step of Adam is longer than the whole perturbation of a network that has not been trained against attacks.
 */
const stepShare = 0.3;
/** Predictions that pull a success back to the boundary. */
const pulls = 6;
/** Keeps atanh finite at pixels of exactly 0 and 1. */
const inside = 0.999999;

/**
 * Carlini and Wagner's l2 attack (arXiv 1608.04644): minimizes ‖x' - x‖² + c max(margin, 0) by Adam (rate `stepSize`, `steps` steps), for nine values of c found by
 * bisection for each example. In the box by x' = (tanh w + 1) / 2; where there is no box the perturbation itself is varied. Finds a small perturbation and
 * has no radius of its own: an example keeps the smallest success. Two things are not the paper's: steps shrink with the perturbation (`stepShare`),
 * and in the end a success is pulled back to the boundary along its line.
 */
export const carliniWagner: Attack = async (
  classifier,
  items,
  { norm, steps, stepSize = 0.01, onProgress, signal },
) => {
  if (norm !== 'l2') throw new InputError('norm', 'the Carlini-Wagner attack is for l2');
  const { size, classes, box } = classifier;
  const { count, origin, targets } = items;
  const [centre, half] = box ? [(box.low + box.high) / 2, (box.high - box.low) / 2] : [0, 1];
  const toPixel = box ? (w: number) => centre + half * Math.tanh(w) : (w: number) => w;
  const slope = box ? (x: number) => half * (1 - ((x - centre) / half) ** 2) : () => 1;
  const start = box ? origin.map((x) => Math.atanh(((x - centre) / half) * inside)) : origin.slice();
  const best = origin.slice();
  const bestSquares = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  const [low, high] = [new Float64Array(count), new Float64Array(count).fill(largestConstant)];
  const constants = new Float64Array(count).fill(firstConstant);
  let zeroGradients = 0;
  for (let search = 0; search < constantsTried; search++) {
    const w = start.slice();
    const [m, v] = [new Float32Array(w.length), new Float32Array(w.length)];
    const reached = new Uint8Array(count);
    const rates = Float64Array.from(bestSquares, (squares) =>
      Math.min(stepSize, (stepShare * Math.sqrt(squares / size)) / half),
    );
    let previous = Number.POSITIVE_INFINITY;
    for (let step = 1; step <= steps; step++) {
      signal?.throwIfAborted();
      const x = w.map(toPixel);
      const { logits, losses, gradients } = await classifier.gradient('margin', x, goalsOf(items));
      if (search === 0 && step === 1) zeroGradients = countZero(gradients, count);
      let objective = 0;
      const unbiased = Math.sqrt(1 - beta2 ** step) / (1 - beta1 ** step);
      for (let item = 0; item < count; item++) {
        const rate = rates[item]! * unbiased;
        // Positive as long as the wish is not met: less the margin of the label, or the margin against the target.
        const lack = targets ? losses[item]! : -losses[item]!;
        const weight = lack > 0 ? constants[item]! * (targets ? 1 : -1) : 0;
        let squares = 0;
        for (let i = item * size; i < (item + 1) * size; i++) {
          const move = x[i]! - origin[i]!;
          squares += move * move;
        }
        objective += squares + constants[item]! * Math.max(0, lack);
        if (succeeded(items, logits, item, classes)) {
          reached[item] = 1;
          if (squares < bestSquares[item]!) {
            bestSquares[item] = squares;
            copyItem(best, x, item, size);
          }
        }
        for (let i = item * size; i < (item + 1) * size; i++) {
          const g = (2 * (x[i]! - origin[i]!) + weight * gradients[i]!) * slope(x[i]!);
          m[i] = beta1 * m[i]! + (1 - beta1) * g;
          v[i] = beta2 * v[i]! + (1 - beta2) * g * g;
          w[i]! -= (rate * m[i]!) / (Math.sqrt(v[i]!) + tiny);
        }
      }
      onProgress?.((search * steps + step) / (constantsTried * steps));
      // As in the paper: no progress within a tenth of the steps ends the search for this constant.
      if (step % Math.max(1, Math.floor(steps / 10)) === 0) {
        if (objective > 0.9999 * previous) break;
        previous = objective;
      }
    }
    for (let item = 0; item < count; item++) {
      if (reached[item]) high[item] = Math.min(high[item]!, constants[item]!);
      else low[item] = Math.max(low[item]!, constants[item]!);
      constants[item] = high[item]! < largestConstant ? (low[item]! + high[item]!) / 2 : constants[item]! * 10;
    }
  }
  const claimed = Uint8Array.from(bestSquares, (s) => (Number.isFinite(s) ? 1 : 0));
  await pullBack(classifier, items, best, claimed);
  return { adversarial: best, claimed, successesByStep: [], zeroGradients };
};

/** Replaces successes by the nearest success on the line to where they came from, found by bisection of its last tenth. */
async function pullBack(
  classifier: DifferentiableClassifier,
  items: AttackItems,
  best: Float32Array,
  claimed: Uint8Array,
): Promise<void> {
  const { size, classes } = classifier;
  const { origin, count } = items;
  const far = best.slice();
  const [low, high] = [new Float64Array(count).fill(0.9), new Float64Array(count).fill(1)];
  for (let pull = 0; pull < pulls; pull++) {
    const at = low.map((l, item) => (l + high[item]!) / 2);
    const x = far.map((v, i) => {
      const from = origin[i]!;
      return from + at[Math.floor(i / size)]! * (v - from);
    });
    const logits = await classifier.logits(x);
    for (let item = 0; item < count; item++) {
      if (!claimed[item]) continue;
      if (succeeded(items, logits, item, classes)) {
        high[item] = at[item]!;
        copyItem(best, x, item, size);
      } else low[item] = at[item]!;
    }
  }
}
