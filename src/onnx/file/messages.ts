import { decodeMessage, encodeMessage, type Schema } from './protobuf.ts';

/**
 * The messages of an ONNX file (onnx.proto, IR versions 3 to 13) as far as Ballast reads and writes them. Fields have the names
 * of onnx.proto in camel case. What a message does not carry is undefined; `null` is taken for that when writing.
 */
type Optional<T> = T | null | undefined;

export interface TensorMessage {
  name?: Optional<string>;
  dims?: Optional<ArrayLike<number>>;
  dataType?: Optional<number>;
  segment?: Optional<Uint8Array>;
  floatData?: Optional<ArrayLike<number>>;
  int32Data?: Optional<ArrayLike<number>>;
  int64Data?: Optional<ArrayLike<number | bigint>>;
  doubleData?: Optional<ArrayLike<number>>;
  rawData?: Optional<Uint8Array>;
  externalData?: Optional<EntryMessage[]>;
  dataLocation?: Optional<number>;
}

export interface EntryMessage {
  key?: Optional<string>;
  value?: Optional<string>;
}

export interface SparseTensorMessage {
  values?: Optional<TensorMessage>;
}

export interface AttributeMessage {
  name?: Optional<string>;
  refAttrName?: Optional<string>;
  type?: Optional<number>;
  f?: Optional<number>;
  i?: Optional<number>;
  s?: Optional<Uint8Array>;
  t?: Optional<TensorMessage>;
  g?: Optional<GraphMessage>;
  floats?: Optional<ArrayLike<number>>;
  ints?: Optional<ArrayLike<number>>;
  strings?: Optional<Uint8Array[]>;
}

export interface NodeMessage {
  input?: Optional<string[]>;
  output?: Optional<string[]>;
  name?: Optional<string>;
  opType?: Optional<string>;
  domain?: Optional<string>;
  overload?: Optional<string>;
  attribute?: Optional<AttributeMessage[]>;
  metadataProps?: Optional<EntryMessage[]>;
}

export interface DimensionMessage {
  dimValue?: Optional<number>;
  dimParam?: Optional<string>;
}

export interface TensorTypeMessage {
  elemType?: Optional<number>;
  shape?: Optional<{ dim?: Optional<DimensionMessage[]> }>;
}

export interface ValueMessage {
  name?: Optional<string>;
  type?: Optional<{ tensorType?: Optional<TensorTypeMessage>; sequenceType?: Optional<object> }>;
}

export interface GraphMessage {
  node?: Optional<NodeMessage[]>;
  name?: Optional<string>;
  initializer?: Optional<TensorMessage[]>;
  sparseInitializer?: Optional<SparseTensorMessage[]>;
  input?: Optional<ValueMessage[]>;
  output?: Optional<ValueMessage[]>;
}

export interface OperatorSetMessage {
  domain?: Optional<string>;
  version?: Optional<number>;
}

export interface FunctionMessage {
  name?: Optional<string>;
  domain?: Optional<string>;
  overload?: Optional<string>;
  input?: Optional<string[]>;
  output?: Optional<string[]>;
  attributeProto?: Optional<AttributeMessage[]>;
  node?: Optional<NodeMessage[]>;
  opsetImport?: Optional<OperatorSetMessage[]>;
}

export interface ModelMessage {
  irVersion?: Optional<number>;
  producerName?: Optional<string>;
  opsetImport?: Optional<OperatorSetMessage[]>;
  graph?: Optional<GraphMessage>;
  functions?: Optional<FunctionMessage[]>;
}

const entry: Schema<EntryMessage> = { key: [1, 'string'], value: [2, 'string'] };

const tensor: Schema<TensorMessage> = {
  dims: [1, 'ints'],
  dataType: [2, 'int'],
  segment: [3, 'bytes'],
  floatData: [4, 'floats'],
  int32Data: [5, 'int32s'],
  int64Data: [7, 'int64s'],
  name: [8, 'string'],
  rawData: [9, 'bytes'],
  doubleData: [10, 'doubles'],
  externalData: [13, 'messages', () => entry],
  dataLocation: [14, 'int'],
};

