import { RandomStream } from '../../base/random.ts';
import { crossEntropyOf } from '../../evaluate/index.ts';
import { type Attack, type AttackItems, type AttackOptions, countZero, goalsOf, succeeded } from './attack.ts';
import type { DifferentiableClassifier } from './classifier.ts';
import { ascend, copyItem, normOf, projectInto } from './geometry.ts';

/** A point of the ball: uniform in every coordinate (linf), or a uniform direction with a uniform length (l2). */
export function startInBall(
  { ids, origin, radii }: AttackItems,
  { size, box }: Pick<DifferentiableClassifier, 'size' | 'box'>,
  { norm, seed }: Pick<AttackOptions, 'norm' | 'seed'>,
  restart: number,
): Float32Array {
  const x = origin.slice();
  radii.forEach((radius, item) => {
    const stream = new RandomStream({ seed, purpose: 'perturbation/start', step: restart, index: ids[item]! });
    const own = x.subarray(item * size, (item + 1) * size);
    if (norm === 'linf') {
      for (let i = 0; i < size; i++) own[i]! += radius * (2 * stream.uniform() - 1);
    } else {
      const direction = stream.fillNormal(new Float32Array(size));
      const scale = (radius * stream.uniform()) / normOf('l2', direction, 0, size);
      for (let i = 0; i < size; i++) own[i]! += scale * direction[i]!;
    }
  });
  projectInto(x, origin, radii, { norm, box, size });
  return x;
}

/**
 * Projected gradient descent (Madry et al., arXiv 1706.06083): `steps` steps of steepest ascent of the cross-entropy, each followed by the
 * projection onto ball and box; towards a target the cross-entropy of the target descends. With several restarts an example keeps its
 * first success, else the end of the restart with the highest loss.
 */
export const pgd: Attack = async (classifier, items, options) => {
  const { size, box, classes } = classifier;
  const { count, origin, radii, targets } = items;
  const { norm, steps, stepSize, restarts, randomStart, loss: raised = 'crossEntropy', onProgress, signal } = options;
  const sign = targets ? -1 : 1;
  const lengths = radii.map((radius) => sign * (stepSize ?? radius / 4));
  const kept = origin.slice();
  const done = new Uint8Array(count);
  const bestLoss = new Float32Array(count).fill(Number.NEGATIVE_INFINITY);
  const successesByStep: number[] = [];
  let zeroGradients = 0;
  for (let restart = 0; restart < restarts; restart++) {
    const x = randomStart || restart > 0 ? startInBall(items, classifier, options, restart) : origin.slice();
    for (let step = 0; step < steps; step++) {
      signal?.throwIfAborted();
      const { logits, gradients } = await classifier.gradient(raised, x, goalsOf(items));
      if (restart === 0 && step === 0) zeroGradients = countZero(gradients, count);
      if (restart === 0 && step > 0) successesByStep.push(countSuccesses(items, logits, classes));
      ascend(x, gradients, lengths, { norm, size });
      projectInto(x, origin, radii, { norm, box, size });
      onProgress?.((restart * steps + step + 1) / (restarts * steps));
    }
    const logits = await classifier.logits(x);
    if (restart === 0) successesByStep.push(countSuccesses(items, logits, classes));
    for (let item = 0; item < count; item++) {
      if (done[item]) continue;
      const success = succeeded(items, logits, item, classes);
      const loss = restarts === 1 ? 0 : lossOf(items, logits, item, classes);
      if (success || loss > bestLoss[item]!) {
        copyItem(kept, x, item, size);
        bestLoss[item] = loss;
        done[item] = success ? 1 : 0;
      }
    }
  }
  return { adversarial: kept, claimed: done, successesByStep, zeroGradients };
};

/** One step of the length of the radius (Goodfellow, Shlens, Szegedy, arXiv 1412.6572); in l2 along the gradient. */
export const fgsm: Attack = async (classifier, items, { norm, loss = 'crossEntropy' }) => {
  const { size, box, classes } = classifier;
  const { count, origin, radii, targets } = items;
  const x = origin.slice();
  const { gradients } = await classifier.gradient(loss, x, goalsOf(items));
  ascend(x, gradients, targets ? radii.map((r) => -r) : radii, { norm, size });
  projectInto(x, origin, radii, { norm, box, size });
  const logits = await classifier.logits(x);
  const claimed = successes(items, logits, classes);
  return { adversarial: x, claimed, successesByStep: [], zeroGradients: countZero(gradients, count) };
};

const successes = (items: AttackItems, logits: Float32Array, classes: number): Uint8Array =>
  Uint8Array.from({ length: items.count }, (_, item) => (succeeded(items, logits, item, classes) ? 1 : 0));

const countSuccesses = (items: AttackItems, logits: Float32Array, classes: number): number =>
  successes(items, logits, classes).reduce((n, s) => n + s, 0);

/** Cross-entropy of the label, or less that of the target: what the attack wants to be large. */
function lossOf({ labels, targets }: AttackItems, logits: Float32Array, item: number, classes: number): number {
  const loss = crossEntropyOf(logits, item * classes, classes, (targets ?? labels)[item]!);
  return targets ? -loss : loss;
}
