import onnxProto from 'onnx-proto';
import { type Attribute, type Attributes, type Dim, GraphError, type Shape } from './graph.ts';
import { type DType, dtypes, sizeOf, type TensorData, tensor, tensorOf } from './tensor.ts';

/** Messages of an ONNX file as values of ours. What Ballast cannot hold is a GraphError that names its owner (`where`). */
type TensorMessage = onnxProto.onnx.ITensorProto;
type AttributeMessage = onnxProto.onnx.IAttributeProto;
type Integer = NonNullable<AttributeMessage['i']>;

const { AttributeProto, TensorProto } = onnxProto.onnx;
const utf8 = new TextDecoder();

/** A protobuf integer (a number or a 64-bit pair) as a number. Beyond 2^53 it is the nearest one. */
export function integer(v: Integer | null | undefined): number {
  return typeof v === 'number' ? v : Number(v?.toString() ?? 0);
}

/** The element type of a `TensorProto.DataType` code. */
export function dtypeOf(code: number | null | undefined, where: string): DType {
  const dtype = (Object.keys(dtypes) as DType[]).find((d) => dtypes[d].code === code);
  if (dtype) return dtype;
  const name = TensorProto.DataType[code ?? 0]?.toLowerCase() ?? `code ${code}`;
  throw new GraphError(`${where}: element type ${name} is not supported; expected ${Object.keys(dtypes).join(', ')}`);
}

/** Typed or raw tensor data. Raw data is little-endian, like every machine that ONNX Runtime has binaries for. */
export function decodeTensor(t: TensorMessage, where: string): TensorData {
  const dtype = dtypeOf(t.dataType, where);
  const shape = (t.dims ?? []).map(integer);
  if (t.dataLocation === TensorProto.DataLocation.EXTERNAL) {
    const file = t.externalData?.find((e) => e.key === 'location')?.value ?? 'another file';
    throw new GraphError(`${where}: its data lie in ${file}; save the model with the weights inside the .onnx file`);
  }
  if (t.segment) throw new GraphError(`${where}: tensors in segments are not supported`);
  const { bytes, array } = dtypes[dtype];
  const count = sizeOf(shape);
  const raw = t.rawData;
  if (raw?.length) {
    if (raw.length !== count * bytes) {
      throw new GraphError(`${where}: ${dtype}[${shape}] needs ${count * bytes} bytes of data, got ${raw.length}`);
    }
    const result = new array(count);
    new Uint8Array(result.buffer).set(raw);
    return tensor(dtype, shape, result);
  }
  const typed = typedData(t, dtype);
  if (typed.length !== count) {
    throw new GraphError(`${where}: ${dtype}[${shape}] needs ${count} elements, got ${typed.length}`);
  }
  if (dtype === 'int64') {
    return tensor(
      'int64',
      shape,
      BigInt64Array.from(typed, (v) => BigInt(v.toString())),
    );
  }
  // Half precision comes as its bits.
  if (dtype === 'float16') return tensor(dtype, shape, Uint16Array.from(typed, integer));
  return tensorOf(dtype, shape, typed.map(integer));
}

function typedData(t: TensorMessage, dtype: DType): readonly Integer[] {
  if (dtype === 'float32') return t.floatData ?? [];
  if (dtype === 'float64') return t.doubleData ?? [];
  if (dtype === 'int64') return t.int64Data ?? [];
  return t.int32Data ?? [];
}

/** The attributes of a node, with their types. `where` names the node. */
export function decodeAttributes(messages: readonly AttributeMessage[], where: string): Attributes {
  return Object.fromEntries(messages.map((a) => [a.name ?? '', decodeAttribute(a, where)]));
}

function decodeAttribute(a: AttributeMessage, where: string): Attribute {
  const types = AttributeProto.AttributeType;
  const type = a.type || guessType(a);
  switch (type) {
    case types.FLOAT:
      return { type: 'float', value: a.f ?? 0 };
    case types.INT:
      return { type: 'int', value: integer(a.i) };
    case types.STRING:
      return { type: 'string', value: utf8.decode(a.s ?? new Uint8Array()) };
    case types.TENSOR:
      return { type: 'tensor', value: decodeTensor(a.t ?? {}, `${where}, attribute ${a.name}`) };
    case types.FLOATS:
      return { type: 'floats', value: [...(a.floats ?? [])] };
    case types.INTS:
      return { type: 'ints', value: (a.ints ?? []).map(integer) };
    case types.STRINGS:
      return { type: 'strings', value: (a.strings ?? []).map((s) => utf8.decode(s)) };
    case types.GRAPH:
    case types.GRAPHS:
      throw new GraphError(`${where}: control flow is not supported (attribute ${a.name} is a graph)`);
    default:
      throw new GraphError(
        `${where}: attribute ${a.name} of type ${types[type]?.toLowerCase() ?? type} is not supported`,
      );
  }
}

/** Files of the first IR versions leave the attribute's type out. */
function guessType(a: AttributeMessage): number {
  const types = AttributeProto.AttributeType;
  if (a.floats?.length) return types.FLOATS;
  if (a.ints?.length) return types.INTS;
  if (a.strings?.length) return types.STRINGS;
  if (a.g) return types.GRAPH;
  if (a.t) return types.TENSOR;
  if (a.s?.length) return types.STRING;
  return a.f ? types.FLOAT : types.INT;
}

/** Type and shape of a graph input. A dimension without a number or a name gets the name `${input}_${axis}`. */
export function decodeInput(v: onnxProto.onnx.IValueInfoProto, where: string): { dtype: DType; shape: Shape } {
  const type = v.type?.tensorType;
  if (!type) throw new GraphError(`${where}: expected a tensor, not a sequence, map or optional`);
  if (!type.shape) throw new GraphError(`${where}: its shape is not in the file; export the model with input shapes`);
  const shape = (type.shape.dim ?? []).map((d, axis): Dim => {
    const size = integer(d.dimValue);
    return size > 0 ? size : d.dimParam || `${v.name}_${axis}`;
  });
  return { dtype: dtypeOf(type.elemType, where), shape };
}
