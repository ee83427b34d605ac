import { intAttribute, type PlainAttributes, toNumbers, windowOf } from '../../onnx/index.ts';
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

/** The mean over all pixels, as exporters also write global pooling. */
const reduceMean: EmissionRule = (node, e) => {
  const x = node.inputs[0]!;
  const y = node.outputs[0]!;
  const axes = node.inputs[1] ? e.constantOf(node.inputs[1]) : undefined;
  if (!axes || !e.blockable(x) || !e.isBlocked(x)) return false;
  const spatial = toNumbers(axes).map((a) => (a < 0 ? a + 4 : a));
  if (spatial.length !== 2 || !spatial.includes(2) || !spatial.includes(3)) return false;
  const pooled = e.builder.op('GlobalAveragePool', [e.blocked(x)], {}, { domain: blockedDomain, name: node.name });
  if (intAttribute(node, 'keepdims', 1) === 1) e.setBlocked(y, pooled);
  else e.setPlain(y, e.builder.reshape(pooled, [0, -1]));
  return true;
};

export const poolingRules: Readonly<Record<string, EmissionRule>> = {
  MaxPool: pool,
  AveragePool: pool,
  GlobalAveragePool: globalPool,
  GlobalMaxPool: globalPool,
  ReduceMean: reduceMean,
};
