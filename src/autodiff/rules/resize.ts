import {
  floatAttribute,
  intAttribute,
  intsAttribute,
  staticShape,
  stringAttribute,
  toNumbers,
} from '../../onnx/index.ts';
import { alongAxis, bandMatrix, transposedMatrix } from '../separable.ts';
import type { Rule, TangentContext, TransposeContext } from './rule.ts';

/** How Resize maps positions along one axis from the output (n_out) back to the input (n_in); scale = n_out / n_in. */
interface Axis {
  readonly from: number;
  readonly to: number;
  readonly scale: number;
}

const coordinates: Readonly<Record<string, (i: number, a: Axis) => number>> = {
  asymmetric: (i, a) => i / a.scale,
  half_pixel: (i, a) => (i + 0.5) / a.scale - 0.5,
  pytorch_half_pixel: (i, a) => (a.to > 1 ? (i + 0.5) / a.scale - 0.5 : 0),
  align_corners: (i, a) => (a.to > 1 ? (i * (a.from - 1)) / (a.to - 1) : 0),
};

const roundings: Readonly<Record<string, (x: number) => number>> = {
  floor: Math.floor,
  ceil: Math.ceil,
  round_prefer_floor: (x) => Math.ceil(x - 0.5),
  round_prefer_ceil: (x) => Math.floor(x + 0.5),
};

/** The input elements and weights that make output element i. */
function stencil(mode: string, rounding: string, position: (i: number, a: Axis) => number, a: Axis, single: boolean) {
  const inside = (p: number) => Math.min(Math.max(p, 0), a.from - 1);
  return (i: number): [number, number][] => {
    // ONNX Runtime computes positions in single precision, which decides ties of `nearest`; float64 is lowered, and has its own.
    const x = single ? Math.fround(position(i, a)) : position(i, a);
    if (mode === 'nearest') return [[inside(roundings[rounding]!(x)), 1]];
    const at = inside(x);
    const low = Math.floor(at);
    const weight = at - low;
    return [
      [low, 1 - weight],
      [inside(low + 1), weight],
    ];
  };
}

function checkSupported(c: TangentContext): void {
  const { node } = c;
  const mode = stringAttribute(node, 'mode', 'nearest');
  const transformation = stringAttribute(node, 'coordinate_transformation_mode', 'half_pixel');
  const rounding = stringAttribute(node, 'nearest_mode', 'round_prefer_floor');
  if (mode !== 'nearest' && mode !== 'linear') c.fail(`mode ${mode} is not supported, only nearest and linear`);
  if (!coordinates[transformation]) c.fail(`coordinate_transformation_mode ${transformation} is not supported`);
  if (!roundings[rounding]) c.fail(`nearest_mode ${rounding} is not supported`);
  if (intAttribute(node, 'antialias', 0) !== 0) c.fail('antialias is not supported');
  if (intsAttribute(node, 'axes')) c.fail('axes is not supported; give scales or sizes for every axis');
  if (floatAttribute(node, 'extrapolation_value', 0) !== 0) c.fail('extrapolation_value is not supported');
}

/** Linear, and separable: one interpolation matrix an axis. */
const resize: Rule = {
  tangent: (c) => {
    checkSupported(c);
    const sizes = c.inputs[3] ? c.b.integers(c.shapeOf(c.y)) : null;
    return c.again([c.t(0), null, sizes ? null : c.inputs[2]!, sizes]);
  },
  transpose: (c: TransposeContext) => {
    const { b, node } = c;
    const mode = stringAttribute(node, 'mode', 'nearest');
    const position = coordinates[stringAttribute(node, 'coordinate_transformation_mode', 'half_pixel')]!;
    const rounding = stringAttribute(node, 'nearest_mode', 'round_prefer_floor');
    const [from, to] = [staticShape(c.inputs[0]!), staticShape(node.outputs[0]!)];
    const given = c.inputs[2] ? b.constantOf(c.inputs[2]) : undefined;
    const scales = given?.data.length ? toNumbers(given) : from.map((n, i) => to[i]! / n);
    const ct = from.reduce((v, n, axis) => {
      if (scales[axis] === 1) return v;
      const geometry = { from: n, to: to[axis]!, scale: scales[axis]! };
      const matrix = bandMatrix(
        v.dtype,
        to[axis]!,
        n,
        stencil(mode, rounding, position, geometry, v.dtype !== 'float64'),
      );
      return alongAxis(b, v, axis, transposedMatrix(matrix));
    }, c.cotangents[0]!);
    return [ct, null, null, null];
  },
};

export const resizeRules: Readonly<Record<string, Rule>> = { Resize: resize };
