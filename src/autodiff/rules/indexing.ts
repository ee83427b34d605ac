import {
  type GraphBuilder,
  intAttribute,
  sizeOf,
  staticShape,
  stringAttribute,
  tensorOf,
  toNumbers,
  type Value,
} from '../../onnx/index.ts';
import { padBy } from '../rearrange.ts';
import { type Rule, type TangentContext, type TransposeContext, zeros } from './rule.ts';

/** Operators that read or write elements at positions given by integers. They are linear in the elements. */

function axisOf(c: TransposeContext): number {
  const axis = intAttribute(c.node, 'axis', 0);
  return axis < 0 ? axis + c.inputs[0]!.shape.length : axis;
}

/** Indices that are the same for every tangent vector, repeated along the batch axis. */
function repeated(c: TangentContext, indices: Value): Value {
  return c.batched ? c.b.expand(indices, c.shapeOf(indices)) : indices;
}

const gather: Rule = {
  tangent: (c) => {
    c.axis(intAttribute(c.node, 'axis', 0));
    return c.again([c.t(0), c.inputs[1]!]);
  },
  transpose: (c) => {
    const { b } = c;
    const [x, indices, ct] = [c.inputs[0]!, c.inputs[1]!, c.cotangents[0]!];
    const shape = staticShape(x);
    const axis = axisOf(c);
    const [before, after] = [shape.slice(0, axis), shape.slice(axis + 1)];
    const count = sizeOf(staticShape(indices));
    const flat = b.reshape(ct, [...before, count, ...after]);
    const known = count === 1 ? b.constantOf(indices) : undefined;
    if (known) {
      // One fixed position: zeros around it.
      const at = Number(known.data[0]);
      const first = at < 0 ? at + shape[axis]! : at;
      const begins = shape.map((_, i) => (i === axis ? first : 0));
      const ends = shape.map((d, i) => (i === axis ? d - 1 - first : 0));
      return [padBy(b, flat, begins, ends), null];
    }
    const column = b.reshape(indices, [...before.map(() => 1), count, ...after.map(() => 1)]);
    const positions = before.length + after.length > 0 ? b.expand(column, [...before, count, ...after]) : column;
    const nothing = zeros(b, ct.dtype, shape);
    return [b.op('ScatterElements', [nothing, positions, flat], { axis, reduction: 'add' }), null];
  },
};

const gatherElements: Rule = {
  tangent: (c) => {
    c.axis(intAttribute(c.node, 'axis', 0));
    return c.again([c.t(0), repeated(c, c.x(1))]);
  },
  transpose: (c) => {
    const [x, ct] = [c.inputs[0]!, c.cotangents[0]!];
    const nothing = zeros(c.b, ct.dtype, staticShape(x));
    return [c.b.op('ScatterElements', [nothing, c.inputs[1]!, ct], { axis: axisOf(c), reduction: 'add' }), null];
  },
};

/** What `gatherElements` transposes to: values added at some positions of nothing. Undefined for a value that is not made so. */
export function addedToZeros(b: GraphBuilder, v: Value, axis: number): { positions: Value; values: Value } | undefined {
  const node = b.producerOf(v);
  if (node?.opType !== 'ScatterElements' || stringAttribute(node, 'reduction', 'none') !== 'add') return undefined;
  const [data, positions, values] = node.inputs as readonly [Value, Value, Value];
  const spread = b.producerOf(data);
  const constant = b.constantOf(spread?.opType === 'Expand' ? spread.inputs[0]! : data);
  if (!constant || toNumbers(constant).some((d) => d !== 0)) return undefined;
  const along = intAttribute(node, 'axis', 0);
  return (along < 0 ? along + v.shape.length : along) === axis ? { positions, values } : undefined;
}

/** The largest or smallest elements: its second output tells where they stand. */
function topK(c: TangentContext): Value {
  const axis = c.axis(intAttribute(c.node, 'axis', -1));
  return c.b.op('GatherElements', [c.t(0), repeated(c, c.outputs[1]!)], { axis });
}

