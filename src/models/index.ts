export { defineLanguageModel, type LanguageModelDefinition } from './language-model.ts';
export { type LstmOptions, lstm } from './lstm.ts';
export {
  cifarNormalization,
  defaultNormalization,
  defineModel,
  imagenetNormalization,
  type Model,
  type ModelDefinition,
  type Normalization,
  type Task,
} from './model.ts';
export { loadNetwork, type Network, type NetworkRequest } from './network.ts';
export { type ModelListing, type ModelRequest, modelFamilies, modelList, modelNamed } from './registry.ts';
export { type ResnetOptions, resnet, type Shortcut } from './resnet.ts';
