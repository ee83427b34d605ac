import { tensorOf } from '../../../src/onnx/index.ts';
import type { Case } from '../check.ts';

const axes = [-1, 1, 0];

function batchNorm(x: readonly number[], training: boolean): Case {
  const c = [x[1]!];
  return {
    op: 'BatchNormalization',
    setting: `${training ? 'training' : 'evaluation'}, [${x}]`,
    inputs: { x, scale: c, bias: c, mean: c, variance: c },
    draw: { variance: 'positive' },
    build: (b, ...inputs) => {
      if (!training) return b.op('BatchNormalization', inputs, { epsilon: 1e-3 });
      const attributes = { training_mode: 1, epsilon: 1e-3, momentum: 0.8 };
      return b.ops('BatchNormalization', inputs, attributes, { outputs: 3 });
    },
  };
}

function groupNorm(groups: number): Case {
  return {
    op: 'GroupNormalization',
    setting: `${groups} groups`,
    inputs: { x: [2, 4, 3, 2], scale: [groups], bias: [groups] },
    build: (b, ...inputs) => b.op('GroupNormalization', inputs, { num_groups: groups, epsilon: 1e-3 }),
  };
}

export const normalizationCases: readonly Case[] = [
  {
    op: 'LogSoftmax',
    setting: 'some of its values, one twice',
    inputs: { x: [3, 5] },
    build: (b, x) => {
      const positions = b.constant(tensorOf('int64', [3, 2], [4, 0, 2, 2, 1, 3]));
      return b.op('GatherElements', [b.op('LogSoftmax', [x!], { axis: -1 }), positions], { axis: 1 });
    },
  },
  ...axes.flatMap((axis) =>
    ['Softmax', 'LogSoftmax'].map(
      (op): Case => ({
        op,
        setting: `axis ${axis}`,
        inputs: { x: [3, 4, 2] },
        build: (b, x) => b.op(op, [x!], { axis }),
      }),
    ),
  ),
  ...[
    [4, 3, 2, 2],
    [5, 3],
    [4, 2, 3],
  ].flatMap((x) => [batchNorm(x, false), batchNorm(x, true)]),
  ...[-1, 1, -2].map(
    (axis): Case => ({
      op: 'LayerNormalization',
      setting: `axis ${axis}`,
      inputs: { x: [3, 4, 5], scale: axis === -1 ? [5] : [4, 5], bias: axis === -1 ? [5] : [4, 5] },
      build: (b, ...inputs) => b.op('LayerNormalization', inputs, { axis, epsilon: 1e-3 }),
    }),
  ),
  {
    op: 'LayerNormalization',
    setting: 'without bias',
    inputs: { x: [3, 5], scale: [5] },
    build: (b, ...inputs) => b.op('LayerNormalization', inputs),
  },
  groupNorm(2),
  groupNorm(4),
  {
    op: 'InstanceNormalization',
    setting: 'images',
    dtype: 'float32',
    step: 2e-2,
    tolerance: 1e-3,
    inputs: { x: [2, 3, 4, 4], scale: [3], bias: [3] },
    build: (b, ...inputs) => b.op('InstanceNormalization', inputs, { epsilon: 1e-2 }),
  },
  ...[1, 2].flatMap((p) =>
    [-1, 1].map(
      (axis): Case => ({
        op: 'LpNormalization',
        setting: `order ${p}, axis ${axis}`,
        inputs: { x: [2, 3, 4] },
        build: (b, x) => b.op('LpNormalization', [x!], { p, axis }),
      }),
    ),
  ),
  ...[
    [0, 2, 3],
    [2, 3],
  ].map(
    (over): Case => ({
      op: 'MeanVarianceNormalization',
      setting: `axes ${over}`,
      dtype: 'float32',
      step: 2e-2,
      tolerance: 1e-3,
      inputs: { x: [2, 3, 4, 4] },
      build: (b, x) => b.op('MeanVarianceNormalization', [x!], { axes: over }),
    }),
  ),
  {
    op: 'LRN',
    setting: 'three neighbours',
    dtype: 'float32',
    step: 2e-2,
    tolerance: 1e-3,
    inputs: { x: [2, 5, 3, 3] },
    build: (b, x) => b.op('LRN', [x!], { size: 3, alpha: 0.5, beta: 0.75, bias: 1.5 }),
  },
];
