/** Built-in models, and any network with its weights as one `Network`. */

export { type ModelFamily, modelFamilies } from '../schema/index.ts';
export { type AlexnetOptions, alexnet } from './architectures/alexnet.ts';
export { type DrnOptions, drn } from './architectures/drn.ts';
export { defineLanguageModel, type LanguageModelDefinition } from './architectures/language-model.ts';
export { type LstmOptions, lstm } from './architectures/lstm.ts';
export { type MlpOptions, mlp } from './architectures/mlp.ts';
export { type Mobilenetv2Options, mobilenetv2 } from './architectures/mobilenetv2.ts';
export {
  type QuadraticModel,
  type QuadraticOptions,
  quadratic,
  type SgdOnQuadratic,
} from './architectures/quadratic.ts';
export { type ResnetOptions, resnet, type Shortcut } from './architectures/resnet.ts';
export { type TransformerOptions, transformer } from './architectures/transformer.ts';
export { type UnetOptions, unet } from './architectures/unet.ts';
export { type VggDepth, type VggOptions, vgg } from './architectures/vgg.ts';
export { type GraphNetworkOptions, networkFromGraph } from './graph-network.ts';
export { networkIdentity } from './identity.ts';
export { loadNetwork, ownWeights, withValues } from './load-network.ts';
export {
  defineModel,
  type Model,
  type ModelDefinition,
  type Task,
} from './model.ts';
export type { Network, NetworkRequest } from './network.ts';
export {
  type AppliedNormalization,
  cifarNormalization,
  defaultNormalization,
  describeNormalization,
  imagenetNormalization,
  type Normalization,
  normalizationEntry,
  normalizationNamed,
  normalizationNames,
} from './normalization.ts';
export { type ParameterGroup, parameterGroups } from './parameter-groups.ts';
export {
  type ModelDescription,
  type ModelListing,
  type ModelRequest,
  modelList,
  modelListing,
  modelNamed,
  registerModel,
} from './registry.ts';
