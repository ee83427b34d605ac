import { flopsOf } from './flops.ts';
import { type Attribute, describeShape, type Graph, type Node, type Value } from './graph.ts';
import { isFloat, type TensorData, toNumbers } from './tensor.ts';

/** Numbers that are worth showing in place of a constant's name. */
const shownElements = 8;

/** Six digits are enough to recognize a number, and hide that 1e-5 is not a float32. */
const short = (v: number) => `${Number(v.toPrecision(6))}`;

function printTensor(t: TensorData): string {
  const values = toNumbers(t).map(short).join(', ');
  return t.shape.length === 0 ? values : `[${values}]`;
}

function printAttribute({ type, value }: Attribute): string {
  switch (type) {
    case 'tensor':
      return value.data.length <= shownElements ? printTensor(value) : `${value.dtype}[${value.shape}]`;
    case 'string':
      return `"${value}"`;
    case 'strings':
      return `[${value.map((s) => `"${s}"`).join(', ')}]`;
    case 'int':
    case 'float':
      return short(value);
    case 'ints':
    case 'floats':
      return `[${value.map(short).join(', ')}]`;
  }
}

function printNode(node: Node, graph: Graph): string {
  const operand = (v: Value | null) => {
    const data = v && graph.constants.get(v);
    return data && data.data.length <= shownElements && data.shape.length < 2 ? printTensor(data) : (v?.name ?? '-');
  };
  const results = node.outputs.map((v) => `${v.name} ${describeShape(v)}`).join(', ');
  const attributes = Object.entries(node.attributes).map(([name, a]) => `${name}=${printAttribute(a)}`);
  const type = node.domain ? `${node.domain}.${node.opType}` : node.opType;
  return `${results} = ${type}(${[...node.inputs.map(operand), ...attributes].join(', ')})`;
}

/**
 * The graph as text, a line a node. Small constants are written out, larger ones by name.
 *
 *     affine(x float32[batch, 3])
 *       MatMul_out float32[batch, 2] = MatMul(x, w)
 *       y: MatMul_out
 */
export function print(graph: Graph): string {
  const inputs = graph.inputs.map((v) => `${v.name} ${describeShape(v)}`).join(', ');
  const outputs = graph.outputs.map(({ name, value }) => `${name}: ${value.name}`);
  return [
    `${graph.name}(${inputs})`,
    ...[...graph.nodes.map((n) => printNode(n, graph)), ...outputs].map((l) => `  ${l}`),
  ].join('\n');
}

/** A graph in numbers. */
export interface Summary {
  readonly nodes: number;
  /** How many nodes of each type, most frequent first. */
  readonly operators: ReadonlyMap<string, number>;
  /** Elements of all floating-point constants. */
  readonly parameters: number;
  readonly constantBytes: number;
  /** Of one run, counted as in `flopsOf`; undefined when a dimension is open. */
  readonly flops: number | undefined;
}

/** What a graph amounts to. */
export function summarize(graph: Graph): Summary {
  const counts = new Map<string, number>();
  for (const { opType } of graph.nodes) counts.set(opType, (counts.get(opType) ?? 0) + 1);
  const constants = [...graph.constants.values()];
  const values = [...graph.inputs, ...graph.nodes.flatMap((n) => n.outputs)];
  const closed = values.every((v) => v.shape.every((d) => typeof d === 'number'));
  return {
    nodes: graph.nodes.length,
    operators: new Map([...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))),
    parameters: constants.reduce((sum, t) => sum + (isFloat(t.dtype) ? t.data.length : 0), 0),
    constantBytes: constants.reduce((sum, t) => sum + t.data.byteLength, 0),
    flops: closed ? graph.nodes.reduce((sum, n) => sum + flopsOf(n), 0) : undefined,
  };
}
