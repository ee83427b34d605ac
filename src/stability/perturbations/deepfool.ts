import { type Attack, countZero, succeeded } from './attack.ts';
import { copyItem, normOf, pick } from './geometry.ts';

/** The boundary is overshot by this share (the paper's value). */
const overshoot = 0.02;

/**
 * DeepFool (Moosavi-Dezfooli, Fawzi, Frossard, arXiv 1511.04599): steps to the nearest of the linearized class boundaries until the answer changes,
 * at most `steps` of them. Finds a small perturbation and has no radius of its own. In l2 a step is |f| w / ‖w‖², in linf |f| sign(w) / ‖w‖₁, f and w the
 * difference of two logits and its gradient. With a target only the boundary to that class counts. Points are clipped to the box.
 */
export const deepfool: Attack = async (classifier, items, { norm, steps, onProgress, signal }) => {
  const { size, classes, box } = classifier;
  const { count, origin, labels, targets } = items;
  const { low, high } = box ?? { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };
  const found = origin.slice();
  const sums = new Float32Array(origin.length);
  const rivals = classes - 1;
  let open = Array.from({ length: count }, (_, item) => item);
  const first = await classifier.logits(origin);
  open = open.filter((item) => !succeeded(items, first, item, classes));
  let zeroGradients = 0;
  for (let step = 0; step < steps && open.length > 0; step++) {
    signal?.throwIfAborted();
    // One example of the batch for each rival class of each open item: its weights pick z_rival - z_label.
    const rows = open.flatMap((item) => Array.from({ length: targets ? 1 : rivals }, () => item));
    const weights = new Float32Array(rows.length * classes);
    rows.forEach((item, row) => {
      const label = labels[item]!;
      const k = row % rivals;
      const rival = targets ? targets[item]! : k < label ? k : k + 1;
      weights[row * classes + rival] = 1;
      weights[row * classes + label] = -1;
    });
    const { losses, gradients } = await classifier.gradient('linear', pick(found, rows, size), weights);
    if (step === 0) zeroGradients = countZero(gradients, rows.length);
    const perItem = rows.length / open.length;
    open.forEach((item, position) => {
      let [nearest, distance] = [-1, Number.POSITIVE_INFINITY];
      for (let r = position * perItem; r < (position + 1) * perItem; r++) {
        const length = norm === 'l2' ? normOf('l2', gradients, r, size) : sumOfAbsolutes(gradients, r, size);
        const own = length > 0 ? Math.abs(losses[r]!) / length : Number.POSITIVE_INFINITY;
        if (own < distance) [nearest, distance] = [r, own];
      }
      if (nearest < 0) return;
      const length = norm === 'l2' ? normOf('l2', gradients, nearest, size) : 1;
      // The paper's small constant, so that a point on the boundary moves on.
      const step = distance + 1e-4;
      for (let i = 0; i < size; i++) {
        const g = gradients[nearest * size + i]!;
        const at = item * size + i;
        sums[at]! += norm === 'l2' ? (step * g) / length : step * Math.sign(g);
        found[at] = Math.min(high, Math.max(low, origin[at]! + (1 + overshoot) * sums[at]!));
      }
    });
    const logits = await classifier.logits(pick(found, open, size));
    const own = {
      labels: Int32Array.from(open, (i) => labels[i]!),
      targets: targets && Int32Array.from(open, (i) => targets[i]!),
    };
    open = open.filter((_, position) => !succeeded(own, logits, position, classes));
    onProgress?.(Math.max((step + 1) / steps, 1 - open.length / count));
  }
  // What was not fooled is given back as it came: a failed search has no perturbation.
  const claimed = new Uint8Array(count).fill(1);
  for (const item of open) {
    copyItem(found, origin, item, size);
    claimed[item] = 0;
  }
  return { adversarial: found, claimed, successesByStep: [], zeroGradients };
};

function sumOfAbsolutes(block: Float32Array, item: number, size: number): number {
  let sum = 0;
  for (let i = item * size; i < (item + 1) * size; i++) sum += Math.abs(block[i]!);
  return sum;
}
