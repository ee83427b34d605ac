/** The built-in models, and what one of them is made of. */
import { UsageError } from '../../base/errors.ts';
import {
  type ModelListing,
  modelList,
  modelListing,
  modelNamed,
  ownWeights,
  parameterGroups,
} from '../../models/index.ts';
import { initialize } from '../../nn/index.ts';
import { type ModelResult, type ModelsResult, modelFamilies } from '../../schema/index.ts';
import { findUnits } from '../../stability/index.ts';

const withWeights = (listing: ModelListing) => ({ ...listing, ownWeights: ownWeights(listing.name) !== undefined });

/** Common members of every family, and how any member is named. */
export const listModels = (): ModelsResult => ({
  models: modelList().map(withWeights),
  families: modelFamilies.map(({ pattern, what }) => ({ pattern, what })),
});

/** One member of a family. Throws UsageError for a file and for an unknown name. */
export function describeModel(name: string): ModelResult {
  if (name.endsWith('.onnx'))
    throw new UsageError(
      `${name}: is a file; expected the name of one of the built-in models (ballast units reads files)`,
    );
  const { parameters, task, build } = modelNamed(name);
  // Units are found where the weights are constants.
  const units = task === 'language' ? 0 : findUnits(build(initialize(parameters, 0), 1)).length;
  return { ...withWeights(modelListing(name)), residualUnits: units, groups: parameterGroups(parameters) };
}
