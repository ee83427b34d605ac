import { intAttribute, type PlainAttributes, windowOf } from '../../onnx/index.ts';
import { blockedDomain, type EmissionRule } from './emission.ts';

/** A pooling window over a value that is blocked already. */
const pool: EmissionRule = (node, e) => {
  const x = node.inputs[0]!;
  const y = node.outputs[0]!;
  const spatial = x.shape.slice(2);
  if (node.outputs.length !== 1 || !e.blockable(x) || !e.isBlocked(x)) return false;
  if (!spatial.every((d) => typeof d === 'number')) return false;
  const { kernel, strides, dilations, pads } = windowOf(node, spatial);
  if (pads.some((p) => p < 0)) return false;
  const attributes: Record<string, PlainAttributes[string]> = { kernel_shape: kernel, strides, dilations, pads };
  attributes.ceil_mode = intAttribute(node, 'ceil_mode', 0);
  if (node.opType === 'AveragePool') attributes.count_include_pad = intAttribute(node, 'count_include_pad', 0);
  const options = { domain: blockedDomain, name: node.name, outputNames: [y.name] };
  e.setBlocked(y, e.builder.op(node.opType, [e.blocked(x)], attributes, options));
  return true;
};

const globalPool: EmissionRule = (node, e) => {
  const x = node.inputs[0]!;
  const y = node.outputs[0]!;
  if (!e.blockable(x) || !e.isBlocked(x)) return false;
  const options = { domain: blockedDomain, name: node.name, outputNames: [y.name] };
  e.setBlocked(y, e.builder.op(node.opType, [e.blocked(x)], {}, options));
  return true;
};

export const poolingRules: Readonly<Record<string, EmissionRule>> = {
  MaxPool: pool,
  AveragePool: pool,
  GlobalAveragePool: globalPool,
  GlobalMaxPool: globalPool,
};
