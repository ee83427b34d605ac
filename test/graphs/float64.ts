import {
  type Attributes,
  dtypes,
  type Graph,
  GraphBuilder,
  type TensorData,
  tensorOf,
  toNumbers,
  type Value,
} from '../../src/onnx/index.ts';

const wide = (dtype: Value['dtype']) => (dtype === 'float32' ? 'float64' : dtype);

/** float32 becomes float64, other types stay. */
export function toFloat64(t: TensorData): TensorData {
  return t.dtype === 'float32' ? tensorOf('float64', t.shape, toNumbers(t)) : t;
}

/** Casts to float32 and tensors in float32 too. */
function widened(attributes: Attributes): Attributes {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, a]) => {
      if (a.type === 'tensor') return [name, { ...a, value: toFloat64(a.value) }];
      const toSingle = (name === 'to' || name === 'dtype') && a.type === 'int' && a.value === dtypes.float32.code;
      return [name, toSingle ? { ...a, value: dtypes.float64.code } : a];
    }),
  );
}

/** The scales of a Resize are float32 whatever is resized. */
const keepsSingle = (opType: string, i: number) => opType === 'Resize' && (i === 1 || i === 2);

/** The same computation in float64. */
export function inFloat64(graph: Graph): Graph {
  const b = new GraphBuilder(graph.name);
  const copies = new Map<Value, Value>();
  for (const v of graph.inputs) copies.set(v, b.input(v.name, wide(v.dtype), v.shape));
  for (const [v, t] of graph.constants) copies.set(v, b.constant(toFloat64(t), v.name));
  for (const node of graph.nodes) {
    const { name, domain, outputs } = node;
    const inputs = node.inputs.map((v, i) => {
      const data = v && keepsSingle(node.opType, i) ? graph.constants.get(v) : undefined;
      return data ? b.constant(data) : v && copies.get(v)!;
    });
    const made = b.node(node.opType, inputs, widened(node.attributes), { name, domain, outputs: outputs.length });
    outputs.forEach((v, i) => {
      copies.set(v, made[i]!);
    });
  }
  for (const { name, value } of graph.outputs) b.output(name, copies.get(value)!);
  return b.build();
}
