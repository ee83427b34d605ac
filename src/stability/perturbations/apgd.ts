import { type Attack, type AttackItems, countZero, goalsOf, succeeded } from './attack.ts';
import type { DifferentiableClassifier, LossGradient } from './classifier.ts';
import { ascend, copyItem, projectInto } from './geometry.ts';
import { startInBall } from './pgd.ts';

/** Share of the last step in the momentum. */
const momentum = 0.75;
/** A step is halved when fewer than this share of the steps since the last check raised the loss. */
const risingShare = 0.75;

/**
 * Below so many steps the paper's choices, made for 100, waste gradients: a first step of twice the radius only leaves the ball, and a check after every
 * single step halves on chance. There the first step is the radius, and a check follows two steps at least. On 100 images of ResNet-56 with 10
 * gradients this is as strong as PGD or stronger, where the paper's choices are weaker in the max norm.
 */
const fewSteps = 50;

/** Steps at which the lengths are looked at: gaps of 22 % of all steps, then shorter by 3 % each down to 6 %. */
export function checkpoints(steps: number): Set<number> {
  const found = new Set<number>();
  const least = steps < fewSteps ? 2 : 1;
  let [gap, at] = [Math.max(least, Math.floor(0.22 * steps)), 0];
  while (at + gap <= steps) {
    at += gap;
    found.add(at);
    gap = Math.max(Math.max(least, Math.floor(0.06 * steps)), gap - Math.max(1, Math.floor(0.03 * steps)));
  }
  return found;
}

/**
 * Auto-PGD with the cross-entropy (Croce, Hein, arXiv 2003.01690, algorithm 1): momentum, steps that begin at twice the radius (`fewSteps`: at
 * the radius) and are halved for each example where the loss rises too rarely or no better point was found, going back to the best point. An example keeps the first
 * point at which it succeeds, else the one with the highest loss. `stepSize` is not used.
 */
export const apgd: Attack = async (classifier, items, options) => {
  const { size } = classifier;
  const { count, origin } = items;
  const kept = origin.slice();
  const done = new Uint8Array(count);
  const bestLoss = new Float64Array(count).fill(Number.NEGATIVE_INFINITY);
  let zeroGradients = 0;
  for (let restart = 0; restart < options.restarts; restart++) {
    const run = new Ascent(
      classifier,
      items,
      options.norm,
      options.steps < fewSteps ? 1 : 2,
      options.randomStart || restart > 0 ? startInBall(items, classifier, options, restart) : origin.slice(),
    );
    await run.begin();
    if (restart === 0) zeroGradients = countZero(run.gradient, count);
    const checks = checkpoints(options.steps);
    for (let step = 1; step <= options.steps; step++) {
      options.signal?.throwIfAborted();
      await run.step(step);
      if (checks.has(step)) run.check(step);
      options.onProgress?.((restart * options.steps + step) / (options.restarts * options.steps));
    }
    for (let item = 0; item < count; item++) {
      const [success, loss] = [run.done[item] === 1, run.bestLoss[item]!];
      if (done[item] || (!success && loss <= bestLoss[item]!)) continue;
      copyItem(kept, success ? run.adversarial : run.best, item, size);
      bestLoss[item] = loss;
      done[item] = success ? 1 : 0;
    }
  }
  return { adversarial: kept, claimed: done, successesByStep: [], zeroGradients };
};

/** One restart for all examples at once; each has its own step length. */
class Ascent {
  /** First points at which the examples succeed. */
  readonly adversarial: Float32Array;
  readonly done: Uint8Array;
  /** Points of the highest loss. */
  readonly best: Float32Array;
  readonly bestLoss: Float64Array;
  gradient: Float32Array = new Float32Array(0);
  readonly #classifier: DifferentiableClassifier;
  readonly #items: AttackItems;
  readonly #norm: 'linf' | 'l2';
  /** +1 to raise the loss of the label, -1 to lower that of the target. */
  readonly #sign: number;
  readonly #bestGradient: Float32Array;
  readonly #lengths: Float32Array;
  #x: Float32Array;
  #before: Float32Array;
  #loss: Float64Array;
  /** How often the loss has risen since the last check. */
  readonly #rises: Int32Array;
  readonly #lossAtCheck: Float64Array;
  readonly #halvedAtCheck: Uint8Array;
  #lastCheck = 0;

