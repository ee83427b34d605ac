import { printable } from '../../base/printable.ts';
import { GraphBuilder } from '../builder.ts';
import { type Attributes, describeNode, type Graph, GraphError, type Value } from '../graph.ts';
import { Folding, type Planned } from '../passes/fold.ts';
import { prune } from '../passes/prune.ts';
import { type Binding, bindShapes } from '../passes/specialize.ts';
import { addUpgraded, isUpgraded, newestOpset, oldestOpset } from '../passes/upgrade.ts';
import { dtypes, isFloat, type TensorData, tensorOf } from '../tensor.ts';
import { checkAccepted, checkInputCount, isAcceptedOperator, takesParameters } from './accepted.ts';
import {
  type DeclaredInput,
  decodeAttribute,
  decodeInput,
  decodeTensor,
  type ExternalData,
  firstSpecial,
  isHalf,
} from './decode.ts';
import {
  attributeTypes,
  type FunctionMessage,
  type GraphMessage,
  type ModelMessage,
  type NodeMessage,
  type OperatorSetMessage,
  type TensorMessage,
} from './messages.ts';
import type { Rebatching } from './rebatch.ts';

/** What a reading of a decoded file may be told; see `ReadOptions`. */
export interface GraphOptions {
  readonly bind?: Binding | undefined;
  readonly outputs?: readonly string[] | undefined;
  readonly picturesAsFloats?: boolean | undefined;
  readonly rebatching?: Rebatching | undefined;
}

/** Functions and branches inside of each other, and nodes that functions may come to. */
const deepest = 32;
const mostNodes = 200_000;

/** Where a list of nodes finds names: values so far, tensors of the file, and what surrounds it. */
interface Scope {
  readonly values: Map<string, Value>;
  readonly initializers: ReadonlyMap<string, TensorMessage>;
  readonly outer: Scope | undefined;
  /** Of a function: the attributes of its call. */
  readonly attributes: Attributes;
  readonly version: number;
  /** In front of names of nodes and values. */
  readonly prefix: string;
  readonly depth: number;
}

type Nodes = readonly NodeMessage[];

/** The names that `outputs` depend on; a file may hold more. Branches of an If read names of what surrounds them. */
function neededNames(nodes: Nodes, outputs: readonly string[]): Set<string> {
  const needed = new Set(outputs);
  for (const node of nodes.toReversed()) {
    if (!node.output?.some((name) => name !== '' && needed.has(name))) continue;
    for (const name of namesRead(node)) needed.add(name);
  }
  needed.delete('');
  return needed;
}

function namesRead(node: NodeMessage): string[] {
  const inner = (node.attribute ?? []).flatMap((a) => [
    ...(a.g?.node ?? []).flatMap(namesRead),
    ...(a.g?.output ?? []).map((o) => o.name ?? ''),
  ]);
  return inner.length ? [...(node.input ?? []), ...inner] : (node.input ?? []);
}

function namedOnce<T>(items: readonly T[], nameOf: (item: T) => string, what: string): Map<string, T> {
  const found = new Map<string, T>();
  for (const item of items) {
    const name = nameOf(item);
    if (found.has(name)) throw new GraphError(`${what} "${printable(name)}" is there twice`);
    found.set(name, item);
  }
  return found;
}

/** Facts of a decoded file that every reading of it shares; decoded tensors are kept. */
export class FileFacts {
  readonly model: ModelMessage;
  readonly graph: GraphMessage;
  readonly version: number;
  readonly initializers: ReadonlyMap<string, TensorMessage>;
  readonly inputs: readonly DeclaredInput[];
  readonly functions: ReadonlyMap<string, FunctionMessage>;
  readonly #external: ExternalData | undefined;
  readonly #decoded = new Map<TensorMessage, TensorData>();
  readonly #infinite = new Set<TensorMessage>();

  constructor(model: ModelMessage, external: ExternalData | undefined) {
    this.model = model;
    this.graph = model.graph ?? {};
    this.#external = external;
    this.version = versionOf(model.opsetImport ?? []);
    this.initializers = namedOnce(this.graph.initializer ?? [], (t) => t.name ?? '', 'tensor');
    this.functions = namedOnce(model.functions ?? [], functionKey, 'function');
    for (const t of this.graph.sparseInitializer ?? []) {
      throw new GraphError(`tensor "${printable(t.values?.name ?? '')}": sparse tensors are not supported`);
    }
    // Files of IR versions below 4 list weights among the inputs; a tensor that has a value is no input.
    this.inputs = (this.graph.input ?? []).filter((v) => !this.initializers.has(v.name ?? '')).map(decodeInput);
  }

