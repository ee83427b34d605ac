import { distributionOf } from '../../base/statistics.ts';
import { toFloat } from '../../data/index.ts';
import { argMax, requireFiniteLogits } from '../../evaluate/index.ts';
import type { Network } from '../../models/index.ts';
import { tensor } from '../../onnx/index.ts';
import { activationsAt } from '../units/activations.ts';
import { findUnits, unitIndex } from '../units/units.ts';
import {
  type AttackedItem,
  type AttackResult,
  copyItem,
  DifferentiableClassifier,
  findsSmallest,
  type Norm,
  overRadii,
  runAttack,
  targetsFor,
} from './index.ts';
import type { AttackSummary } from './perturbation-result.ts';
import type { PerturbationRequest } from './perturbation-setting.ts';

/** What an attack on the images of a request has come to. */
export interface AttackedImages {
  /** One for each radius. */
  readonly summaries: readonly AttackSummary[];
  /** At the first radius, in the order of the images. */
  readonly items: readonly AttackedItem[];
  /** Where perturbations enter, [count, size]. */
  readonly origin: Float32Array;
  /** The same at the first radius. */
  readonly perturbed: Float32Array;
  readonly size: number;
  /** Whether the unperturbed image is answered as the data set says. */
  readonly clean: readonly boolean[];
  /** Whether it still is after the attack, by radius and image. */
  readonly right: readonly (readonly boolean[])[];
}

function summaryOf({ items, warnings }: AttackResult, eps: number): AttackSummary {
  const hits = items.filter((i) => i.success);
  const right = items.filter((i) => i.perturbed === i.label).length;
  return {
    eps: Number.isFinite(eps) ? eps : null,
    accuracy: right / items.length,
    attacked: items.filter((i) => i.attacked).length,
    successes: items.filter((i) => i.claimed).length,
    verified: hits.length,
    medianL2: distributionOf(hits.map((i) => i.l2))?.median ?? null,
    medianLinf: distributionOf(hits.map((i) => i.linf))?.median ?? null,
    warnings,
  };
}

/** The smallest perturbation that was found, if it is within a radius; else the unperturbed image. */
function limitedTo(radius: number, norm: Norm, item: AttackedItem): AttackedItem {
  if (item[norm] <= radius) return item;
  return { ...item, radius, perturbed: item.predicted, claimed: false, success: false, l2: 0, linf: 0 };
}

/** The images, or what the part of the network in front of the layer makes of them: [count, size]. */
async function originOf(request: PerturbationRequest, network: Network): Promise<Float32Array> {
  const { dataset, images, layer, runtime } = request;
  const pixels = toFloat(dataset, images);
  if (layer === undefined) return pixels;
  const graph = network.graph(1);
  const units = findUnits(graph);
  const { input } = units[unitIndex(units, layer, 'layer')]!;
  const size = pixels.length / images.length;
  const points = images.map((_, i) =>
    tensor('float32', [1, ...network.inputShape], pixels.subarray(i * size, (i + 1) * size)),
  );
  const states = (await activationsAt(graph, [input], points, runtime)).map(
    (at) => at.get(input)!.data as Float32Array,
  );
  const own = states[0]!.length;
  const out = new Float32Array(own * states.length);
  states.forEach((state, i) => {
    out.set(state, i * own);
  });
  return out;
}

/**
 * Attacks the images of a request at all radii in one call. `ownAnswers`: what the network answers counts as right, only the first radius is tried,
 * and FGSM and PGD raise the margin; for networks that have learnt nothing.
 */
export async function attackImages(
  request: PerturbationRequest,
  network: Network,
  ownAnswers: boolean,
): Promise<AttackedImages> {
  const { dataset, images, attack, norm, steps, stepSize, restarts, randomStart, target, seed, runtime, layer } =
    request;
  const count = images.length;
  const classifier = new DifferentiableClassifier(network, { entry: layer, runtime });
  try {
    const origin = await originOf(request, network);
    const logits = await classifier.logits(origin);
    requireFiniteLogits(network.name, logits);
    const { classes } = classifier;
    const answers = Int32Array.from({ length: count }, (_, i) => argMax(logits, i * classes, classes));
    const truth = Int32Array.from(images, (i) => dataset.labels[i]!);
    const labels = ownAnswers ? answers : truth;
    const ids = Int32Array.from(images);
    const targets = target === undefined ? null : targetsFor(target, { labels, ids, logits, classes, seed });
    const asked = request.radii.length ? request.radii : [Number.POSITIVE_INFINITY];
    const radii = ownAnswers ? asked.slice(0, 1) : asked;
    // What is searched for without a radius is searched for once, and judged at each of them.
    const smallest = findsSmallest(attack);
    const tried = smallest ? [Number.POSITIVE_INFINITY] : radii;
    const result = await runAttack(classifier, attack, overRadii({ count, ids, origin, labels, targets }, tried), {
      norm,
      steps,
      stepSize,
      restarts,
      randomStart,
      seed,
      // Fresh weights make logits so far apart that the cross-entropy is flat in float32.
      loss: ownAnswers ? 'margin' : 'crossEntropy',
      signal: request.signal,
      onProgress: (f) => request.onProgress?.(f, ownAnswers ? 'attack on the untrained network' : `${attack} attack`),
    });
    const itemsAt = (r: number) =>
      smallest
        ? result.items.map((item) => limitedTo(radii[r]!, norm, item))
        : result.items.slice(r * count, (r + 1) * count);
    const items = itemsAt(0);
    const perturbed = result.perturbed.subarray(0, origin.length);
    const { size } = classifier;
    if (smallest) for (const [i, item] of items.entries()) if (!item.success) copyItem(perturbed, origin, i, size);
    return {
      summaries: radii.map((eps, r) => summaryOf({ ...result, items: itemsAt(r) }, eps)),
      items,
      origin,
      perturbed,
      size,
      right: radii.map((_, r) => itemsAt(r).map(({ perturbed: answer, label }) => answer === label)),
      clean: Array.from(answers, (answer, i) => answer === truth[i]),
    };
  } finally {
    await classifier.dispose();
  }
}
