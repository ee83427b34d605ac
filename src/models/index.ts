/** Built-in models, and any network with its weights as one `Network`. */
export { type AlexnetOptions, alexnet } from './alexnet.ts';
export { type DrnOptions, drn } from './drn.ts';
export { type GraphNetworkOptions, networkFromGraph } from './graph-network.ts';
export { networkIdentity } from './identity.ts';
export { defineLanguageModel, type LanguageModelDefinition } from './language-model.ts';
export { loadNetwork, ownWeights, withValues } from './load-network.ts';
export { type LstmOptions, lstm } from './lstm.ts';
export { type MlpOptions, mlp } from './mlp.ts';
export { type Mobilenetv2Options, mobilenetv2 } from './mobilenetv2.ts';
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
export { type QuadraticModel, type QuadraticOptions, quadratic, type SgdOnQuadratic } from './quadratic.ts';
export {
  type ModelFamily,
  type ModelListing,
  type ModelRequest,
  modelFamilies,
  modelList,
  modelListing,
  modelNamed,
} from './registry.ts';
export { type ResnetOptions, resnet, type Shortcut } from './resnet.ts';
export { type TransformerOptions, transformer } from './transformer.ts';
export { type UnetOptions, unet } from './unet.ts';
export { type VggDepth, type VggOptions, vgg } from './vgg.ts';
