import { UsageError } from '../../base/errors.ts';
import { batchNorm, conv2d, maxPool2, relu, type Scope, upConv2x2 } from '../../nn/index.ts';
import type { Value } from '../../onnx/index.ts';
import { defineModel, type Model, type Normalization } from '../model.ts';

/** What a U-Net may differ in. */
export interface UnetOptions {
  /** Channels of the first level, doubled at each of the following; 16 unless told. Multiples of 16 compute fastest. */
  readonly base?: number;
  /** How often the size is halved; 4 unless told. */
  readonly levels?: number;
  /** 11 unless told, those of CamVid that count. */
  readonly classes?: number;
  /** [3, 96, 128] unless told; height and width divisible by 2^levels. */
  readonly inputShape?: readonly number[];
  readonly normalization?: Normalization;
}

/** Convolution, batch norm, ReLU, twice. */
function doubleConv(scope: Scope, x: Value, out: number): Value {
  const init = 'uniformFanIn';
  const first = relu(scope, '2', batchNorm(scope, '1', conv2d(scope, '0', x, { out, kernel: 3, init })));
  return relu(scope, '5', batchNorm(scope, '4', conv2d(scope, '3', first, { out, kernel: 3, init })));
}

/**
 * U-Net (Ronneberger, Fischer, Brox 2015, 1505.04597) with padded convolutions and batch norm, as in the common PyTorch
 * implementation (milesial/Pytorch-UNet, not bilinear), from which it has its names (`down1.maxpool_conv.1.double_conv.0.weight`,
 * `up1.up.weight`, `outc.conv.bias`) and its start: PyTorch's defaults, U(-1/sqrt(fanIn), 1/sqrt(fanIn)).
 * With 64 channels and 2 classes it has 31 037 698 parameters, with 16 channels and 11 classes 1 942 747.
 */
export function unet(options: UnetOptions = {}): Model {
  const { base = 16, levels = 4, classes = 11, inputShape = [3, 96, 128], normalization } = options;
  if (!Number.isInteger(levels) || levels < 1) throw new UsageError(`unet: levels must be at least 1, got ${levels}`);
  if (!Number.isInteger(base) || base < 1) throw new UsageError(`unet: base must be at least 1 channel, got ${base}`);
  const [, height, width] = inputShape as [number, number, number];
  if (height % 2 ** levels || width % 2 ** levels)
    throw new UsageError(`unet: height and width must be divisible by ${2 ** levels}, got ${height}x${width}`);
  const body = (scope: Scope, x: Value): Value => {
    let h = doubleConv(scope.in('inc.double_conv'), x, base);
    const skips = [h];
    for (let level = 1; level <= levels; level++) {
      const down = scope.in(`down${level}.maxpool_conv`);
      h = doubleConv(down.in('1.double_conv'), maxPool2(down, '0', h), base * 2 ** level);
      skips.push(h);
    }
    for (let i = 1; i <= levels; i++) {
      const up = scope.in(`up${i}`);
      const channels = base * 2 ** (levels - i);
      const joined = [skips[levels - i]!, upConv2x2(up, 'up', h, channels)];
      h = doubleConv(
        up.in('conv.double_conv'),
        scope.b.op('Concat', joined, { axis: 1 }, { name: up.path('join') }),
        channels,
      );
    }
    const head = { out: classes, kernel: 1, init: 'uniformFanIn', bias: { uniform: 1 / Math.sqrt(base) } } as const;
    return conv2d(scope, 'outc.conv', h, head);
  };
  return defineModel({ name: `unet${base}`, task: 'segmentation', inputShape, classes, normalization, body });
}
