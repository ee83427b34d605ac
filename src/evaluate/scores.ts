import { OverflowError } from '../base/errors.ts';

/** -log softmax(logits)[label] of `classes` logits from `offset`, `stride` apart, computed without overflow. */
export function crossEntropyOf(
  logits: ArrayLike<number>,
  offset: number,
  classes: number,
  label: number,
  stride = 1,
): number {
  let max = Number.NEGATIVE_INFINITY;
  for (let c = 0; c < classes; c++) max = Math.max(max, logits[offset + c * stride]!);
  let sum = 0;
  for (let c = 0; c < classes; c++) sum += Math.exp(logits[offset + c * stride]! - max);
  return Math.log(sum) + max - logits[offset + label * stride]!;
}

/** Which of `count` values from `offset`, `stride` apart, is the largest (the first one of several); -1, which is no class, where one of them is NaN. */
export function argMax(values: ArrayLike<number>, offset: number, count: number, stride = 1): number {
  let best = 0;
  for (let c = 0; c < count; c++) {
    const value = values[offset + c * stride]!;
    if (Number.isNaN(value)) return -1;
    if (value > values[offset + best * stride]!) best = c;
  }
  return best;
}

/**
 * Refuses logits that are not finite: activations that overflow float32 make NaN of them, and what is said of such a network, whose weights may all be finite, is
 * chance. Throws OverflowError; `network` names it.
 */
export function requireFiniteLogits(network: string, logits: ArrayLike<number>): void {
  if (!Array.prototype.every.call(logits, Number.isFinite)) throw new OverflowError(network);
}

/** The same where only the mean loss is known, which is finite where all logits are. */
export function requireFiniteLoss(network: string, loss: number): void {
  if (!Number.isFinite(loss)) throw new OverflowError(network);
}

/** How well the pixels of one class are found. */
export interface ClassScore {
  readonly name: string;
  /** Intersection over union: hits / (hits + misses + false alarms); undefined for a class that neither the masks nor the network have. */
  readonly iou: number | undefined;
  /** Pixels of this class in the masks. */
  readonly pixels: number;
}

/** Counts of pixels by true and predicted class. */
export class ConfusionMatrix {
  readonly #classes: number;
  readonly #counts: Float64Array;
  /** Pixels by true class to which the network gave no class. */
  readonly #unanswered: Float64Array;

  constructor(classes: number) {
    this.#classes = classes;
    this.#counts = new Float64Array(classes * classes);
    this.#unanswered = new Float64Array(classes);
  }

  /** `predicted` as of `argMax`: -1 is an answer that is wrong, and none of another class. */
  add(truth: number, predicted: number): void {
    if (predicted < 0) this.#unanswered[truth]!++;
    else this.#counts[truth * this.#classes + predicted]!++;
  }

  #pixels(truth: number): number {
    return this.#sum((t) => t === truth) + this.#unanswered[truth]!;
  }

  #sum(of: (truth: number, predicted: number) => boolean): number {
    let sum = 0;
    for (let t = 0; t < this.#classes; t++)
      for (let p = 0; p < this.#classes; p++) if (of(t, p)) sum += this.#counts[t * this.#classes + p]!;
    return sum;
  }

  /** Share of the pixels whose class is found. */
  get accuracy(): number {
    return this.#sum((t, p) => t === p) / (this.#sum(() => true) + this.#unanswered.reduce((a, b) => a + b, 0));
  }

  scores(names: readonly string[]): ClassScore[] {
    return names.map((name, c) => {
      const union = this.#sum((t, p) => t === c || p === c) + this.#unanswered[c]!;
      const iou = union === 0 ? undefined : this.#counts[c * this.#classes + c]! / union;
      return { name, iou, pixels: this.#pixels(c) };
    });
  }
}

/** Mean intersection over union of the classes that occur. */
export function meanIoU(scores: readonly ClassScore[]): number {
  const present = scores.flatMap(({ iou }) => iou ?? []);
  return present.reduce((sum, iou) => sum + iou, 0) / present.length;
}