  /** The tensor's data, decoded once. NaN is no weight of anything that can be measured. */
  tensor(message: TensorMessage, where: string): TensorData {
    const known = this.#decoded.get(message);
    if (known) return known;
    const data = decodeTensor(message, where, this.#external);
    const { nan, infinite } = firstSpecial(data);
    if (nan >= 0) throw new GraphError(`${where}: element ${nan} of ${data.data.length} is NaN`);
    if (infinite >= 0) this.#infinite.add(message);
    this.#decoded.set(message, data);
    return data;
  }

  isInfinite(message: TensorMessage): boolean {
    return this.#infinite.has(message);
  }
}

const functionKey = (f: {
  domain?: string | null | undefined;
  name?: string | null | undefined;
  overload?: string | null | undefined;
}) => [f.domain ?? '', f.name ?? '', f.overload ?? ''].join('\0');

/** ONNX writes its own domain as nothing or as ai.onnx. */
function domainOf(message: { domain?: string | null | undefined }): string {
  return message.domain === 'ai.onnx' ? '' : (message.domain ?? '');
}

function versionOf(imports: readonly OperatorSetMessage[]): number {
  const own = imports.find((o) => domainOf(o) === '');
  const version = own?.version ?? 0;
  if (version < oldestOpset || version > newestOpset) {
    const found = own ? `operator set ${version}` : 'no operator set';
    throw new GraphError(
      `${found}: expected ${oldestOpset} to ${newestOpset}; export the model with another opset_version`,
    );
  }
  return version;
}

/** One reading of a file: its nodes upgraded, inlined and folded into a graph. */
export class Reader {
  readonly #facts: FileFacts;
  readonly #options: GraphOptions;
  readonly #b: GraphBuilder;
  readonly #folding: Folding;
  readonly #infinite = new Set<Value>();
  /** What the reader changed of what the file says, for the user to know. */
  readonly notes = new Set<string>();
  #nodes = 0;

  constructor(facts: FileFacts, options: GraphOptions) {
    this.#facts = facts;
    this.#options = options;
    this.#b = new GraphBuilder(printable(facts.graph.name ?? '') || 'model');
    this.#folding = new Folding(this.#b);
  }

  graph(): Graph {
    const { graph, initializers, version } = this.#facts;
    const wanted = this.#options.outputs;
    const declared = (graph.output ?? []).map((o) => o.name ?? '');
    const outputs = declared.filter((name) => wanted === undefined || wanted.includes(printable(name)));
    const scope: Scope = {
      values: this.#readInputs(),
      initializers,
      outer: undefined,
      attributes: {},
      version,
      prefix: '',
      depth: 0,
    };
    this.#readNodes(graph.node ?? [], outputs, scope);
    for (const name of outputs) {
      this.#b.output(printable(name), this.#value(name, scope, `the graph's output "${printable(name)}"`));
    }
    const pruned = prune(this.#b.build());
    checkAccepted(pruned);
    return pruned;
  }

  #readInputs(): Map<string, Value> {
    const { inputs, graph, initializers } = this.#facts;
    const where = `graph ${this.#b.name}`;
    const { bind, rebatching, picturesAsFloats } = this.#options;
    const bound = bind === undefined ? inputs.map((v) => v.shape) : bindShapes(inputs, bind, where);
    const names = (graph.input ?? []).map((v) => v.name ?? '').filter((name) => !initializers.has(name));
    return new Map(
      inputs.map((input, i) => {
        const { name, dtype, half } = input;
        let shape = bound[i]!;
        if (rebatching) {
          if (shape[0] !== 1) throw new GraphError(`input "${name}" has the batch ${shape[0]}; only 1 can be replaced`);
          shape = [rebatching.batch, ...shape.slice(1)];
        }
        if (half) this.notes.add('16-bit floats of the file are computed in float32');
        const picture = picturesAsFloats === true && shape.length === 4 && !isFloat(dtype) && dtype !== 'bool';
        return [names[i]!, this.#b.input(name, picture ? 'float32' : dtype, shape)] as const;
      }),
    );
  }

  #readNodes(nodes: Nodes, outputs: readonly string[], scope: Scope): void {
    const needed = neededNames(nodes, outputs);
    for (const node of nodes) {
      if (!node.output?.some((name) => needed.has(name))) continue;
      if (++this.#nodes > mostNodes) throw new GraphError(`more than ${mostNodes} nodes, functions inlined`);
      this.#readNode(node, needed, scope);
    }
  }

  /** The value of this name; weights are decoded when first used. */
  #value(name: string, scope: Scope, user: string): Value {
    for (let s: Scope | undefined = scope; s; s = s.outer) {
      const known = s.values.get(name);
      if (known) return known;
      const initializer = s.initializers.get(name);
      if (initializer) {
        const value = this.#tensor(initializer, `${s.prefix}${name}`, `tensor "${printable(name)}"`);
        s.values.set(name, value);
        return value;
      }
    }
    throw new GraphError(`${user}: "${printable(name)}" is not computed before it is used`);
  }

