import {
  type AttributeMessage,
  attributeTypes,
  encodeModel,
  type NodeMessage,
  type TensorMessage,
  type ValueMessage,
} from './file/messages.ts';
import type { Attribute, Graph, Node, Value } from './graph.ts';
import { GraphError, opsetVersion } from './graph.ts';
import { dtypes, type TensorData } from './tensor.ts';

/** ONNX IR version 9 goes with operator set 20. */
const irVersion = 9;
/** A protobuf message is below 2 GiB. */
const largestFile = 2 ** 31;
const utf8 = new TextEncoder();

function tensorMessage(name: string, t: TensorData): TensorMessage {
  const rawData = new Uint8Array(t.data.buffer, t.data.byteOffset, t.data.byteLength);
  return { name, dataType: dtypes[t.dtype].code, dims: [...t.shape], rawData };
}

function attributeMessage(name: string, a: Attribute): AttributeMessage {
  const type = attributeTypes[a.type];
  switch (a.type) {
    case 'float':
      return { name, type, f: a.value };
    case 'int':
      return { name, type, i: a.value };
    case 'string':
      return { name, type, s: utf8.encode(a.value) };
    case 'tensor':
      return { name, type, t: tensorMessage('', a.value) };
    case 'floats':
      return { name, type, floats: [...a.value] };
    case 'ints':
      return { name, type, ints: [...a.value] };
    case 'strings':
      return { name, type, strings: a.value.map((s) => utf8.encode(s)) };
  }
}

function valueMessage(name: string, v: Value): ValueMessage {
  const dim = v.shape.map((d) => (typeof d === 'number' ? { dimValue: d } : { dimParam: d }));
  return { name, type: { tensorType: { elemType: dtypes[v.dtype].code, shape: { dim } } } };
}

/**
 * The bytes of an ONNX model file (`.onnx`) holding `graph`, with weights inside (raw data).
 * Outputs get their declared names; an Identity is added where a value cannot simply be renamed (it is an input, a
 * constant, or an output twice). Throws GraphError when the weights are too large for one file.
 */
export function writeModel(graph: Graph): Uint8Array {
  const weights = [...graph.constants.values()].reduce((sum, t) => sum + t.data.byteLength, 0);
  if (weights >= largestFile) {
    throw new GraphError(`graph ${graph.name}: ${weights} bytes of weights; an ONNX file can hold 2 GiB`);
  }
  const names = new Map<Value, string>();
  const produced = new Set(graph.nodes.flatMap((n) => n.outputs));
  const aliases: NodeMessage[] = [];
  const taken = new Set([...graph.outputs, ...graph.inputs].map((o) => o.name));
  for (const { name, value } of graph.outputs) {
    if (produced.has(value) && !names.has(value)) names.set(value, name);
  }
  const nameOf = (v: Value): string => {
    const known = names.get(v);
    if (known !== undefined) return known;
    // An inner value must not carry the name that an output was promised.
    let name = v.name;
    while (taken.has(name)) name = `${name}_inner`;
    taken.add(name);
    names.set(v, name);
    return name;
  };
  for (const v of graph.inputs) names.set(v, v.name);
  for (const { name, value } of graph.outputs) {
    if (nameOf(value) !== name)
      aliases.push({ opType: 'Identity', name: `${name}_alias`, input: [nameOf(value)], output: [name] });
  }
  const nodeMessage = (node: Node): NodeMessage => {
    const input = node.inputs.map((v) => (v === null ? '' : nameOf(v)));
    while (input.at(-1) === '') input.pop();
    return {
      opType: node.opType,
      domain: node.domain,
      name: node.name,
      input,
      output: node.outputs.map(nameOf),
      attribute: Object.entries(node.attributes).map(([name, a]) => attributeMessage(name, a)),
    };
  };
  const domains = new Set(graph.nodes.map((n) => n.domain));
  domains.delete('');
  return encodeModel({
    irVersion,
    producerName: 'ballast',
    opsetImport: [{ domain: '', version: opsetVersion }, ...[...domains].map((domain) => ({ domain, version: 1 }))],
    graph: {
      name: graph.name,
      node: [...graph.nodes.map(nodeMessage), ...aliases],
      input: graph.inputs.map((v) => valueMessage(v.name, v)),
      output: graph.outputs.map(({ name, value }) => valueMessage(name, value)),
      initializer: [...graph.constants].map(([v, t]) => tensorMessage(nameOf(v), t)),
    },
  });
}
