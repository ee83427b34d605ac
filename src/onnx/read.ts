import onnxProto from 'onnx-proto';
import { FileError } from '../errors.ts';
import { GraphBuilder } from './builder.ts';
import { decodeAttributes, decodeInput, decodeTensor, integer } from './decode.ts';
import { Folding } from './fold.ts';
import { type Attributes, describeNode, type Graph, GraphError, type Value } from './graph.ts';
import { isKnownOperator } from './inference/index.ts';
import { prune } from './prune.ts';
import { type Binding, bindShapes } from './specialize.ts';
import { type TensorData, tensorOf } from './tensor.ts';
import { addUpgraded, isUpgraded, newestOpset, oldestOpset } from './upgrade.ts';

type ModelMessage = onnxProto.onnx.IModelProto;
type NodeMessage = onnxProto.onnx.INodeProto;

export interface ReadOptions {
  /** For messages. */
  readonly path?: string;
  /**
   * Sizes for open dimensions (see `specialize`): by name, or one for the first dimension of every input.
   * Needed when shapes inside depend on an open dimension in a way that inference cannot follow.
   */
  readonly bind?: Binding;
}

/**
 * Reads the bytes of an ONNX file of operator set 7 to 23. The graph is upgraded to operator set 20, shapes are inferred and
 * checked anew, what is known is folded (the arithmetic on shapes that exporters write) and nodes that no output
 * needs are left out. Names of inputs, outputs, nodes and weights stay.
 *
 * ```ts
 * const graph = readModel(await readFile('model.onnx'), { path: 'model.onnx', bind: { batch: 8 } });
 * ```
 *
 * Throws FileError when the bytes are no ONNX model, GraphError naming the node or tensor when they hold what Ballast does
 * not know: control flow, functions, unknown operators and element types, weights in other files.
 */
export function readModel(bytes: Uint8Array, { path = 'ONNX model', bind }: ReadOptions = {}): Graph {
  const model = decodeModel(bytes, path);
  try {
    return new Reader(model, bind).graph();
  } catch (error) {
    if (error instanceof GraphError) throw new GraphError(`${path}: ${error.message}`, { cause: error });
    throw error;
  }
}

function decodeModel(bytes: Uint8Array, path: string): ModelMessage {
  let model: ModelMessage;
  try {
    model = onnxProto.onnx.ModelProto.decode(bytes);
  } catch (cause) {
    throw new FileError(path, 'is not an ONNX model, or cut off (its protobuf does not decode)', { cause });
  }
  if (!model.graph || integer(model.irVersion) < 1) {
    throw new FileError(path, `is not an ONNX model (${bytes.length} bytes, no graph in them)`);
  }
  if (!model.graph.output?.length) throw new FileError(path, 'the graph has no outputs; the file may be cut off');
  return model;
}

/** The names of the values that the outputs depend on; a file may hold more. */
function neededNames(graph: onnxProto.onnx.IGraphProto): Set<string> {
  const needed = new Set((graph.output ?? []).map((o) => o.name ?? ''));
  for (const node of (graph.node ?? []).toReversed()) {
    if (!node.output?.some((name) => name !== '' && needed.has(name))) continue;
    for (const name of node.input ?? []) needed.add(name);
  }
  needed.delete('');
  return needed;
}

class Reader {
  readonly #model: ModelMessage;
  readonly #proto: onnxProto.onnx.IGraphProto;
  readonly #bind: Binding | undefined;
  readonly #version: number;
  readonly #b: GraphBuilder;
  readonly #folding: Folding;
  readonly #values = new Map<string, Value>();
  readonly #initializers: ReadonlyMap<string, onnxProto.onnx.ITensorProto>;
  readonly #needed: ReadonlySet<string>;

  constructor(model: ModelMessage, bind: Binding | undefined) {
    this.#model = model;
    this.#proto = model.graph ?? {};
    this.#bind = bind;
    this.#version = versionOf(model);
    this.#b = new GraphBuilder(this.#proto.name || 'model');
    this.#folding = new Folding(this.#b);
    this.#initializers = new Map((this.#proto.initializer ?? []).map((t) => [t.name ?? '', t]));
    this.#needed = neededNames(this.#proto);
  }

