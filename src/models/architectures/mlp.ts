import { UsageError } from '../../base/errors.ts';
import { biasOf, channelsOf, flattened, linear, relu, type Scope } from '../../nn/index.ts';
import type { Value } from '../../onnx/index.ts';
import { defineModel, type Model, type Normalization } from '../model.ts';

/** What a perceptron may differ in. */
export interface MlpOptions {
  /** 512 unless told. */
  readonly hidden?: number;
  readonly classes?: number;
  readonly normalization?: Normalization;
  /** [3, 32, 32] unless told. */
  readonly inputShape?: readonly number[];
}

/**
 * Two linear layers with a ReLU between them, `fc1` and `fc2`, which start with PyTorch's defaults, U(-1/sqrt(fanIn),
 * 1/sqrt(fanIn)). (3 * 32 * 32 + 1) hidden + (hidden + 1) classes parameters: 1 578 506 for 512 and 10.
 */
export function mlp({ hidden = 512, classes = 10, normalization, inputShape = [3, 32, 32] }: MlpOptions = {}): Model {
  if (!Number.isInteger(hidden) || hidden < 1) throw new UsageError(`mlp: hidden must be at least 1, got ${hidden}`);
  const body = (scope: Scope, x: Value): Value => {
    const pixels = flattened(scope, x);
    const h = relu(scope, 'relu', linear(scope, 'fc1', pixels, hidden, { bias: biasOf(channelsOf(pixels)) }));
    return linear(scope, 'fc2', h, classes, { bias: biasOf(hidden) });
  };
  return defineModel({ name: `mlp${hidden}`, inputShape, classes, normalization, body });
}
