import { type GraphBuilder, type PlainAttributes, tensorOf, type Value } from '../../../src/onnx/index.ts';
import type { Case } from '../check.ts';

/** All of these are linear, so a unit step is exact. */
function layout(op: string, setting: string, x: readonly number[], build: (b: GraphBuilder, x: Value) => Value): Case {
  return { op, setting, inputs: { x }, step: 1, tolerance: 1e-11, build: (b, v) => build(b, v!) };
}

const slices: readonly { starts: number[]; ends: number[]; axes?: number[]; steps?: number[] }[] = [
  { starts: [1], ends: [4], axes: [1] },
  { starts: [0, 1], ends: [2, 5] },
  { starts: [-3], ends: [1000], axes: [-1] },
  { starts: [0, 1], ends: [5, 6], axes: [1, 2], steps: [2, 3] },
  { starts: [-1], ends: [-1000], axes: [1], steps: [-1] },
  { starts: [4, 5], ends: [0, -1000], axes: [1, 2], steps: [-2, -3] },
  { starts: [1, 5], ends: [3, 1], axes: [0, 2], steps: [1, -2] },
];

const pads: readonly { pads: number[]; mode?: string; axes?: number[] }[] = [
  { pads: [0, 1, 2, 1, 0, 3] },
  { pads: [0, -1, 2, 0, 1, -2] },
  { pads: [1, 2], axes: [-2] },
  { pads: [0, 2, 3, 0, 1, 3], mode: 'reflect' },
  { pads: [1, 2, 3, 0, 1, 5], mode: 'edge' },
  { pads: [0, 1, 3, 0, 2, 1], mode: 'wrap' },
];

const reshapes: readonly (readonly [string, (b: GraphBuilder, x: Value) => Value])[] = [
  ['Reshape', (b, x) => b.reshape(x, [3, -1])],
  ['Reshape', (b, x) => b.reshape(x, [0, 0, 2, 2, 1])],
  ['Flatten', (b, x) => b.op('Flatten', [x])],
  ['Flatten', (b, x) => b.op('Flatten', [x], { axis: -1 })],
  ['Flatten', (b, x) => b.op('Flatten', [x], { axis: 0 })],
  ['Unsqueeze', (b, x) => b.op('Unsqueeze', [x, b.integers([0, -1])])],
  ['Squeeze', (b, x) => b.op('Squeeze', [x, b.integers([-3])])],
  ['Squeeze', (b, x) => b.op('Squeeze', [x])],
  ['Transpose', (b, x) => b.transpose(x, [2, 0, 1])],
  ['Transpose', (b, x) => b.op('Transpose', [x])],
];

function split(setting: string, sizes: readonly number[] | null, outputs: number, attributes: PlainAttributes): Case {
  return {
    op: 'Split',
    setting,
    inputs: { x: [2, 6, 3] },
    step: 1,
    tolerance: 1e-11,
    build: (b, x) => b.ops('Split', sizes ? [x!, b.integers(sizes)] : [x!], attributes, { outputs }),
  };
}

export const layoutCases: readonly Case[] = [
  ...reshapes.map(([op, build], i) => layout(op, `form ${i}`, op === 'Squeeze' ? [1, 3, 4] : [2, 3, 4], build)),
  ...slices.map(({ starts, ends, axes, steps }) =>
    layout('Slice', JSON.stringify({ starts, ends, axes, steps }).replaceAll('"', ''), [3, 5, 6], (b, x) =>
      b.op('Slice', [
        x,
        b.integers(starts),
        b.integers(ends),
        axes ? b.integers(axes) : null,
        steps ? b.integers(steps) : null,
      ]),
    ),
  ),
  ...pads.map(({ pads: amounts, mode, axes }) =>
    layout('Pad', JSON.stringify({ amounts, mode, axes }).replaceAll('"', ''), [2, 5, 4], (b, x) =>
      b.op('Pad', [x, b.integers(amounts), null, axes ? b.integers(axes) : null], mode ? { mode } : {}),
    ),
  ),
  layout('Pad', 'with a value', [2, 3], (b, x) => b.op('Pad', [x, b.integers([1, 0, 0, 2]), b.scalar(7, 'float64')])),
  ...[0, 1, -1].map(
    (axis): Case => ({
      op: 'Concat',
      setting: `axis ${axis}`,
      inputs: { x: [2, 3, 2], w: [2, 3, 2], fixed: [2, 3, 2] },
      fixed: ['fixed'],
      build: (b, ...parts) => b.concat(parts, axis),
    }),
  ),
  {
    op: 'Concat',
    setting: 'all active',
    inputs: { x: [2, 3], w: [2, 1] },
    build: (b, ...parts) => b.concat(parts, -1),
  },
  split('sizes', [1, 3, 2], 3, { axis: 1 }),
  split('equal parts of the last axis', null, 3, { axis: -1, num_outputs: 3 }),
  {
    ...split('one part used', [1, 3, 2], 3, { axis: 1 }),
    build: (b, x) => b.ops('Split', [x!, b.integers([1, 3, 2])], { axis: 1 }, { outputs: 3 })[1]!,
  },
  layout('Squeeze', 'inner axis', [2, 3, 1], (b, x) => b.op('Squeeze', [x, b.integers([-1])])),
  layout('Transpose', 'inner axes', [2, 3, 4], (b, x) => b.transpose(x, [0, 2, 1])),
  layout('Expand', 'one image, inner axis', [1, 3, 1], (b, x) => b.expand(x, [1, 3, 4])),
  layout('Tile', 'inner axes', [2, 3, 2], (b, x) => b.op('Tile', [x, b.integers([1, 2, 3])])),
  layout('Expand', 'sizes of 1', [3, 1], (b, x) => b.expand(x, [3, 4])),
  layout('Expand', 'new axes', [3, 1], (b, x) => b.expand(x, [2, 1, 5])),
  layout('Expand', 'scalar', [], (b, x) => b.expand(x, [2, 3])),
  layout('Tile', 'every axis', [2, 3, 1], (b, x) => b.op('Tile', [x, b.integers([2, 1, 3])])),
  ...['DCR', 'CRD'].map((mode) =>
    layout('DepthToSpace', mode, [2, 12, 2, 3], (b, x) => b.op('DepthToSpace', [x], { blocksize: 2, mode })),
  ),
  layout('SpaceToDepth', 'blocks of 2', [2, 3, 4, 6], (b, x) => b.op('SpaceToDepth', [x], { blocksize: 2 })),
  layout('Trilu', 'upper', [2, 3, 4], (b, x) => b.op('Trilu', [x])),
  layout('Trilu', 'lower, below the diagonal', [4, 4], (b, x) =>
    b.op('Trilu', [x, b.constant(indices([], [-1]))], { upper: 0 }),
  ),
];

