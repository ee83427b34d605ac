import { InputError } from '../../base/errors.ts';
import { didYouMean } from '../../base/names.ts';
import { RandomStream } from '../../base/random.ts';
import { argMax } from '../../evaluate/index.ts';
import { attacks as names } from '../../schema/index.ts';
import { apgd } from './apgd.ts';
import { type Attack, type AttackItems, type AttackOptions, succeeded } from './attack.ts';
import { carliniWagner, constantsTried } from './carlini-wagner.ts';
import type { DifferentiableClassifier } from './classifier.ts';
import { deepfool } from './deepfool.ts';
import { difference, type Norm, normOf, pick } from './geometry.ts';
import { fgsm, pgd } from './pgd.ts';

/** What an attack is to be told, as far as its cost goes. */
export interface AttackCost {
  readonly images: number;
  readonly radii: number;
  readonly steps: number;
  readonly restarts: number;
  readonly classes: number;
}

/** All that an attack says of itself. */
export interface AttackDescription {
  readonly name: string;
  /** In half a sentence, for help and messages. */
  readonly what: string;
  readonly run: Attack;
  /** Looks for the smallest perturbation instead of staying within a radius. */
  readonly smallest: boolean;
  /** Those that it is for; all unless told. */
  readonly norms?: readonly Norm[];
  /** Gradients that it takes at most, of one image each. */
  readonly gradients: (cost: AttackCost) => number;
}

const tries = ({ images, radii, restarts }: AttackCost) => images * Math.max(1, radii) * restarts;

type BuiltIn = Omit<AttackDescription, 'name' | 'what'>;

/** What they are called and what they do is in the schema of the request, which loads without them. */
const builtIn: Readonly<Record<string, BuiltIn>> = {
  fgsm: { run: fgsm, smallest: false, gradients: ({ images, radii }) => images * radii },
  pgd: { run: pgd, smallest: false, gradients: (c) => tries(c) * c.steps },
  apgd: { run: apgd, smallest: false, gradients: (c) => tries(c) * (c.steps + 1) },
  deepfool: { run: deepfool, smallest: true, gradients: (c) => c.images * (c.classes - 1) * c.steps },
  cw: {
    run: carliniWagner,
    smallest: true,
    norms: ['l2'],
    gradients: (c) => c.images * constantsTried * c.steps,
  },
};

const known = new Map(
  Object.entries(builtIn).map(([name, own]) => [name, { name, what: names.what(name)!, ...own } as AttackDescription]),
);

/** The name of an attack: one of `attackNames()`. */
export type AttackName = string;
/** Names of the attacks, with those that were registered. */
export const attackNames = (): readonly AttackName[] => [...known.keys()];

/** Throws InputError for a name that is none. */
export function attackNamed(name: AttackName): AttackDescription {
  const found = known.get(name);
  if (!found)
    throw new InputError(
      'attack',
      `unknown attack "${name}"; expected ${attackNames().join(', ')}${didYouMean(name, attackNames())}`,
    );
  return found;
}

/** Makes an attack known: to requests, their schema, the help and `runAttack`. Throws InputError where there is one of its name. */
export function registerAttack(attack: AttackDescription): void {
  names.add(attack.name, attack.what);
  known.set(attack.name, attack);
}

/** Whether an attack looks for the smallest perturbation and needs no radius. */
export const findsSmallest = (name: AttackName): boolean => attackNamed(name).smallest;

/** One attacked example. */
export interface AttackedItem {
  /** Position in the data set. */
  readonly id: number;
  readonly label: number;
  readonly target: number | null;
  readonly radius: number;
  /** The answer without a perturbation. */
  readonly predicted: number;
  /** Whether there was anything to attack: the clean answer is right. */
  readonly attacked: boolean;
  /** The answer to the perturbed example, predicted again by the network as it is. */
  readonly perturbed: number;
  /** Whether the attack itself believes to have succeeded. */
  readonly claimed: boolean;
  /** What the attack wanted, confirmed by that prediction, within radius and box. */
  readonly success: boolean;
  readonly l2: number;
  readonly linf: number;
}

