import { type OnProgress, PartedProgress } from '../../base/progress.ts';
import { argMax } from '../../evaluate/index.ts';
import { type Network, normalizationEntry } from '../../models/index.ts';
import { environmentOf } from '../environment.ts';
import { type Projections, projectPerturbations } from '../projections/index.ts';
import { growthByStage } from './excess-growth.ts';
import {
  type ControlledPerturbations,
  DifferentiableClassifier,
  kinds,
  type PerturbationKind,
  withControls,
} from './index.ts';
import { endOfFinalStage, leadingEnergyAt } from './leading-energy.ts';
import { type AttackedImages, attackImages } from './perturbation-attack.ts';
import { followKinds, growthRatios, layersOf } from './perturbation-growth.ts';
import { perturbationCost, requirePossible } from './perturbation-plan.ts';
import type { PerturbationResult } from './perturbation-result.ts';
import type { PerturbationRequest } from './perturbation-setting.ts';

/** What a request gives beside the result: pixels for pictures. */
export interface PerturbationPixels {
  readonly image: number;
  readonly clean: Float32Array;
  readonly perturbed: Readonly<Record<PerturbationKind, Float32Array>>;
}

export interface MeasuredPerturbations {
  readonly result: PerturbationResult;
  readonly pixels: readonly PerturbationPixels[];
  /** Whether each image is answered correctly, unperturbed and then by radius: what pairs two networks image by image. */
  readonly right: readonly (readonly boolean[])[];
}

/** Images that a report shows. */
const shownImages = 6;

/** ‖d‖ / ‖x‖ where perturbations enter below which float32 no longer resolves the difference of two passes. */
const smallestResolved = 1e-5;

/** The perturbations that an attack on a network has found, with their controls. */
export async function controlsOf(
  { dataset, images, noise, seed, layer, runtime }: PerturbationRequest,
  network: Network,
  { origin, perturbed, items }: AttackedImages,
): Promise<ControlledPerturbations> {
  const answers = Int32Array.from(items, (item) => item.predicted);
  const classifier = new DifferentiableClassifier(network, { entry: layer, runtime });
  try {
    const { gradients } = await classifier.gradient('margin', origin, answers);
    return withControls(origin, perturbed, {
      ...{ noise, gradients, answers, ids: images, seed },
      // Inner states are shuffled element by element, and lie where they like.
      ...(layer === undefined ? { channels: dataset.shape[0]!, pixels: true } : { channels: 1, pixels: false }),
    });
  } finally {
    await classifier.dispose();
  }
}

/** Of each kind the share of images whose answer it changes. */
async function fooledBy(
  { layer, runtime }: PerturbationRequest,
  network: Network,
  { answers, perturbed }: ControlledPerturbations,
): Promise<Record<PerturbationKind, number>> {
  const classifier = new DifferentiableClassifier(network, { entry: layer, runtime });
  try {
    const shares = kinds.map(() => 0);
    for (const [k, kind] of kinds.entries()) {
      const logits = await classifier.logits(perturbed[kind]);
      const changed = answers.filter(
        (answer, i) => argMax(logits, i * classifier.classes, classifier.classes) !== answer,
      );
      shares[k] = changed.length / answers.length;
    }
    return Object.fromEntries(kinds.map((kind, k) => [kind, shares[k]!])) as Record<PerturbationKind, number>;
  } finally {
    await classifier.dispose();
  }
}

const noProjections: Projections = { blocks: [], images: new Map() };

/** Energies of the perturbations of a request on singular vectors, of all units and stages or of some units; none where they are not asked for. */
export async function project(
  request: PerturbationRequest,
  controls: ControlledPerturbations,
  units?: readonly string[],
): Promise<Projections> {
  const { project: wanted, network, images, seed, runtime = {}, signal, onProgress, cache } = request;
  if (!wanted || controls.positions.length === 0) return noProjections;
  const ids = controls.positions.slice(0, wanted.images).map((i) => images[i]!);
  return projectPerturbations(network, controls, ids, { ...wanted, units, seed, runtime, signal, onProgress, cache });
}

/** The same in the untrained control, onto the last units of the final stage. */
export function projectUntrained(
  request: PerturbationRequest,
  untrained: Network,
  controls: ControlledPerturbations,
): Promise<Projections> {
  const units = endOfFinalStage(untrained)?.units.map((unit) => unit.name) ?? [];
  const { onProgress, untrainedCache: cache } = request;
  const say: OnProgress = (fraction, detail) => onProgress?.(fraction, `${detail} of the untrained network`);
  return project({ ...request, ...{ network: untrained, cache, onProgress: say } }, controls, units);
}

