export {
  cifarNormalization,
  defineModel,
  imagenetNormalization,
  type Model,
  type ModelDefinition,
  type Normalization,
} from './model.ts';
export { loadNetwork, type Network, type NetworkRequest, normalizationNamed } from './network.ts';
export { modelFamilies, modelNamed } from './registry.ts';
export { type ResnetOptions, resnet, type Shortcut } from './resnet.ts';
