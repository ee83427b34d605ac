/** Whether perturbations can be measured as they are asked for, and what that takes: told before it begins. */
import { InputError } from '../../base/errors.ts';
import { requireFit } from '../../evaluate/index.ts';
import { flopsOf } from '../../onnx/index.ts';
import { requireMemory } from '../../runtime/index.ts';
import { projectionCost } from '../projections/index.ts';
import { findUnits, unitIndex } from '../units/units.ts';
import { attackNamed, findsSmallest } from './index.ts';
import { endOfFinalStage } from './leading-energy.ts';
import type { PerturbationRequest } from './perturbation-setting.ts';

/** A floating-point speed of two cores in convolutions, for estimates. */
const usualSpeed = 1e11;

/**
 * Gradients that are taken at most, of one image each: those of the attack, and one of the margin for the directed control. Those on the untrained control are not
 * counted.
 */
export function gradientsOf({ attack, images, radii, steps, restarts, dataset }: PerturbationRequest): number {
  const classes = dataset.classes.length;
  const wanted = { images: images.length, radii: radii.length, steps, restarts, classes };
  return attackNamed(attack).gradients(wanted) + images.length;
}

/**
 * Bytes of the pictures that are held at a time: an attack keeps the point, its gradient and the best point of every image at every radius, what follows it
 * the unperturbed image, the gradient of its margin and four perturbations. Inner states are not larger by much.
 */
function bytesOfPictures({ dataset, images, radii, attack }: PerturbationRequest): number {
  const tried = findsSmallest(attack) ? 1 : Math.max(1, radii.length);
  return 4 * images.length * dataset.shape.reduce((n, d) => n * d, 1) * (6 * tried + 10);
}

/** Of the projections, with those of the untrained control, which are onto the units of the final stage. */
function projectionCostOf({ network, images, project, untrained }: PerturbationRequest): {
  readonly bytes: number;
  readonly flops: number;
} {
  if (!project) return { bytes: 0, flops: 0 };
  const count = Math.min(images.length, project.images ?? images.length);
  const own = projectionCost(network, count, project);
  const units = untrained && endOfFinalStage(untrained)?.units.map((unit) => unit.name);
  const control = untrained && units ? projectionCost(untrained, count, { ...project, units }) : { bytes: 0, flops: 0 };
  return { bytes: Math.max(own.bytes, control.bytes), flops: own.flops + control.flops };
}

/** Estimates: seconds of the attack with what follows its perturbations, and of projections; bytes at a time. */
export interface PerturbationCost {
  readonly gradients: number;
  readonly attackSeconds: number;
  readonly projectionSeconds: number;
  readonly seconds: number;
  readonly bytes: number;
}

export function perturbationCost(request: PerturbationRequest): PerturbationCost {
  const { network, images, untrained } = request;
  const flops = network.graph(1).nodes.reduce((sum, node) => sum + flopsOf(node), 0);
  const gradients = gradientsOf(request);
  const projections = projectionCostOf(request);
  // A gradient is three passes; each of four kinds is followed for about twelve.
  const attackSeconds = (flops * (3 * gradients + 52 * images.length) * (untrained ? 2 : 1)) / usualSpeed;
  const projectionSeconds = projections.flops / usualSpeed;
  return {
    gradients,
    attackSeconds,
    projectionSeconds,
    seconds: attackSeconds + projectionSeconds,
    bytes: Math.max(bytesOfPictures(request), projections.bytes),
  };
}

/** Throws InputError for settings that cannot be, BallastError for more than memory can hold. */
export function requirePossible(request: PerturbationRequest): void {
  const { network, radii, norm, attack, layer, dataset, images, stepSize, project } = request;
  requireFit(network, dataset);
  if (images.length === 0) throw new InputError('images', 'expected at least one image');
  const { norms = [norm] } = attackNamed(attack);
  if (!norms.includes(norm))
    throw new InputError('norm', `the attack ${attack} is for ${norms.join(', ')}, got ${norm}`);
  if (radii.length === 0 && !findsSmallest(attack)) throw new InputError('eps', `is missing: ${attack} needs a radius`);
  if (network.task !== 'classification')
    throw new InputError('model', `${network.name} is for ${network.task}; attacks need a network for classification`);
  const units = layer === undefined && !project ? [] : findUnits(network.graph(1));
  if (layer !== undefined) unitIndex(units, layer, 'layer');
  if (project && units.length === 0)
    throw new InputError('project', `${network.name} has no residual units to project onto`);
  const largest = norm === 'linf' ? 1 : Math.sqrt(dataset.shape.reduce((n, d) => n * d, 1));
  for (const eps of radii) {
    if (!(eps > 0)) throw new InputError('eps', `expected radii above 0, got ${eps}`);
    if (layer === undefined && eps > largest)
      throw new InputError(
        'eps',
        `${eps} is more than two images can be apart (${Number(largest.toPrecision(4))} in ${norm}; pixels lie in [0, 1])`,
      );
  }
  if (project && layer !== undefined)
    throw new InputError('project', 'follows perturbations of the image; it does not go with a layer');
  if (stepSize !== undefined && !(stepSize > 0))
    throw new InputError('stepSize', `expected a length above 0, got ${stepSize}`);
  requireMemory(
    bytesOfPictures(request),
    `perturbing ${images.length} images of ${dataset.name} at ${radii.length || 1} radii`,
    'take fewer images or radii',
  );
  if (project)
    requireMemory(
      projectionCostOf(request).bytes,
      `projecting perturbations onto the singular vectors of ${network.name}`,
      'ask for fewer leading vectors, or take smaller images',
    );
}