/** With reduction `add`, or `none` where every position is written once. */
const scatterElements: Rule = {
  tangent: (c) => {
    c.axis(intAttribute(c.node, 'axis', 0));
    const reduction = stringAttribute(c.node, 'reduction', 'none');
    if (reduction !== 'none' && reduction !== 'add') c.fail(`reduction ${reduction} is not supported`);
    const [data, updates] = [c.x(0), c.x(2)].map((v, i) => c.t(2 * i) ?? zeros(c.b, v.dtype, c.shapeOf(v)));
    return c.again([data!, repeated(c, c.x(1)), updates!]);
  },
  transpose: (c) => {
    const { b } = c;
    const axis = axisOf(c);
    const [indices, ct] = [c.inputs[1]!, c.cotangents[0]!];
    const adds = stringAttribute(c.node, 'reduction', 'none') === 'add';
    const overwritten = () =>
      b.op('ScatterElements', [ct, indices, zeros(b, ct.dtype, staticShape(indices))], { axis });
    return [
      c.linear[0] ? (adds ? ct : overwritten()) : null,
      null,
      c.linear[2] ? b.op('GatherElements', [ct, indices], { axis }) : null,
    ];
  },
};

/** Indices [..., k] after `batch_dims` axes that data and indices share. */
const gatherND: Rule = {
  tangent: (c) => {
    const shared = intAttribute(c.node, 'batch_dims', 0);
    if (shared === 0) c.axis(0);
    return c.again([c.t(0), repeated(c, c.x(1))]);
  },
  transpose: (c) => {
    const { b } = c;
    const [x, indices, ct] = [c.inputs[0]!, c.inputs[1]!, c.cotangents[0]!];
    const nothing = zeros(b, ct.dtype, staticShape(x));
    const whole = withSharedAxes(b, indices, intAttribute(c.node, 'batch_dims', 0));
    return [b.op('ScatterND', [nothing, whole, ct], { reduction: 'add' }), null];
  },
};

/** Indices into all axes, where the first `count` axes are shared with the data. */
function withSharedAxes(b: GraphBuilder, indices: Value, count: number): Value {
  if (count === 0) return indices;
  const shape = staticShape(indices);
  const outer = shape.slice(0, -1);
  const own = Array.from({ length: count }, (_, axis) => {
    const numbers = b.constant(
      tensorOf(
        'int64',
        [outer[axis]!, ...outer.slice(axis + 1).map(() => 1), 1],
        Array.from({ length: outer[axis]! }, (_, i) => i),
      ),
    );
    return b.expand(numbers, [...outer, 1]);
  });
  return b.concat([...own, indices], outer.length);
}

/** With reduction `add`, or `none` where every position is written once. */
const scatterND: Rule = {
  tangent: (c) => {
    c.axis(0);
    const reduction = stringAttribute(c.node, 'reduction', 'none');
    if (reduction !== 'none' && reduction !== 'add') c.fail(`reduction ${reduction} is not supported`);
    const [data, updates] = [c.x(0), c.x(2)].map((v, i) => c.t(2 * i) ?? zeros(c.b, v.dtype, staticShape(v)));
    return c.again([data!, c.x(1), updates!]);
  },
  transpose: (c) => {
    const { b } = c;
    const [indices, updates, ct] = [c.inputs[1]!, c.inputs[2]!, c.cotangents[0]!];
    const adds = stringAttribute(c.node, 'reduction', 'none') === 'add';
    const overwritten = () => b.op('ScatterND', [ct, indices, zeros(b, ct.dtype, staticShape(updates))]);
    return [
      c.linear[0] ? (adds ? ct : overwritten()) : null,
      null,
      c.linear[2] ? b.op('GatherND', [ct, indices]) : null,
    ];
  },
};

export const indexingRules: Readonly<Record<string, Rule>> = {
  Gather: gather,
  GatherElements: gatherElements,
  GatherND: gatherND,
  TopK: { tangent: topK, outputs: 2 },
  ScatterElements: scatterElements,
  ScatterND: scatterND,
};
