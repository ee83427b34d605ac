import type { Case } from '../check.ts';

const operators =
  'ReduceSum ReduceMean ReduceMax ReduceMin ReduceSumSquare ReduceL1 ReduceL2 ReduceLogSumExp ReduceLogSum'.split(' ');
const choices: readonly (readonly number[] | null)[] = [[1], [-1, 0], [0, 1, 2], null];

export const reductionCases: readonly Case[] = operators.flatMap((op) =>
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
);
