import { type GraphBuilder, intAttribute, type Rewrite, type Value } from '../../onnx/index.ts';

/**
 * Storage buffers that a shader may bind on every WebGPU device (the default of `maxStorageBuffersPerShaderStage`). One is for what is
 * split.
 */
const widest = 8 - 1;

const sum = (values: readonly number[]) => values.reduce((total, v) => total + v, 0);

function pieces(b: GraphBuilder, x: Value, sizes: readonly number[], axis: number): readonly Value[] {
  if (sizes.length === 1) return [x];
  let perPart = 1;
  while (perPart * widest < sizes.length) perPart *= widest;
  const groups: (readonly number[])[] = [];
  for (let i = 0; i < sizes.length; i += perPart) groups.push(sizes.slice(i, i + perPart));
  const parts = b.ops('Split', [x, b.integers(groups.map(sum))], { axis }, { outputs: groups.length });
  return groups.flatMap((group, i) => pieces(b, parts[i]!, group, axis));
}

/**
 * A Split into many parts as a tree of Splits into few: the kernel binds all its outputs at once, and a training step's Split has one for
 * each parameter.
 */
export const splitTree: Rewrite = (node, inputs, b) => {
  if (node.outputs.length <= widest) return undefined;
  const axis = intAttribute(node, 'axis', 0);
  const sizes = node.outputs.map((v) => v.shape[axis < 0 ? axis + v.shape.length : axis]);
  return sizes.every((s) => typeof s === 'number') ? pieces(b, inputs[0]!, sizes, axis) : undefined;
};
