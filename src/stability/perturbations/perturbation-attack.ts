import { createHash } from 'node:crypto';
import { distributionOf } from '../../base/statistics.ts';
import { toFloat } from '../../data/index.ts';
import { argMax, requireFiniteLogits } from '../../evaluate/index.ts';
import type { Network } from '../../models/index.ts';
import { tensor } from '../../onnx/index.ts';
import type { Part } from '../../schema/index.ts';
import { activationsAt } from '../units/activations.ts';
import { findUnits, unitIndex } from '../units/units.ts';
import {
  type AttackedItem,
  copyItem,
  DifferentiableClassifier,
  doubtsTogether,
  findsSmallest,
  type Norm,
  overRadii,
  runAttack,
  targetsFor,
  warningsOf,
} from './index.ts';
import type { AttackSummary } from './perturbation-result.ts';
import { attackCache, type PerturbationRequest } from './perturbation-setting.ts';

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

function summaryOf(items: readonly AttackedItem[], warnings: readonly string[], eps: number): AttackSummary {
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

/** Images that are attacked in one call, and kept together when they are done. */
const attackedTogether = 50;

/** The images of a request in the groups that are attacked together. */
const groupsOf = (images: readonly number[]): (readonly number[])[] =>
  Array.from({ length: Math.ceil(images.length / attackedTogether) }, (_, g) =>
    images.slice(g * attackedTogether, (g + 1) * attackedTogether),
  );

/** What a group is kept by; the network's own attack and that of its untrained control lie in one folder. */
function groupKey(images: readonly number[], ownAnswers: boolean): string {
  const hash = createHash('sha256').update(images.join(',')).digest('hex').slice(0, 12);
  return `attack on ${ownAnswers ? 'the untrained network, ' : ''}${images[0]}-${images.at(-1)}, ${hash}`;
}

/** What is kept of a group: values of the perturbed images at the first radius, or where there is none. */
type AttackedGroup = Omit<Part<'attacked'>, 'perturbed'> & { readonly perturbed: Float32Array };

const toKept = ({ perturbed, ...group }: AttackedGroup): Part<'attacked'> => ({
  ...group,
  perturbed: Buffer.from(perturbed.buffer, perturbed.byteOffset, perturbed.byteLength).toString('base64'),
});

function fromKept({ perturbed, ...group }: Part<'attacked'>): AttackedGroup {
  const bytes = Buffer.from(perturbed, 'base64');
  return { ...group, perturbed: new Float32Array(Uint8Array.from(bytes).buffer) };
}

/** The radii that a request is judged at, and those that are attacked: what is searched for without a radius is searched for once, and judged at each of them. */
function radiiOf({ attack, radii }: PerturbationRequest, ownAnswers: boolean) {
  const asked = radii.length ? radii : [Number.POSITIVE_INFINITY];
  const judged = ownAnswers ? asked.slice(0, 1) : asked;
  const smallest = findsSmallest(attack);
  return { smallest, judged, tried: smallest ? [Number.POSITIVE_INFINITY] : judged };
}

/**
 * Attacks the images of a request at all radii, group by group. `ownAnswers`: what the network answers counts as right, only the first radius is tried,
 * and FGSM and PGD raise the margin; for networks that have learnt nothing. Groups that `request.attacks` has are not attacked again.
 */
export async function attackImages(
  request: PerturbationRequest,
  network: Network,
  ownAnswers: boolean,
): Promise<AttackedImages> {
  const { images, norm } = request;
  const { smallest, judged: radii } = radiiOf(request, ownAnswers);
  const origin = await originOf(request, network);
  const size = origin.length / images.length;
  const groups = await attackGroups(request, network, { origin, ownAnswers });
  const warnings = warningsOf(doubtsTogether(groups.map((g) => g.doubts)));
  const itemsAt = (r: number) =>
    groups.flatMap(({ items, clean: { length: count } }) => {
      const own = (smallest ? items : items.slice(r * count, (r + 1) * count)).map(
        (item): AttackedItem => ({ ...item, radius: item.radius ?? Number.POSITIVE_INFINITY }),
      );
      return smallest ? own.map((item) => limitedTo(radii[r]!, norm, item)) : own;
    });
  const items = itemsAt(0);
  const perturbed = new Float32Array(origin.length);
  let at = 0;
  for (const group of groups) {
    perturbed.set(group.perturbed, at);
    at += group.perturbed.length;
  }
  if (smallest) for (const [i, item] of items.entries()) if (!item.success) copyItem(perturbed, origin, i, size);
  return {
    summaries: radii.map((eps, r) => summaryOf(itemsAt(r), warnings, eps)),
    items,
    origin,
    perturbed,
    size,
    right: radii.map((_, r) => itemsAt(r).map(({ perturbed: answer, label }) => answer === label)),
    clean: groups.flatMap((g) => g.clean),
  };
}

/** Of the images of a request those groups of which `request.attacks` has nothing. */
export async function missingGroups(
  request: PerturbationRequest,
  network: Network,
  ownAnswers: boolean,
): Promise<(readonly number[])[]> {
  const cache = request.attacks === undefined ? undefined : attackCache(request.attacks, request, network, ownAnswers);
  const missing: (readonly number[])[] = [];
  for (const own of groupsOf(request.images))
    if ((await cache?.read(groupKey(own, ownAnswers))) === undefined) missing.push(own);
  return missing;
}

async function attackGroups(
  request: PerturbationRequest,
  network: Network,
  { origin, ownAnswers }: { readonly origin: Float32Array; readonly ownAnswers: boolean },
): Promise<AttackedGroup[]> {
  const { images, attack, layer, runtime, signal } = request;
  const cache = request.attacks === undefined ? undefined : attackCache(request.attacks, request, network, ownAnswers);
  const classifier = new DifferentiableClassifier(network, { entry: layer, runtime });
  const groups: AttackedGroup[] = [];
  try {
    for (const own of groupsOf(images)) {
      signal?.throwIfAborted();
      const key = groupKey(own, ownAnswers);
      const known = await cache?.read(key);
      const first = groups.length * attackedTogether * classifier.size;
      if (known && known.clean.length === own.length) groups.push(fromKept(known));
      else {
        const found = await attackGroup(request, classifier, {
          images: own,
          origin: origin.subarray(first, first + own.length * classifier.size),
          ownAnswers,
          report: (f) =>
            request.onProgress?.(
              (groups.length * attackedTogether + f * own.length) / images.length,
              ownAnswers ? 'attack on the untrained network' : `${attack} attack`,
            ),
        });
        await cache?.write(key, toKept(found));
        groups.push(found);
      }
    }
    return groups;
  } finally {
    await classifier.dispose();
  }
}

async function attackGroup(
  request: PerturbationRequest,
  classifier: DifferentiableClassifier,
  {
    images,
    origin,
    ownAnswers,
    report,
  }: {
    readonly images: readonly number[];
    readonly origin: Float32Array;
    readonly ownAnswers: boolean;
    readonly report: (fraction: number) => void;
  },
): Promise<AttackedGroup> {
  const { dataset, attack, norm, steps, stepSize, restarts, randomStart, target, seed, signal } = request;
  const count = images.length;
  const { classes } = classifier;
  const logits = await classifier.logits(origin);
  requireFiniteLogits(classifier.name, logits);
  const answers = Int32Array.from({ length: count }, (_, i) => argMax(logits, i * classes, classes));
  const truth = Int32Array.from(images, (i) => dataset.labels[i]!);
  const labels = ownAnswers ? answers : truth;
  const ids = Int32Array.from(images);
  const targets = target === undefined ? null : targetsFor(target, { labels, ids, logits, classes, seed });
  const { tried } = radiiOf(request, ownAnswers);
  const result = await runAttack(classifier, attack, overRadii({ count, ids, origin, labels, targets }, tried), {
    ...{ norm, steps, stepSize, restarts, randomStart, seed, signal },
    // Fresh weights make logits so far apart that the cross-entropy is flat in float32.
    loss: ownAnswers ? 'margin' : 'crossEntropy',
    onProgress: report,
  });
  return {
    clean: Array.from(answers, (answer, i) => answer === truth[i]),
    items: result.items.map((item) => ({ ...item, radius: Number.isFinite(item.radius) ? item.radius : null })),
    perturbed: result.perturbed.subarray(0, origin.length),
    doubts: result.doubts,
  };
}
