import { RandomStream } from '../base/random.ts';
import type { DropoutMask } from '../nn/index.ts';
import { sizeOf, type TensorData, tensor } from '../onnx/index.ts';

export interface MaskKey {
  readonly seed: number;
  readonly step: number;
  /** Which micro-batch of the step. */
  readonly micro: number;
}

/** Draws are made of 16 random bits: the ratio is right to 2^-17. */
const parts = 65_536;

/**
 * The factors of one dropout in one step: 0 for a share `ratio` of the values, 1 / (1 - ratio) for the others (inverted dropout, as
 * PyTorch's). Keyed by seed, name, step and micro-batch, so that a resumed run draws the same.
 */
export function drawMask({ name, shape, ratio }: DropoutMask, { seed, step, micro }: MaskKey): TensorData {
  const random = new RandomStream({ seed, purpose: `dropout/${name}`, step, index: micro });
  const kept = Math.round((1 - ratio) * parts);
  const factor = parts / kept;
  const mask = new Float32Array(sizeOf(shape));
  for (let i = 0; i < mask.length; i += 2) {
    const word = random.uint32();
    if ((word & 0xffff) < kept) mask[i] = factor;
    // Behind the end of an array of odd length this writes nothing.
    if (word >>> 16 < kept) mask[i + 1] = factor;
  }
  return tensor('float32', shape, mask);
}