  /** `reach`: the first step's length, in radii. */
  constructor(
    classifier: DifferentiableClassifier,
    items: AttackItems,
    norm: 'linf' | 'l2',
    reach: number,
    start: Float32Array,
  ) {
    this.#classifier = classifier;
    this.#items = items;
    this.#norm = norm;
    this.#sign = items.targets ? -1 : 1;
    this.#x = start;
    this.#before = start.slice();
    this.adversarial = start.slice();
    this.best = start.slice();
    this.done = new Uint8Array(items.count);
    this.bestLoss = new Float64Array(items.count).fill(Number.NEGATIVE_INFINITY);
    this.#bestGradient = new Float32Array(start.length);
    this.#lengths = items.radii.map((r) => reach * r);
    this.#loss = new Float64Array(items.count);
    this.#rises = new Int32Array(items.count);
    this.#lossAtCheck = new Float64Array(items.count);
    this.#halvedAtCheck = new Uint8Array(items.count).fill(1);
  }

  #seen({ logits, losses, gradients }: LossGradient): void {
    const { size, classes } = this.#classifier;
    this.gradient = gradients;
    for (let item = 0; item < this.#items.count; item++) {
      const loss = this.#sign * losses[item]!;
      if (loss > this.#loss[item]!) this.#rises[item]!++;
      this.#loss[item] = loss;
      if (!this.done[item] && succeeded(this.#items, logits, item, classes)) {
        this.done[item] = 1;
        copyItem(this.adversarial, this.#x, item, size);
      }
      if (loss > this.bestLoss[item]!) {
        this.bestLoss[item] = loss;
        copyItem(this.best, this.#x, item, size);
        copyItem(this.#bestGradient, gradients, item, size);
      }
    }
  }

  async begin(): Promise<void> {
    this.#seen(await this.#classifier.gradient('crossEntropy', this.#x, goalsOf(this.#items)));
    this.#rises.fill(0);
    this.#lossAtCheck.set(this.bestLoss);
  }

  async step(step: number): Promise<void> {
    const { size, box } = this.#classifier;
    const { origin, radii } = this.#items;
    const ball = { norm: this.#norm, box, size };
    const next = this.#x.slice();
    const lengths = this.#sign > 0 ? this.#lengths : this.#lengths.map((l) => -l);
    ascend(next, this.gradient, lengths, ball);
    projectInto(next, origin, radii, ball);
    const share = step === 1 ? 1 : momentum;
    for (let i = 0; i < next.length; i++) {
      const x = this.#x[i]!;
      next[i] = x + share * (next[i]! - x) + (1 - share) * (x - this.#before[i]!);
    }
    projectInto(next, origin, radii, ball);
    [this.#before, this.#x] = [this.#x, next];
    this.#seen(await this.#classifier.gradient('crossEntropy', next, goalsOf(this.#items)));
  }

  /** Halves the steps of the examples that do not get on, and puts these back to their best point. */
  check(step: number): void {
    const { size } = this.#classifier;
    const since = step - this.#lastCheck;
    for (let item = 0; item < this.#items.count; item++) {
      const swings = this.#rises[item]! <= risingShare * since;
      const stuck = !this.#halvedAtCheck[item] && this.bestLoss[item]! <= this.#lossAtCheck[item]!;
      const halve = swings || stuck;
      this.#halvedAtCheck[item] = halve ? 1 : 0;
      this.#lossAtCheck[item] = this.bestLoss[item]!;
      if (!halve) continue;
      this.#lengths[item]! /= 2;
      copyItem(this.#x, this.best, item, size);
      copyItem(this.gradient, this.#bestGradient, item, size);
      this.#loss[item] = this.bestLoss[item]!;
    }
    this.#rises.fill(0);
    this.#lastCheck = step;
  }
}
