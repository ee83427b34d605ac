import { intAttribute, type Node, type Shape, stringAttribute } from '../graph.ts';
import { fail, type InferenceRule, inputAt } from './rule.ts';

/** Losses of scores [N, C, d1, ...] and labels [N, d1, ...]: one number, or one a label. */
function lossShape(node: Node): Shape {
  const [scores, labels] = [inputAt(node, 0), inputAt(node, 1)];
  const expected = [...scores.shape.slice(0, 1), ...scores.shape.slice(2)];
  if (scores.shape.length < 2 || expected.join() !== labels.shape.join()) {
    fail(node, 'scores must be [N, C, ...] and labels [N, ...]');
  }
  const reduction = stringAttribute(node, 'reduction', 'mean');
  return reduction === 'none' ? labels.shape : [];
}

const negativeLogLikelihood: InferenceRule = ({ node }) => [{ dtype: inputAt(node, 0).dtype, shape: lossShape(node) }];

/** The loss, and on request the log-probabilities. */
const softmaxCrossEntropy: InferenceRule = ({ node, outputCount }) => {
  const { dtype, shape } = inputAt(node, 0);
  const loss = { dtype, shape: lossShape(node) };
  return outputCount > 1 ? [loss, { dtype, shape }] : [loss];
};

/** The determinant of each matrix. */
const determinant: InferenceRule = ({ node }) => {
  const x = inputAt(node, 0);
  if (x.shape.length < 2 || x.shape.at(-1) !== x.shape.at(-2)) fail(node, 'needs square matrices');
  return [{ dtype: x.dtype, shape: x.shape.slice(0, -2) }];
};

/** Values of x [N, C, d1, ...] at the positions of a grid [N, o1, ..., rank]. */
const gridSample: InferenceRule = ({ node }) => {
  const [x, grid] = [inputAt(node, 0), inputAt(node, 1)];
  const rank = x.shape.length - 2;
  if (rank < 1 || grid.shape.length !== rank + 2 || grid.shape.at(-1) !== rank || grid.shape[0] !== x.shape[0]) {
    fail(node, `the grid must be [N, ..., ${rank}] with ${rank + 2} dimensions`);
  }
  return [{ dtype: x.dtype, shape: [...x.shape.slice(0, 2), ...grid.shape.slice(1, -1)] }];
};

/** The first elements along the time axis in reverse, as many as `sequence_lens` says of each sequence. */
const reverseSequence: InferenceRule = ({ node }) => {
  const [x, lengths] = [inputAt(node, 0), inputAt(node, 1)];
  const [batch, time] = [intAttribute(node, 'batch_axis', 1), intAttribute(node, 'time_axis', 0)];
  if (batch + time !== 1 || batch * time !== 0) fail(node, 'batch_axis and time_axis must be 0 and 1');
  if (lengths.shape.length !== 1 || lengths.shape[0] !== x.shape[batch]) fail(node, 'needs one length a sequence');
  return [{ dtype: x.dtype, shape: x.shape }];
};

/** Operators that are computed, but have no derivative rule. */
export const furtherRules: Readonly<Record<string, InferenceRule>> = {
  NegativeLogLikelihoodLoss: negativeLogLikelihood,
  SoftmaxCrossEntropyLoss: softmaxCrossEntropy,
  Det: determinant,
  GridSample: gridSample,
  ReverseSequence: reverseSequence,
};
