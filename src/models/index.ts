export { defineModel, imagenetNormalization, type Model, type ModelDefinition, type Normalization } from './model.ts';
export { modelFamilies, modelNamed } from './registry.ts';
export { type ResnetOptions, resnet, type Shortcut } from './resnet.ts';