/** What an attack made of each example. */
export interface AttackResult {
  readonly items: readonly AttackedItem[];
  /** [count, size]; examples that were not attacked are as they came. */
  readonly perturbed: Float32Array;
  readonly warnings: readonly string[];
  /** What the warnings are of. */
  readonly doubts: AttackDoubts;
}

/** What speaks against an attack, in numbers that add up over several of them. */
export interface AttackDoubts {
  /** Whether the network answered the same image differently. */
  readonly unsteady: boolean;
  /** Examples that were attacked. */
  readonly open: number;
  /** Those of them whose gradient was zero throughout at the first step. */
  readonly zeroGradients: number;
  /** See `AttackRun`. */
  readonly successesByStep: readonly number[];
  /** Successes that did not stand when predicted again. */
  readonly unconfirmed: number;
}

/** The doubts of several attacks with the same settings, as those of one. */
export const doubtsTogether = (all: readonly AttackDoubts[]): AttackDoubts => {
  const sum = (of: (doubts: AttackDoubts) => number) => all.reduce((n, doubts) => n + of(doubts), 0);
  const steps = Math.max(0, ...all.map((d) => d.successesByStep.length));
  return {
    unsteady: all.some((d) => d.unsteady),
    open: sum((d) => d.open),
    zeroGradients: sum((d) => d.zeroGradients),
    // An attack that stopped early has at its end what it would have later.
    successesByStep: Array.from({ length: steps }, (_, i) =>
      sum((d) => d.successesByStep[i] ?? d.successesByStep.at(-1) ?? 0),
    ),
    unconfirmed: sum((d) => d.unconfirmed),
  };
};

/** In the manner of AutoAttack: of zero gradients, of a network whose answers change from call to call, and of an attack that more steps make weaker. */
export function warningsOf({
  unsteady,
  open,
  zeroGradients,
  successesByStep,
  unconfirmed,
}: AttackDoubts): readonly string[] {
  const warnings: string[] = [];
  if (unsteady)
    warnings.push(
      'the network answers the same image differently from call to call: attacks underestimate what is possible',
    );
  if (zeroGradients)
    warnings.push(`${zeroGradients} of ${open} examples have a gradient of zero: try the attack apgd or another loss`);
  const [last, most] = [successesByStep.at(-1) ?? 0, Math.max(0, ...successesByStep)];
  if (most > last + Math.max(1, 0.02 * open))
    warnings.push(`the attack gets weaker with more steps: ${most} successes on the way, ${last} at the end`);
  if (unconfirmed) warnings.push(`${unconfirmed} successes of the attack did not stand when predicted again`);
  return warnings;
}

/** Rounding of sums and projections in float32. */
const slack = 1e-4;

/**
 * Attacks the examples that are answered correctly; the others count as they are. Every success is checked by predicting again with a
 * program that holds the network without gradients and without folded normalization, and by its distance. Warnings: see `warningsOf`.
 */
