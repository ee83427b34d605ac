import { normalizationEntry } from '../../models/index.ts';
import { environmentOf } from '../environment.ts';
import { type ProjectedBlock, projectPerturbations } from '../projections/index.ts';
import { growthByStage } from './excess-growth.ts';
import { type ControlledPerturbations, kinds, type PerturbationKind, withControls } from './index.ts';
import { type AttackedImages, attackImages } from './perturbation-attack.ts';
import { followKinds, growthRatios, layersOf } from './perturbation-growth.ts';
import type { PerturbationResult } from './perturbation-result.ts';
import { type PerturbationRequest, requirePossible } from './perturbation-setting.ts';

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

/** The perturbations that an attack has found, with their controls. */
export function controlsOf(
  { dataset, images, noise, seed, layer }: PerturbationRequest,
  { origin, perturbed }: AttackedImages,
): ControlledPerturbations {
  return withControls(origin, perturbed, {
    ...{ noise, ids: images, seed },
    // Inner states are shuffled element by element, and lie where they like.
    ...(layer === undefined ? { channels: dataset.shape[0]!, pixels: true } : { channels: 1, pixels: false }),
  });
}

/** Energies of the perturbations of a request on singular vectors; none where they are not asked for. */
export async function project(
  request: PerturbationRequest,
  controls: ControlledPerturbations,
): Promise<ProjectedBlock[]> {
  const { project: wanted, network, images, seed, runtime = {}, signal, onProgress, cache } = request;
  if (!wanted || controls.positions.length === 0) return [];
  const ids = controls.positions.slice(0, wanted.images).map((i) => images[i]!);
  return projectPerturbations(network, controls, ids, { ...wanted, seed, runtime, signal, onProgress, cache });
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
export async function measurePerturbations(request: PerturbationRequest): Promise<MeasuredPerturbations> {
  const began = performance.now();
  const { network, dataset, images, attack, norm, seed, layer } = request;
  requirePossible(request);
  const attacked = await attackImages(request, network, false);
  const controls = controlsOf(request, attacked);
  const followed = controls.positions.length;
  const found = followed ? await followKinds(request, network, controls) : null;
  // Without perturbations of the network there is nothing to compare.
  const untrained = found ? request.untrained : undefined;
  const other = untrained && (await attackImages(request, untrained, true));
  const otherFound = other && (await followKinds(request, untrained, controlsOf(request, other)));
  const projections = await project(request, controls);
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
      projected: projections.length > 0 ? Math.min(followed, request.project?.images ?? followed) : 0,
      layers,
      growth: found ? growthRatios(network, found, otherFound, seed) : [],
      byStage: found ? growthByStage(network, found, otherFound) : { excess: [], final: null },
      untrained:
        other && otherFound
          ? { weights: untrained.weights, attack: other.summaries[0]!, layers: layersOf(otherFound) }
          : null,
      projections,
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
