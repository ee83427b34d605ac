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

/** Which of `count` values from `offset`, `stride` apart, is the largest (the first one of several). */
export function argMax(values: ArrayLike<number>, offset: number, count: number, stride = 1): number {
  let best = 0;
  for (let c = 1; c < count; c++) if (values[offset + c * stride]! > values[offset + best * stride]!) best = c;
  return best;
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

  constructor(classes: number) {
    this.#classes = classes;
    this.#counts = new Float64Array(classes * classes);
  }

  add(truth: number, predicted: number): void {
    this.#counts[truth * this.#classes + predicted]!++;
  }

  #sum(of: (truth: number, predicted: number) => boolean): number {
    let sum = 0;
    for (let t = 0; t < this.#classes; t++)
      for (let p = 0; p < this.#classes; p++) if (of(t, p)) sum += this.#counts[t * this.#classes + p]!;
    return sum;
  }

  /** Share of the pixels whose class is found. */
  get accuracy(): number {
    return this.#sum((t, p) => t === p) / this.#sum(() => true);
  }

  scores(names: readonly string[]): ClassScore[] {
    return names.map((name, c) => {
      const union = this.#sum((t, p) => t === c || p === c);
      const iou = union === 0 ? undefined : this.#counts[c * this.#classes + c]! / union;
      return { name, iou, pixels: this.#sum((t) => t === c) };
    });
  }
}

/** Mean intersection over union of the classes that occur. */
export function meanIoU(scores: readonly ClassScore[]): number {
  const present = scores.flatMap(({ iou }) => iou ?? []);
  return present.reduce((sum, iou) => sum + iou, 0) / present.length;
}
