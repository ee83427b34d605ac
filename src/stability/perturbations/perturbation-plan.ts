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

interface Cost {
  readonly bytes: number;
  readonly flops: number;
}
const nothing: Cost = { bytes: 0, flops: 0 };

/** Of the projections, and of those of the untrained control, which are onto the units of the final stage. */
function projectionCosts({ network, images, project, untrained }: PerturbationRequest): {
  readonly own: Cost;
  readonly control: Cost;
} {
  if (!project) return { own: nothing, control: nothing };
  const count = Math.min(images.length, project.images ?? images.length);
  const own = projectionCost(network, count, project);
  const units = untrained && endOfFinalStage(untrained)?.units.map((unit) => unit.name);
  const control = untrained && units ? projectionCost(untrained, count, { ...project, units }) : nothing;
  return { own, control };
}

/** Seconds of one network, the one asked about or its untrained control. */
interface PartSeconds {
  readonly attack: number;
  /** Perturbations of every kind through the network. */
  readonly followed: number;
  readonly projections: number;
  readonly total: number;
}

/** Estimates of time and of the bytes that are held at a time. */
export interface PerturbationCost {
  readonly gradients: number;
  readonly own: PartSeconds;
  /** 0 without a control. */
  readonly control: PartSeconds;
  readonly seconds: number;
  readonly bytes: number;
}

export function perturbationCost(request: PerturbationRequest): PerturbationCost {
  const { network, images, untrained } = request;
  const flops = network.graph(1).nodes.reduce((sum, node) => sum + flopsOf(node), 0);
  const gradients = gradientsOf(request);
  const projections = projectionCosts(request);
  // A gradient is three passes; each of four kinds is followed for about twelve.
  const attack = (3 * flops * gradients) / usualSpeed;
  const followed = (52 * flops * images.length) / usualSpeed;
  const secondsOf = (projected: Cost, measured = true): PartSeconds => {
    const parts = {
      attack: measured ? attack : 0,
      followed: measured ? followed : 0,
      projections: projected.flops / usualSpeed,
    };
    return { ...parts, total: parts.attack + parts.followed + parts.projections };
  };
  const own = secondsOf(projections.own);
  const control = secondsOf(projections.control, untrained !== undefined);
  return {
    ...{ gradients, own, control },
    seconds: own.total + control.total,
    bytes: Math.max(bytesOfPictures(request), projections.own.bytes, projections.control.bytes),
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
  if (!project) return;
  const { own, control } = projectionCosts(request);
  requireMemory(
    Math.max(own.bytes, control.bytes),
    `projecting perturbations onto the singular vectors of ${network.name}`,
    'ask for fewer leading vectors, or take smaller images',
  );
}
