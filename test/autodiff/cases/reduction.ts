import { tensorOf } from '../../../src/onnx/index.ts';
import type { Case } from '../check.ts';

const operators =
  'ReduceSum ReduceMean ReduceMax ReduceMin ReduceSumSquare ReduceL1 ReduceL2 ReduceLogSumExp ReduceLogSum ReduceProd'.split(
    ' ',
  );
const choices: readonly (readonly number[] | null)[] = [[1], [-1, 0], [0, 1, 2], null];

/** Products without zeros, with one and with two. */
const withZeros: Case = {
  op: 'ReduceProd',
  setting: 'with zeros',
  inputs: { x: [3, 3] },
  step: 0.1,
  build: (b, x) => {
    const factors = b.constant(tensorOf('float64', [3, 3], [1, 2, 3, 0, 2, 3, 0, 0, 3]));
    return b.op('ReduceProd', [b.mul(x!, factors), b.integers([1])]);
  },
};

export const reductionCases: readonly Case[] = operators
  .flatMap((op) =>
    choices.flatMap((axes) =>
      [0, 1].map(
        (keepdims): Case => ({
          op,
          setting: `${axes === null ? 'all axes' : `axes ${axes}`}, keepdims ${keepdims}`,
          inputs: { x: [2, 3, 4] },
          draw: op === 'ReduceLogSum' ? 'positive' : 'normal',
          build: (b, x) => b.op(op, axes ? [x!, b.integers(axes)] : [x!], { keepdims }),
        }),
      ),
    ),
  )
  .concat(withZeros);
