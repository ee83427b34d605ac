import { tensorOf } from '../../../src/onnx/index.ts';
import type { Case } from '../check.ts';

/** Single precision only, but linear. */
function resize(
  x: readonly number[],
  target: { scales: number[] } | { sizes: number[] },
  attributes: Record<string, string>,
): Case {
  return {
    op: 'Resize',
    setting: JSON.stringify({ ...target, ...attributes }).replaceAll('"', ''),
    dtype: 'float32',
    step: 0.25,
    tolerance: 1e-5,
    inputs: { x },
    build: (b, v) =>
      'scales' in target
        ? b.op('Resize', [v!, null, b.constant(tensorOf('float32', [x.length], target.scales))], attributes)
        : b.op('Resize', [v!, null, null, b.integers(target.sizes)], attributes),
  };
}

const x = [2, 2, 4, 5];
const targets = [
  { scales: [1, 1, 2, 2] },
  { scales: [1, 1, 0.5, 1.7] },
  { sizes: [2, 2, 7, 3] },
  { sizes: [2, 2, 1, 10] },
];
const coordinates = ['asymmetric', 'half_pixel', 'pytorch_half_pixel', 'align_corners'];
/** Corners cannot be aligned at a size that is no whole number. */
const targetsOf = (mode: string) =>
  mode === 'align_corners' ? targets.with(1, { scales: [1, 1, 0.5, 1.4] }) : targets;

export const resizeCases: readonly Case[] = [
  ...coordinates.flatMap((mode) =>
    targetsOf(mode).map((t) => resize(x, t, { mode: 'linear', coordinate_transformation_mode: mode })),
  ),
  ...coordinates.flatMap((mode) =>
    ['floor', 'ceil', 'round_prefer_floor', 'round_prefer_ceil'].flatMap((nearest_mode) =>
      targetsOf(mode).map((t) => resize(x, t, { mode: 'nearest', coordinate_transformation_mode: mode, nearest_mode })),
    ),
  ),
  resize([2, 2, 4], { scales: [1, 1, 3] }, { mode: 'linear' }),
  resize(
    [1, 2, 3, 4, 2],
    { sizes: [1, 2, 6, 3, 4] },
    { mode: 'linear', coordinate_transformation_mode: 'align_corners' },
  ),
];
