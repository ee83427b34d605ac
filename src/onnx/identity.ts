import { createHash } from 'node:crypto';
import type { Attribute, Graph, Value } from './graph.ts';
import type { TensorData } from './tensor.ts';

const describeTensor = ({ dtype, shape, data }: TensorData) => [dtype, shape, data.byteLength] as const;
const bytesOf = ({ data }: TensorData) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

const describeAttribute = (a: Attribute) =>
  a.type === 'tensor' ? [a.type, describeTensor(a.value)] : [a.type, a.value];

/**
 * The content identity of a graph, in 64 hexadecimal digits: the SHA-256 of its inputs, outputs, nodes with their names and attributes, and of every constant's bytes.
 * Names of constants count, too: units are called after them. The graph's own name is no part of it, nor are those of other values.
 */
export function graphIdentity(graph: Graph): string {
  const hash = createHash('sha256');
  // JSON has no infinities, which Clip may carry.
  const exactly = (_: string, v: unknown) => (typeof v === 'number' && !Number.isFinite(v) ? String(v) : v);
  const say = (what: unknown) => hash.update(JSON.stringify(what, exactly));
  // Values are known by the order in which they are met.
  const numbers = new Map<Value, number>();
  const numberOf = (v: Value) => {
    if (!numbers.has(v)) numbers.set(v, numbers.size);
    return numbers.get(v)!;
  };
  say(graph.inputs.map((v) => [numberOf(v), v.name, v.dtype, v.shape]));
  for (const [value, data] of graph.constants) {
    say([numberOf(value), value.name, describeTensor(data)]);
    hash.update(bytesOf(data));
  }
  for (const { name, opType, domain, inputs, outputs, attributes } of graph.nodes) {
    const named = Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1));
    say([name, opType, domain, inputs.map((v) => v && numberOf(v)), outputs.map(numberOf)]);
    say(named.map(([key, a]) => [key, describeAttribute(a)]));
    for (const [, a] of named) if (a.type === 'tensor') hash.update(bytesOf(a.value));
  }
  say(graph.outputs.map(({ name, value }) => [name, numberOf(value)]));
  return hash.digest('hex');
}
