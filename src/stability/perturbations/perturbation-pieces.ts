import { attackImages, missingGroups } from './perturbation-attack.ts';
import { controlsOf, project, projectUntrained } from './perturbation-measurement.ts';
import { requirePossible } from './perturbation-plan.ts';
import type { PerturbationRequest } from './perturbation-setting.ts';

/** Of the images of a request those groups whose attacks are not finished. What else is missing of a group follows from its attack. */
export async function incompleteGroups(request: PerturbationRequest): Promise<(readonly number[])[]> {
  const { network, untrained } = request;
  const own = await missingGroups(request, network, false);
  const others = untrained ? await missingGroups(request, untrained, true) : [];
  const known = new Set(own.map(String));
  return [...own, ...others.filter((group) => !known.has(String(group)))];
}

/** Attacks the images of a request and projects their perturbations; what remains are finished parts. Throws as `measurePerturbations` does. */
export async function measurePerturbationPiece(request: PerturbationRequest): Promise<void> {
  requirePossible(request);
  const { network, untrained } = request;
  const attacked = await attackImages(request, network, false);
  await project(request, await controlsOf(request, network, attacked));
  if (!untrained) return;
  const other = await attackImages(request, untrained, true);
  if (request.project) await projectUntrained(request, untrained, await controlsOf(request, untrained, other));
}
