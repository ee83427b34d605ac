export { type AttentionOptions, causalAttention, layerNorm } from './attention.ts';
export { dropout } from './dropout.ts';
export { embedding } from './embedding.ts';
export { batchNorm, biasOf, type ConvOptions, channelsOf, conv2d, linear, relu } from './layers.ts';
export { type LstmState, lstmLayer, splitEqually } from './lstm.ts';
export { matchParameters, ParameterError } from './match-parameters.ts';
export { describeNonFinite, type NonFinite, nonFiniteIn } from './non-finite.ts';
export {
  type Initializer,
  initialize,
  type ParameterSpec,
  type Params,
  parameterCount,
} from './parameters.ts';
export { averagePooled, flattened, maxPool2 } from './pooling.ts';
export { Scope } from './scope.ts';
export { type BatchStatistics, type DropoutMask, type TrainingGraph, trainingMode } from './training-mode.ts';
export { bilinear, upConv2x2 } from './upsampling.ts';
