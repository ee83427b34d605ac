import type { GraphBuilder, Value } from '../../onnx/index.ts';
import { concatFlat, cutFlat, type FlatLayout } from '../flat.ts';
import type { ParameterGroup } from './names.ts';

/** A part of a flat vector: a tensor of the group, or all that lies between two of them. */
interface Stretch {
  readonly member: boolean;
  readonly length: number;
}

function stretches({ entries }: FlatLayout, group: ParameterGroup): readonly Stretch[] {
  const list: Stretch[] = [];
  for (const { shape, length } of entries) {
    const member = group === 'all' || shape.length > 1;
    const last = list.at(-1);
    if (!member && last && !last.member) list[list.length - 1] = { member, length: last.length + length };
    else list.push({ member, length });
  }
  return list;
}

/** The first of several flat vectors with `change` made to it where the group lies; `change` works element by element. */
export function changedOn(
  b: GraphBuilder,
  { layout, group }: { readonly layout: FlatLayout; readonly group: ParameterGroup },
  vectors: readonly Value[],
  change: (...parts: readonly Value[]) => Value,
): Value {
  const list = stretches(layout, group);
  if (list.every((s) => s.member)) return change(...vectors);
  const parts = vectors.map((v) => cutFlat(b, v, lengthsOf(list)));
  return concatFlat(
    b,
    list.map(({ member }, i) => (member ? change(...parts.map((p) => p[i]!)) : parts[0]![i]!)),
  );
}

/**
 * `vector` with each tensor of the group times a number of its own: the layer-wise rates of LARS and LAMB. `ratio` gives these
 * numbers, all at once, from the tensors' 2-norms in two other vectors; where either norm is 0 the number is 1.
 */
export function scaledByTensor(
  b: GraphBuilder,
  { layout, group, norms }: { layout: FlatLayout; group: ParameterGroup; norms: readonly [Value, Value] },
  vector: Value,
  ratio: (first: Value, second: Value) => Value,
): Value {
  const list = stretches(layout, group);
  const members = list.flatMap((s, i) => (s.member ? [i] : []));
  if (members.length === 0) return vector;
  const cut = new Map([...norms, vector].map((v) => [v, cutFlat(b, v, lengthsOf(list))]));
  const [first, second] = norms.map((v) => {
    const each = members.map((i) => b.op('ReduceL2', [cut.get(v)![i]!, b.integers([0])], { keepdims: 1 }));
    return b.concat(each, 0);
  }) as [Value, Value];
  const zero = b.scalar(0);
  const usable = b.op('And', [b.op('Greater', [first, zero]), b.op('Greater', [second, zero])]);
  const factors = b.where(usable, ratio(first, second), b.scalar(1));
  const each = cutFlat(
    b,
    factors,
    members.map(() => 1),
  );
  const scaled = [...cut.get(vector)!];
  members.forEach((i, n) => {
    scaled[i] = b.mul(scaled[i]!, each[n]!);
  });
  return concatFlat(b, scaled);
}

const lengthsOf = (list: readonly Stretch[]): readonly number[] => list.map((s) => s.length);