const attribute: Schema<AttributeMessage> = {
  name: [1, 'string'],
  f: [2, 'float'],
  i: [3, 'int'],
  s: [4, 'bytes'],
  t: [5, 'message', () => tensor],
  g: [6, 'message', () => graph],
  floats: [7, 'floats'],
  ints: [8, 'ints'],
  strings: [9, 'byteStrings'],
  type: [20, 'int'],
  refAttrName: [21, 'string'],
};

const node: Schema<NodeMessage> = {
  input: [1, 'strings'],
  output: [2, 'strings'],
  name: [3, 'string'],
  opType: [4, 'string'],
  attribute: [5, 'messages', () => attribute],
  domain: [7, 'string'],
  overload: [8, 'string'],
  metadataProps: [9, 'messages', () => entry],
};

const dimension: Schema<DimensionMessage> = { dimValue: [1, 'int'], dimParam: [2, 'string'] };
const shape: Schema<{ dim?: Optional<DimensionMessage[]> }> = { dim: [1, 'messages', () => dimension] };
const tensorType: Schema<TensorTypeMessage> = { elemType: [1, 'int'], shape: [2, 'message', () => shape] };
const valueType: Schema<NonNullable<ValueMessage['type']>> = {
  tensorType: [1, 'message', () => tensorType],
  sequenceType: [4, 'message', () => ({}) as Schema<object>],
};
const value: Schema<ValueMessage> = { name: [1, 'string'], type: [2, 'message', () => valueType] };

const graph: Schema<GraphMessage> = {
  node: [1, 'messages', () => node],
  name: [2, 'string'],
  initializer: [5, 'messages', () => tensor],
  input: [11, 'messages', () => value],
  output: [12, 'messages', () => value],
  sparseInitializer: [15, 'messages', () => ({ values: [1, 'message', () => tensor] })],
};

const operatorSet: Schema<OperatorSetMessage> = { domain: [1, 'string'], version: [2, 'int'] };

const functionTable: Schema<FunctionMessage> = {
  name: [1, 'string'],
  input: [4, 'strings'],
  output: [5, 'strings'],
  node: [7, 'messages', () => node],
  opsetImport: [9, 'messages', () => operatorSet],
  domain: [10, 'string'],
  attributeProto: [11, 'messages', () => attribute],
  overload: [13, 'string'],
};

const model: Schema<ModelMessage> = {
  irVersion: [1, 'int'],
  producerName: [2, 'string'],
  graph: [7, 'message', () => graph],
  opsetImport: [8, 'messages', () => operatorSet],
  functions: [25, 'messages', () => functionTable],
};

/** Values of `AttributeProto.AttributeType`. */
export const attributeTypes = {
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  graph: 5,
  floats: 6,
  ints: 7,
  strings: 8,
  tensors: 9,
  graphs: 10,
  sparse_tensor: 11,
  sparse_tensors: 12,
  type_proto: 13,
  type_protos: 14,
} as const;

/** Names of `TensorProto.DataType` by code. */
export const dataTypeNames: readonly string[] =
  `undefined float uint8 int8 uint16 int16 int32 int64 string bool float16 double uint32 uint64 complex64 complex128 bfloat16
  float8e4m3fn float8e4m3fnuz float8e5m2 float8e5m2fnuz uint4 int4 float4e2m1 float8e8m0 uint2 int2`.split(/\s+/);

/** The model that the bytes of an `.onnx` file hold. Throws ProtobufError. Weights are views of `bytes`. */
export const decodeModel = (bytes: Uint8Array): ModelMessage => decodeMessage(model, bytes);

/** The bytes of an `.onnx` file. */
export const encodeModel = (message: ModelMessage): Uint8Array => encodeMessage(model, message);

/** A file with one tensor (`TensorProto`), as ONNX's own test data are. */
export const decodeTensorFile = (bytes: Uint8Array): TensorMessage => decodeMessage(tensor, bytes);
