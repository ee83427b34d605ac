import type { Value } from '../onnx/index.ts';
import { biasOf, channelsOf } from './layers.ts';
import type { Scope } from './scope.ts';

/**
 * `torch.nn.ConvTranspose2d(in, out, kernel_size=2, stride=2)`: every pixel becomes four. x: [N, in, H, W] -> [N, out, 2 H, 2 W].
 * Parameters `${name}.weight` [in, out, 2, 2] and `${name}.bias` [out], both U(-1/sqrt(4 out), 1/sqrt(4 out)): PyTorch takes
 * the second dimension for the fan-in here, too.
 *
 * The windows do not overlap, so it is written as a 1x1 convolution to 4 `out` channels and DepthToSpace: both it and its
 * gradients are then convolutions that ONNX Runtime is fast at, which ConvTranspose is not.
 */
export function upConv2x2(scope: Scope, name: string, x: Value, out: number): Value {
  const { b } = scope;
  const inside = channelsOf(x);
  const weight = scope.parameter(`${name}.weight`, [inside, out, 2, 2], 'uniformFanIn');
  const bias = scope.parameter(`${name}.bias`, [out], biasOf(4 * out));
  const filters = b.reshape(b.transpose(weight, [2, 3, 1, 0]), [4 * out, inside, 1, 1]);
  const four = b.op(
    'Conv',
    [x, filters, b.concat([bias, bias, bias, bias], 0)],
    { kernel_shape: [1, 1] },
    { name: scope.path(name) },
  );
  return b.op('DepthToSpace', [four], { blocksize: 2, mode: 'DCR' }, { name: scope.path(`${name}.spread`) });
}

/** Bilinear interpolation to `factor` times the size, as `torch.nn.functional.interpolate(mode='bilinear')`. */
export function bilinear(scope: Scope, name: string, x: Value, factor: number): Value {
  const { b } = scope;
  const scales = b.constant({ dtype: 'float32', shape: [4], data: Float32Array.of(1, 1, factor, factor) });
  const attributes = { mode: 'linear', coordinate_transformation_mode: 'half_pixel' };
  return b.op('Resize', [x, null, scales], attributes, { name: scope.path(name) });
}