  #tensor(message: TensorMessage, name: string | undefined, where: string): Value {
    const data = this.#facts.tensor(message, where);
    if (isHalf(message.dataType)) this.notes.add('16-bit floats of the file are computed in float32');
    const value = this.#b.constant(data, name === undefined ? undefined : printable(name));
    if (this.#facts.isInfinite(message)) this.#infinite.add(value);
    return value;
  }

  #define(scope: Scope, name: string, value: Value, label: string): void {
    if (scope.values.has(name) || scope.initializers.has(name)) {
      throw new GraphError(`${label}: its result "${printable(name)}" has a name that is taken`);
    }
    scope.values.set(name, value);
  }

  #readNode(message: NodeMessage, needed: ReadonlySet<string>, scope: Scope): void {
    const opType = message.opType ?? '';
    const domain = domainOf(message);
    // An output that nothing reads loses its name but not its place, which older operator sets give a meaning.
    const count = (message.output ?? []).findLastIndex((o) => o !== '') + 1;
    const outputNames = (message.output ?? []).slice(0, count).map((o) => (needed.has(o) ? o : ''));
    const ownName = message.name ? printable(`${scope.prefix}${scopedName(message)}`) : '';
    const label = describeNode({ opType, domain, name: ownName || (message.output?.[0] ?? '') });
    const define = (values: readonly Value[]) =>
      outputNames.forEach((name, i) => {
        if (name !== '') this.#define(scope, name, values[i]!, label);
      });
    const called = this.#facts.functions.get(functionKey({ ...message, name: opType }));
    if (called) {
      define(this.#call(called, message, outputNames, scope, label));
      return;
    }
    if (opType === 'If' && domain === '') {
      define(this.#branch(message, outputNames, scope, label));
      return;
    }
    if (opType === 'Constant' && domain === '') {
      define([this.#constant(message, outputNames[0]!, scope, label)]);
      return;
    }
    checkOperator(opType, domain, scope.version, label);
    const attributes = this.#attributes(message, scope, label);
    const inputs = (message.input ?? []).map((input) => (input === '' ? null : this.#value(input, scope, label)));
    checkInputCount(opType, inputs, label);
    const names = outputNames.map((name) => (name === '' ? '' : printable(`${scope.prefix}${name}`)));
    const planned = this.#widened({ opType, domain, name: ownName, inputs, attributes, outputNames: names });
    if (takesParameters(planned)) this.#checkFinite(planned, label);
    define(addUpgraded(planned, {
      version: scope.version,
      b: this.#b,
      add: (node) => this.#folding.add(this.#options.rebatching?.settle(node, this.#b) ?? node),
      note: (text) => this.notes.add(text),
    }));
  }

  /** Casts to 16-bit floats are casts to float32, in which everything is computed. */
  #widened(planned: Planned): Planned {
    const { to } = planned.attributes;
    if (planned.opType !== 'Cast' || to?.type !== 'int' || !isHalf(to.value)) return planned;
    this.notes.add('16-bit floats of the file are computed in float32');
    return { ...planned, attributes: { to: { type: 'int', value: dtypes.float32.code } } };
  }

  #checkFinite({ inputs }: Planned, label: string): void {
    const wrong = inputs.find((v) => v && this.#infinite.has(v));
    if (wrong) throw new GraphError(`${label}: its parameter "${wrong.name}" holds an infinite number`);
  }

  /** A function of the model: its nodes in place of the call. */
  #call(body: FunctionMessage, call: NodeMessage, outputs: readonly string[], scope: Scope, label: string): Value[] {
    if (scope.depth >= deepest) throw new GraphError(`${label}: functions call each other more than ${deepest} deep`);
    const given = call.input ?? [];
    const formal = body.input ?? [];
    if (given.length > formal.length) {
      throw new GraphError(`${label}: has ${given.length} inputs, its function takes ${formal.length}`);
    }
    const defaults = (body.attributeProto ?? []).map((a) => [a.name ?? '', decodeAttribute(a, label)] as const);
    const inner: Scope = {
      values: new Map(
        formal.flatMap((name, i) => (given[i] ? [[name, this.#value(given[i], scope, label)] as const] : [])),
      ),
      initializers: new Map(),
      outer: undefined,
      attributes: { ...Object.fromEntries(defaults), ...this.#attributes(call, scope, label) },
      version: body.opsetImport?.some((o) => domainOf(o) === '') ? versionOf(body.opsetImport) : scope.version,
      prefix: `${scope.prefix}${call.name || call.output?.[0] || body.name || ''}/`,
      depth: scope.depth + 1,
    };
    const results = outputs.map((name, i) => (name === '' ? '' : (body.output?.[i] ?? '')));
    this.#readNodes(
      body.node ?? [],
      results.filter((name) => name !== ''),
      inner,
    );
    return results.map((name) => (name === '' ? (undefined as never) : this.#value(name, inner, label)));
  }

  /** An If whose condition is known: the branch that is taken. */
  #branch(message: NodeMessage, outputs: readonly string[], scope: Scope, label: string): Value[] {
    if (scope.depth >= deepest) throw new GraphError(`${label}: branches are nested more than ${deepest} deep`);
    const condition = message.input?.[0] ? this.#value(message.input[0], scope, label) : undefined;
    const data = condition && this.#b.constantOf(condition);
    if (data?.data.length !== 1) {
      throw new GraphError(
        `${label}: control flow is supported only where its condition is known; export the model without branches on its data, or bind open dimensions`,
      );
    }
    const wanted = data.data[0] ? 'then_branch' : 'else_branch';
    const body = message.attribute?.find((a) => a.name === wanted)?.g;
    if (!body) throw new GraphError(`${label}: has no ${wanted}`);
    const inner: Scope = {
      ...scope,
      values: new Map(),
      initializers: namedOnce(body.initializer ?? [], (t) => t.name ?? '', 'tensor'),
      outer: scope,
      depth: scope.depth + 1,
    };
    const results = outputs.map((name, i) => (name === '' ? '' : (body.output?.[i]?.name ?? '')));
    this.#readNodes(
      body.node ?? [],
      results.filter((name) => name !== ''),
      inner,
    );
    return results.map((name) => (name === '' ? (undefined as never) : this.#value(name, inner, label)));
  }

  /** The attributes of a node; those of its function's call where it refers to them. */
  #attributes(message: NodeMessage, scope: Scope, label: string): Attributes {
    const found: Record<string, Attributes[string]> = {};
    for (const a of message.attribute ?? []) {
      const name = a.name ?? '';
      if (Object.hasOwn(found, name)) throw new GraphError(`${label}: attribute ${printable(name)} is there twice`);
      if (name === '__proto__') throw new GraphError(`${label}: an attribute cannot be called ${name}`);
      if (a.refAttrName) {
        const given = Object.hasOwn(scope.attributes, a.refAttrName) ? scope.attributes[a.refAttrName] : undefined;
        if (given) found[name] = given;
      } else if (a.t && (a.type || attributeTypes.tensor) === attributeTypes.tensor) {
        found[name] = { type: 'tensor', value: this.#facts.tensor(a.t, `${label}, attribute ${printable(name)}`) };
      } else found[name] = decodeAttribute(a, label);
    }
    return found;
  }

  /** The tensor of a Constant node. */
  #constant(message: NodeMessage, output: string, scope: Scope, label: string): Value {
    const name = `${scope.prefix}${output}`;
    const own = message.attribute?.find((a) => a.name === 'value' && a.t && !a.refAttrName);
    if (own?.t) return this.#tensor(own.t, name, label);
    const attributes = this.#attributes(message, scope, label);
    for (const [key, a] of Object.entries(attributes)) {
      const data =
        key === 'value' && a.type === 'tensor'
          ? a.value
          : key === 'value_int' && a.type === 'int'
            ? tensorOf('int64', [], [a.value])
            : key === 'value_ints' && a.type === 'ints'
              ? tensorOf('int64', [a.value.length], a.value)
              : key === 'value_float' && a.type === 'float'
                ? tensorOf('float32', [], [a.value])
                : key === 'value_floats' && a.type === 'floats'
                  ? tensorOf('float32', [a.value.length], a.value)
                  : undefined;
      if (data) return this.#b.constant(data, printable(name));
    }
    throw new GraphError(
      `${label}: expected a dense tensor of numbers, got ${
        Object.keys(attributes)
          .map((k) => printable(k))
          .join(', ') || 'nothing'
      }`,
    );
  }
}

/**
 * PyTorch's newer exporter writes the modules around a node beside it, and the older one into its name (`/layer1/layer1.0/Add`): the name has
 * them in either case.
 */
function scopedName({ name, metadataProps }: NodeMessage): string {
  const scopes = metadataProps?.find((e) => e.key === 'pkg.torch.onnx.name_scopes')?.value;
  const modules = [...(scopes ?? '').matchAll(/'([^']*)'/g)].map((m) => m[1]!).slice(0, -1);
  return modules.length ? `/${[...modules.filter((m) => m !== ''), name].join('/')}` : (name ?? '');
}

function checkOperator(opType: string, domain: string, version: number, label: string): void {
  if (domain === '' && (opType === 'Loop' || opType === 'Scan')) {
    throw new GraphError(`${label}: control flow is not supported; export the model without loops on its data`);
  }
  if (!isAcceptedOperator(opType, domain) && !(domain === '' && isUpgraded(opType, version))) {
    throw new GraphError(`${label}: operator is not supported`);
  }
}