function indices(shape: readonly number[], values: readonly number[]) {
  return tensorOf('int64', shape, values);
}

export const indexingCases: readonly Case[] = [
  layout('Gather', 'rows, some twice', [4, 3], (b, x) =>
    b.op('Gather', [x, b.constant(indices([2, 2], [0, 3, 3, -1]))]),
  ),
  layout('Gather', 'inner axis', [2, 4, 3], (b, x) =>
    b.op('Gather', [x, b.constant(indices([3], [2, 0, 2]))], { axis: -2 }),
  ),
  layout('Gather', 'one position', [2, 4, 3], (b, x) =>
    b.op('Gather', [x, b.constant(indices([], [-2]))], { axis: 1 }),
  ),
  layout('Gather', 'one position, kept', [2, 4], (b, x) =>
    b.op('Gather', [x, b.constant(indices([1], [1]))], { axis: 1 }),
  ),
  ...[0, -1].map((axis) =>
    layout('GatherElements', `axis ${axis}`, [3, 3], (b, x) =>
      b.op('GatherElements', [x, b.constant(indices([2, 3], [0, 1, 1, 2, 0, -1]))], { axis }),
    ),
  ),
  layout('GatherElements', 'one image', [1, 5], (b, x) =>
    b.op('GatherElements', [x, b.constant(indices([1, 3], [4, 0, 4]))], { axis: 1 }),
  ),
  layout('GatherND', 'rows and elements', [3, 4], (b, x) =>
    b.op('GatherND', [x, b.constant(indices([3, 2], [0, 1, 2, -1, 0, 1]))]),
  ),
  layout('GatherND', 'within each image', [1, 4, 2], (b, x) =>
    b.op('GatherND', [x, b.constant(indices([1, 3, 1], [3, 0, 3]))], { batch_dims: 1 }),
  ),
  ...['none', 'add'].map(
    (reduction): Case => ({
      op: 'ScatterND',
      setting: reduction,
      inputs: { x: [4, 2], w: [2, 2] },
      step: 1,
      tolerance: 1e-11,
      build: (b, x, w) => b.op('ScatterND', [x!, b.constant(indices([2, 1], [3, 1])), w!], { reduction }),
    }),
  ),
  {
    op: 'ScatterElements',
    setting: 'one image',
    inputs: { x: [1, 5], w: [1, 3] },
    step: 1,
    tolerance: 1e-11,
    build: (b, x, w) =>
      b.op('ScatterElements', [x!, b.constant(indices([1, 3], [4, 0, 4])), w!], { axis: 1, reduction: 'add' }),
  },
  ...[1, 0].map(
    (largest): Case => ({
      op: 'TopK',
      setting: largest ? 'largest' : 'smallest',
      inputs: { x: [2, 5, 3] },
      build: (b, x) => b.ops('TopK', [x!, b.integers([2])], { axis: 1, largest }, { outputs: 2 })[0]!,
    }),
  ),
  ...['none', 'add'].map(
    (reduction): Case => ({
      op: 'ScatterElements',
      setting: `reduction ${reduction}`,
      inputs: { x: [2, 4], w: [2, 2] },
      step: 1,
      tolerance: 1e-11,
      build: (b, x, w) =>
        b.op('ScatterElements', [x!, b.constant(indices([2, 2], [0, 3, 2, 1])), w!], { axis: 1, reduction }),
    }),
  ),
];
