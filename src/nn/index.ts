export { batchNorm, channelsOf, conv2d, linear, relu } from './layers.ts';
export {
  type Initializer,
  initialize,
  matchParameters,
  ParameterError,
  type ParameterSpec,
  type Params,
  parameterCount,
} from './parameters.ts';
export { Scope } from './scope.ts';
export { type BatchStatistics, trainingMode } from './training-mode.ts';
