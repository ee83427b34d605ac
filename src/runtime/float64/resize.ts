import {
  describeNode,
  type GraphBuilder,
  GraphError,
  intAttribute,
  intsAttribute,
  type Node,
  stringAttribute,
  tensor,
  toNumbers,
  type Value,
} from '../../onnx/index.ts';
import type { Lowering } from './lowering.ts';

/** Position in the input of output pixel `o`, as ONNX defines `coordinate_transformation_mode`. */
function positionOf(node: Node, o: number, input: number, output: number, scale: number): number {
  const mode = stringAttribute(node, 'coordinate_transformation_mode', 'half_pixel');
  switch (mode) {
    case 'half_pixel':
      return (o + 0.5) / scale - 0.5;
    case 'pytorch_half_pixel':
      return output > 1 ? (o + 0.5) / scale - 0.5 : 0;
    case 'asymmetric':
      return o / scale;
    case 'align_corners':
      return output > 1 ? (o * (input - 1)) / (output - 1) : 0;
    default:
      throw new GraphError(`${describeNode(node)}: coordinate mode ${mode} cannot run in float64`);
  }
}

function nearestOf(node: Node, position: number): number {
  const mode = stringAttribute(node, 'nearest_mode', 'round_prefer_floor');
  switch (mode) {
    case 'floor':
      return Math.floor(position);
    case 'ceil':
      return Math.ceil(position);
    case 'round_prefer_ceil':
      return Math.floor(position + 0.5);
    default:
      return Math.ceil(position - 0.5);
  }
}

/** The matrix [input, output] that resizes one axis. */
function axisMatrix(node: Node, input: number, output: number, scale: number): Float64Array {
  const mode = stringAttribute(node, 'mode', 'nearest');
  if (mode !== 'nearest' && mode !== 'linear') {
    throw new GraphError(`${describeNode(node)}: mode ${mode} cannot run in float64`);
  }
  const matrix = new Float64Array(input * output);
  const inside = (i: number) => Math.min(Math.max(i, 0), input - 1);
  for (let o = 0; o < output; o++) {
    const position = positionOf(node, o, input, output, scale);
    if (mode === 'nearest') {
      matrix[inside(nearestOf(node, position)) * output + o] = 1;
      continue;
    }
    const below = Math.floor(position);
    matrix[inside(below) * output + o]! += 1 - (position - below);
    matrix[inside(below + 1) * output + o]! += position - below;
  }
  return matrix;
}

/** Multiplies along `axis` by a matrix [size, new size]. */
function alongAxis(b: GraphBuilder, x: Value, axis: number, matrix: Value): Value {
  const rank = x.shape.length;
  const swap = Array.from({ length: rank }, (_, i) => (i === axis ? rank - 1 : i === rank - 1 ? axis : i));
  return b.transpose(b.matMul(b.transpose(x, swap), matrix), swap);
}

/** Nearest and linear resizing are products with small matrices, one an axis. */
const resize: Lowering = (node, [x, , scales, sizes], b) => {
  if (intsAttribute(node, 'axes') || intAttribute(node, 'antialias', 0) !== 0) {
    throw new GraphError(`${describeNode(node)}: axes and antialias cannot run in float64`);
  }
  const given = scales && !sizes ? toNumbers(b.constantOf(scales)!) : undefined;
  const output = node.outputs[0]!.shape;
  return output.reduce<Value>((v, size, axis) => {
    const before = x!.shape[axis];
    if (size === before || typeof size !== 'number' || typeof before !== 'number') return v;
    const matrix = axisMatrix(node, before, size, given?.[axis] ?? size / before);
    return alongAxis(b, v, axis, b.constant(tensor('float64', [before, size], matrix)));
  }, x!);
};

export const resizeLowerings: Readonly<Record<string, Lowering>> = { Resize: resize };
