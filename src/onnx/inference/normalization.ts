import { intAttribute, type Node, type Shape, type Value } from '../graph.ts';
import {
  broadcastShapes,
  fail,
  type InferenceRule,
  type Inferred,
  inputAt,
  normalizeAxis,
  requireNumber,
} from './rule.ts';

/** Evaluation: Y. Training mode: Y, running mean, running variance. */
const batchNormalization: InferenceRule = ({ node, outputCount }) => {
  const x = inputAt(node, 0);
  for (let i = 1; i < 5; i++) {
    const v = inputAt(node, i);
    if (v.shape.length !== 1 || v.shape[0] !== x.shape[1]) fail(node, `input ${i} must have one entry per channel`);
  }
  const out: Inferred[] = [{ dtype: x.dtype, shape: x.shape }];
  for (let i = 1; i < outputCount; i++) out.push({ dtype: inputAt(node, 3).dtype, shape: inputAt(node, 3).shape });
  return out;
};

/** A scale or bias must broadcast to the axes that are normalized. */
function fitsAxes(node: Node, v: Value, axes: Shape): void {
  const fits = broadcastShapes(node, axes, v.shape);
  if (fits.join() !== axes.join()) fail(node, `${v.name} [${v.shape}] does not broadcast to [${axes}]`);
}

/** Y, and on request the mean and the inverse standard deviation over the normalized axes. */
const layerNormalization: InferenceRule = ({ node, outputCount }) => {
  const x = inputAt(node, 0);
  const axis = intAttribute(node, 'axis', -1);
  const first = normalizeAxis(node, axis, x.shape.length);
  const reduced = x.shape.map((d, i) => (i < first ? d : 1));
  for (const v of node.inputs.slice(1)) if (v) fitsAxes(node, v, x.shape.slice(first));
  const out: Inferred[] = [{ dtype: x.dtype, shape: x.shape }];
  // The statistics are float32 whatever is normalized (`stash_type` 1).
  for (let i = 1; i < outputCount; i++) out.push({ dtype: 'float32', shape: reduced });
  return out;
};

/** Scale and bias, one entry a channel. */
const instanceNormalization: InferenceRule = ({ node }) => {
  const x = inputAt(node, 0);
  for (let i = 1; i < 3; i++) {
    const v = inputAt(node, i);
    if (v.shape.length !== 1 || v.shape[0] !== x.shape[1]) fail(node, `input ${i} must have one entry per channel`);
  }
  return [{ dtype: x.dtype, shape: x.shape }];
};

/** Scale and bias, one entry a group (operator set 18). */
const groupNormalization: InferenceRule = ({ node }) => {
  const x = inputAt(node, 0);
  const groups = intAttribute(node, 'num_groups', 0);
  if (groups < 1 || requireNumber(node, x.shape[1]) % groups !== 0) {
    fail(node, `num_groups is ${groups}, which does not divide ${x.shape[1]} channels`);
  }
  for (let i = 1; i < 3; i++) {
    const v = inputAt(node, i);
    if (v.shape.length !== 1 || v.shape[0] !== groups) fail(node, `input ${i} must have one entry per group`);
  }
  return [{ dtype: x.dtype, shape: x.shape }];
};

export const normalizationRules: Readonly<Record<string, InferenceRule>> = {
  BatchNormalization: batchNormalization,
  InstanceNormalization: instanceNormalization,
  GroupNormalization: groupNormalization,
  LayerNormalization: layerNormalization,
};