  graph(): Graph {
    for (const t of this.#proto.sparseInitializer ?? []) {
      throw new GraphError(`tensor "${t.values?.name}": sparse tensors are not supported`);
    }
    this.#readInputs();
    for (const node of this.#proto.node ?? []) {
      if (node.output?.some((name) => this.#needed.has(name))) this.#readNode(node);
    }
    for (const { name } of this.#proto.output ?? []) {
      this.#b.output(name ?? '', this.#value(name ?? '', `the graph's output "${name}"`));
    }
    return prune(this.#b.build());
  }

  /** Files of IR versions below 4 list weights among the inputs; a tensor that has a value is no input. */
  #readInputs(): void {
    const messages = (this.#proto.input ?? []).filter((v) => !this.#initializers.has(v.name ?? ''));
    const inputs = messages.map((v) => ({ name: v.name ?? '', ...decodeInput(v, `input "${v.name}"`) }));
    const where = `graph ${this.#b.name}`;
    const shapes = this.#bind === undefined ? inputs.map((v) => v.shape) : bindShapes(inputs, this.#bind, where);
    inputs.forEach(({ name, dtype }, i) => {
      this.#values.set(name, this.#b.input(name, dtype, shapes[i]!));
    });
  }

  /** The value of this name; weights are decoded when first used. */
  #value(name: string, user: string): Value {
    const known = this.#values.get(name);
    if (known) return known;
    const initializer = this.#initializers.get(name);
    if (!initializer) throw new GraphError(`${user}: "${name}" is not computed before it is used`);
    const value = this.#b.constant(decodeTensor(initializer, `tensor "${name}"`), name);
    this.#values.set(name, value);
    return value;
  }

  #readNode(message: NodeMessage): void {
    const { opType, name, domain } = {
      opType: message.opType ?? '',
      name: message.name ?? '',
      domain: domainOf(message),
    };
    // An output that nothing reads loses its name but not its place, which older operator sets give a meaning.
    const count = (message.output ?? []).findLastIndex((o) => o !== '') + 1;
    const outputNames = (message.output ?? []).slice(0, count).map((o) => (this.#needed.has(o) ? o : ''));
    const label = describeNode({ opType, domain, name: name || (message.output?.[0] ?? '') });
    this.#checkOperator(message, opType, domain, label);
    const attributes = decodeAttributes(message.attribute ?? [], label);
    if (opType === 'Constant' && domain === '') {
      const output = outputNames[0]!;
      this.#values.set(output, this.#b.constant(constantTensor(attributes, label), output));
      return;
    }
    const inputs = (message.input ?? []).map((input) => (input === '' ? null : this.#value(input, label)));
    const planned = { opType, domain, name, inputs, attributes, outputNames };
    const outputs = addUpgraded(planned, {
      version: this.#version,
      b: this.#b,
      add: (node) => this.#folding.add(node),
    });
    outputNames.forEach((output, i) => {
      if (output !== '') this.#values.set(output, outputs[i]!);
    });
  }

  #checkOperator(message: NodeMessage, opType: string, domain: string, label: string): void {
    const isFunction = this.#model.functions?.some((f) => f.name === opType && (f.domain ?? '') === message.domain);
    if (isFunction) throw new GraphError(`${label}: calls a function of the model; export it with functions inlined`);
    if (opType === 'If' || opType === 'Loop' || opType === 'Scan') {
      throw new GraphError(`${label}: control flow is not supported; export the model without branches on its data`);
    }
    const known = (opType === 'Constant' && domain === '') || isKnownOperator(opType, domain);
    if (!known && !(domain === '' && isUpgraded(opType, this.#version))) {
      throw new GraphError(`${label}: operator is not supported`);
    }
  }
}

/** ONNX writes its own domain as nothing or as ai.onnx. */
function domainOf(message: { domain?: string | null }): string {
  return message.domain === 'ai.onnx' ? '' : (message.domain ?? '');
}

function versionOf(model: ModelMessage): number {
  const own = model.opsetImport?.find((o) => domainOf(o) === '');
  const version = integer(own?.version);
  if (version < oldestOpset || version > newestOpset) {
    const found = own ? `operator set ${version}` : 'no operator set';
    throw new GraphError(
      `${found}: expected ${oldestOpset} to ${newestOpset}; export the model with another opset_version`,
    );
  }
  return version;
}

/** The tensor of a Constant node. */
function constantTensor(attributes: Attributes, label: string): TensorData {
  for (const [name, a] of Object.entries(attributes)) {
    if (name === 'value' && a.type === 'tensor') return a.value;
    if (name === 'value_int' && a.type === 'int') return tensorOf('int64', [], [a.value]);
    if (name === 'value_ints' && a.type === 'ints') return tensorOf('int64', [a.value.length], a.value);
    if (name === 'value_float' && a.type === 'float') return tensorOf('float32', [], [a.value]);
    if (name === 'value_floats' && a.type === 'floats') return tensorOf('float32', [a.value.length], a.value);
  }
  throw new GraphError(`${label}: expected a dense tensor of numbers, got ${Object.keys(attributes).join(', ')}`);
}