function settingsOf(request: PerturbationRequest): PerturbationResult['settings'] {
  const { attack, norm, radii, steps, stepSize = null, restarts, randomStart, target, noise, layer, seed } = request;
  return {
    ...{ attack, norm, eps: radii, steps, stepSize, restarts, randomStart },
    ...{ target: target ?? null, noise, layer: layer ?? null, project: request.project ?? null, seed },
  };
}

/**
 * Attacks images, follows the perturbations and their controls through the network, and projects them: what `ballast perturb` does. Throws
 * UsageError for a request that cannot be, and an AbortError when its signal says so.
 */
export async function measurePerturbations(asked: PerturbationRequest): Promise<MeasuredPerturbations> {
  const began = performance.now();
  requirePossible(asked);
  const progress = new PartedProgress(asked.onProgress);
  const request = { ...asked, onProgress: progress.say };
  const { network, dataset, images, attack, norm, seed, layer } = request;
  const cost = perturbationCost(request);
  const begin = (seconds: number) => progress.begin(seconds, cost.seconds);
  begin(cost.own.attack);
  const attacked = await attackImages(request, network, false);
  const controls = await controlsOf(request, network, attacked);
  const followed = controls.positions.length;
  begin(cost.own.followed);
  const found = followed ? await followKinds(request, network, controls) : null;
  // Without perturbations of the network there is nothing to compare.
  const untrained = found ? request.untrained : undefined;
  begin(cost.control.attack);
  const other = untrained && (await attackImages(request, untrained, true));
  const otherControls = other && (await controlsOf(request, untrained, other));
  begin(cost.control.followed);
  const otherFound = otherControls && (await followKinds(request, untrained, otherControls));
  begin(cost.own.projections);
  const projected = await project(request, controls);
  const projections = projected.blocks;
  begin(cost.control.projections);
  const otherProjected = otherControls && (await projectUntrained(request, untrained, otherControls));
  const layers = found ? layersOf(found, projections) : [];
  const warnings = [...attacked.summaries[0]!.warnings];
  const entering = layers[0]?.adversarial?.relativeNorm;
  if (entering !== undefined && entering < smallestResolved)
    warnings.push(
      `perturbations of ${entering.toExponential(1)} of the unperturbed values are near the rounding of float32: growth and gains are partly noise`,
    );
  const shown = controls.positions
    .map((i, row) => ({ i, row, item: attacked.items[i]! }))
    .sort((a, b) => Number(b.item.success) - Number(a.item.success))
    .slice(0, shownImages);
  const { size } = attacked;
  const rowOf = (block: Float32Array, row: number) => block.slice(row * size, (row + 1) * size);
  const byKind = <T>(of: (kind: PerturbationKind) => T) =>
    Object.fromEntries(kinds.map((kind) => [kind, of(kind)])) as Record<PerturbationKind, T>;
  return {
    result: {
      model: network.name,
      weights: network.weights,
      ...normalizationEntry(network),
      dataset: dataset.name,
      classes: dataset.classes,
      images,
      settings: settingsOf(request),
      clean: {
        accuracy: attacked.clean.filter(Boolean).length / images.length,
        misclassified: images.filter((_, i) => !attacked.clean[i]),
      },
      attack: { name: attack, norm, ...attacked.summaries[0]!, warnings },
      byRadius: attacked.summaries,
      followed,
      fooled: found ? await fooledBy(request, network, controls) : null,
      projected: projections.length > 0 ? Math.min(followed, request.project?.images ?? followed) : 0,
      layers,
      growth: found ? growthRatios(network, found, otherFound, seed) : [],
      byStage: found ? growthByStage(network, found, otherFound) : { excess: [], final: null },
      untrained:
        other && otherFound
          ? {
              ...{ weights: untrained.weights, attack: other.summaries[0]!, layers: layersOf(otherFound) },
              projections: otherProjected?.blocks ?? [],
            }
          : null,
      projections,
      leading: leadingEnergyAt(network, request.project?.top ?? 0, projected, otherProjected),
      shown: shown.map(({ i, item: { label, perturbed, l2, linf } }) => ({
        ...{ image: images[i]!, label, answer: perturbed, l2, linf },
      })),
      environment: environmentOf(request.runtime ?? {}),
      seconds: (performance.now() - began) / 1000,
    },
    right: [attacked.clean, ...attacked.right],
    pixels:
      layer === undefined
        ? shown.map(({ i, row }) => ({
            image: images[i]!,
            clean: rowOf(controls.clean, row),
            perturbed: byKind((kind) => rowOf(controls.perturbed[kind], row)),
          }))
        : [],
  };
}