export async function runAttack(
  classifier: DifferentiableClassifier,
  name: AttackName,
  items: AttackItems,
  options: AttackOptions,
): Promise<AttackResult> {
  const { size, classes, box } = classifier;
  const clean = await classifier.logits(items.origin);
  const again = await classifier.logits(items.origin);
  const answers = (logits: Float32Array) =>
    Array.from({ length: items.count }, (_, i) => argMax(logits, i * classes, classes));
  const predicted = answers(clean);
  const wanted = items.targets;
  const open = predicted.flatMap((p, i) => (p === items.labels[i] && p !== wanted?.[i] ? [i] : []));
  const perturbed = items.origin.slice();
  const unsteady = clean.some((z, i) => z !== again[i]);
  let [zeroGradients, successesByStep]: [number, readonly number[]] = [0, []];
  const claimed = new Uint8Array(items.count);
  if (open.length) {
    const own = pickItems(items, open, size);
    const run = await attackNamed(name).run(classifier, own, options);
    open.forEach((item, position) => {
      perturbed.set(run.adversarial.subarray(position * size, (position + 1) * size), item * size);
      claimed[item] = run.claimed[position]!;
    });
    ({ zeroGradients, successesByStep } = run);
  }
  const after = await classifier.logits(perturbed);
  const moved = difference(perturbed, items.origin);
  const isOpen = new Set(open);
  const found = answers(after).map((answer, i): AttackedItem => {
    const [l2, linf] = [normOf('l2', moved, i, size), normOf('linf', moved, i, size)];
    const radius = items.radii[i]!;
    const inBall = (options.norm === 'l2' ? l2 : linf) <= radius * (1 + slack) + 1e-7;
    const values = perturbed.subarray(i * size, (i + 1) * size);
    const inBox = !box || values.every((v) => v >= box.low && v <= box.high);
    const attacked = isOpen.has(i);
    return {
      id: items.ids[i]!,
      label: items.labels[i]!,
      target: wanted?.[i] ?? null,
      radius,
      predicted: predicted[i]!,
      attacked,
      perturbed: answer,
      claimed: claimed[i] === 1,
      success: attacked && inBall && inBox && succeeded(items, after, i, classes),
      l2,
      linf,
    };
  });
  const unconfirmed = found.filter((i) => i.claimed && !i.success).length;
  const doubts = { unsteady, open: open.length, zeroGradients, successesByStep, unconfirmed };
  return { items: found, perturbed, warnings: warningsOf(doubts), doubts };
}

function pickItems(items: AttackItems, positions: readonly number[], size: number): AttackItems {
  const ints = (from: Int32Array) => Int32Array.from(positions, (i) => from[i]!);
  return {
    count: positions.length,
    ids: ints(items.ids),
    origin: pick(items.origin, positions, size),
    labels: ints(items.labels),
    targets: items.targets && ints(items.targets),
    radii: Float32Array.from(positions, (i) => items.radii[i]!),
  };
}

/** Copies of the items, one for each radius: all of the first radius, then all of the second, ... */
export function overRadii(items: Omit<AttackItems, 'radii'>, radii: readonly number[]): AttackItems {
  const repeat = (from: Int32Array) => Int32Array.from(radii.flatMap(() => Array.from(from)));
  const origin = new Float32Array(items.origin.length * radii.length);
  radii.forEach((_, r) => {
    origin.set(items.origin, r * items.origin.length);
  });
  return {
    count: items.count * radii.length,
    ids: repeat(items.ids),
    origin,
    labels: repeat(items.labels),
    targets: items.targets && repeat(items.targets),
    radii: Float32Array.from(radii.flatMap((r) => Array(items.count).fill(r))),
  };
}

/**
 * Wrong answers to aim at: `next` (the class after the label), `random`, `least-likely` (the smallest clean logit), or a class number.
 * Throws InputError for anything else.
 */
export function targetsFor(
  choice: string,
  {
    labels,
    ids,
    logits,
    classes,
    seed,
  }: { labels: Int32Array; ids: Int32Array; logits: Float32Array; classes: number; seed: number },
): Int32Array {
  const number = /^\d+$/.test(choice) ? Number(choice) : undefined;
  if (number !== undefined ? number >= classes : !['next', 'random', 'least-likely'].includes(choice))
    throw new InputError('target', `expected next, random, least-likely or a class below ${classes}, got "${choice}"`);
  return labels.map((label, i) => {
    if (number !== undefined) return number;
    if (choice === 'next') return (label + 1) % classes;
    if (choice === 'random') {
      const stream = new RandomStream({ seed, purpose: 'perturbation/target', index: ids[i]! });
      return (label + 1 + stream.integer(classes - 1)) % classes;
    }
    const own = logits.subarray(i * classes, (i + 1) * classes);
    return own.reduce((least, z, c) => (c !== label && (least === label || z < own[least]!) ? c : least), label);
  });
}
