import { argMax } from '../../evaluate/index.ts';
import type { DifferentiableClassifier } from './classifier.ts';
import type { Norm } from './geometry.ts';

/** What is attacked: examples, each with a radius of its own, so that many radii go in one call. */
export interface AttackItems {
  readonly count: number;
  /** [count], positions in the data set: what is random for an example depends on its own. */
  readonly ids: Int32Array;
  /** [count, size], inside the classifier's box. */
  readonly origin: Float32Array;
  /** The right answers. */
  readonly labels: Int32Array;
  /** The wrong answers that are wanted; null for any. */
  readonly targets: Int32Array | null;
  /** [count] in the norm of the attack, 0 or more; Infinity for attacks that look for the smallest perturbation. */
  readonly radii: Float32Array;
}

/** How far an attack may go, in how many steps, from which seed. */
export interface AttackOptions {
  readonly norm: Norm;
  readonly steps: number;
  /** Length of a step of PGD in the norm, a quarter of each radius unless told; for Carlini-Wagner the rate of Adam, 0.01 unless told. */
  readonly stepSize?: number | undefined;
  readonly restarts: number;
  readonly randomStart: boolean;
  readonly seed: number;
  /** What FGSM and PGD raise; the cross-entropy unless told. The margin has a gradient where a softmax is saturated. */
  readonly loss?: 'crossEntropy' | 'margin' | undefined;
  readonly onProgress?: ((fraction: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface AttackRun {
  /** [count, size] */
  readonly adversarial: Float32Array;
  /** 1 where the attack believes to have succeeded, [count]. */
  readonly claimed: Uint8Array;
  /** How many examples the point after each step fools (not: any point so far), for attacks that keep the last point; empty for those that keep their best. */
  readonly successesByStep: readonly number[];
  /** Examples whose gradient was zero throughout at the first step. */
  readonly zeroGradients: number;
}

export type Attack = (
  classifier: DifferentiableClassifier,
  items: AttackItems,
  options: AttackOptions,
) => Promise<AttackRun>;

/** What the loss is about: the target where there is one, else the label. */
export const goalsOf = ({ labels, targets }: AttackItems): Int32Array => targets ?? labels;

/** Whether logits at `item` are what the attack wants: the target, or anything but the label. */
export function succeeded(
  { labels, targets }: Pick<AttackItems, 'labels' | 'targets'>,
  logits: Float32Array,
  item: number,
  classes: number,
): boolean {
  const best = argMax(logits, item * classes, classes);
  return targets ? best === targets[item] : best !== labels[item];
}

/** How many vectors of a block are zero throughout. */
export function countZero(block: Float32Array, count: number): number {
  const size = block.length / count;
  let zero = 0;
  for (let item = 0; item < count; item++) {
    if (block.subarray(item * size, (item + 1) * size).every((value) => value === 0)) zero++;
  }
  return zero;
}
