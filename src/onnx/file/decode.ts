import { printable } from '../../base/printable.ts';
import { widenBfloat16, widenFloat16 } from '../../base/tensor.ts';
import { type Attribute, type Dim, GraphError, type Shape } from '../graph.ts';
import { type DType, dtypes, isFloat, sizeOf, type TensorData, type TypedArray, tensor, tensorOf } from '../tensor.ts';
import {
  type AttributeMessage,
  attributeTypes,
  dataTypeNames,
  type TensorMessage,
  type ValueMessage,
} from './messages.ts';

/** Messages of an ONNX file as values of ours. What Ballast cannot hold is a GraphError that names its owner (`where`). */

/** The bytes of a part of a file beside the model; all from `offset` on when `length` is left out. */
export type ExternalData = (location: string, offset: number, length: number | undefined) => Uint8Array;

/** No tensor of a network has more dimensions. */
export const largestRank = 32;

const utf8 = new TextDecoder();

const halves: Readonly<Record<number, (bits: Uint16Array) => Float32Array>> = { 10: widenFloat16, 16: widenBfloat16 };
/** Four-bit integers, two a byte, as the weights of quantized layers: held as eight-bit ones. */
const nibbles: Readonly<Record<number, 'uint8' | 'int8'>> = { 21: 'uint8', 22: 'int8' };

export const isHalf = (code: number | null | undefined): boolean => Object.hasOwn(halves, code ?? 0);

/**
 * The element type that Ballast computes a `TensorProto.DataType` with: the type itself, float32 for the 16-bit floats (whose values
 * are widened without loss on reading).
 */
export function dtypeOf(code: number | null | undefined, where: string): DType {
  if (isHalf(code)) return 'float32';
  const dtype = (Object.keys(dtypes) as DType[]).find((d) => dtypes[d].code === code);
  if (dtype) return dtype;
  const name = dataTypeNames[code ?? 0] ?? `code ${code}`;
  throw new GraphError(
    `${where}: element type ${name} is not supported; expected ${Object.keys(dtypes).join(', ')} or bfloat16`,
  );
}

function sizesOf(t: TensorMessage, where: string): number[] {
  const shape = Array.from(t.dims ?? []);
  if (shape.length > largestRank) {
    throw new GraphError(`${where}: has ${shape.length} dimensions; expected at most ${largestRank}`);
  }
  if (shape.some((d) => !Number.isSafeInteger(d) || d < 0)) {
    throw new GraphError(`${where}: a tensor cannot have the shape [${shape}]`);
  }
  return shape;
}

/** Typed, raw or external tensor data. Raw data is little-endian, like every machine that ONNX Runtime has binaries for. */
export function decodeTensor(t: TensorMessage, where: string, external?: ExternalData): TensorData {
  const code = t.dataType ?? 0;
  const packed = Object.hasOwn(nibbles, code);
  const dtype = packed ? nibbles[code]! : dtypeOf(code, where);
  const shape = sizesOf(t, where);
  if (t.segment) throw new GraphError(`${where}: tensors in segments are not supported`);
  const count = sizeOf(shape);
  const width = isHalf(code) ? 2 : packed ? 0.5 : dtypes[dtype].bytes;
  const size = Math.ceil(count * width);
  const raw = t.dataLocation === 1 ? externalBytes(t, size, where, external) : t.rawData;
  if (raw?.length) {
    if (raw.length !== size) {
      throw new GraphError(`${where}: ${dtype}[${shape}] needs ${size} bytes of data, got ${raw.length}`);
    }
    if (packed) return tensorOf(dtype, shape, unpacked(raw, count, dtype === 'int8'));
    if (isHalf(code)) return tensor('float32', shape, halves[code]!(new Uint16Array(Uint8Array.from(raw).buffer)));
    const result = new dtypes[dtype].array(count);
    new Uint8Array(result.buffer).set(raw);
    if (dtype === 'bool') for (let i = 0; i < count; i++) if (result[i]! > 1) result[i] = 1;
    return tensor(dtype, shape, result);
  }
  const typed = typedData(t, dtype, code);
  const needed = packed ? Math.ceil(count / 2) : count;
  if (typed.length !== needed) {
    throw new GraphError(`${where}: ${dtype}[${shape}] needs ${needed} elements, got ${typed.length}`);
  }
  if (packed) return tensorOf(dtype, shape, unpacked(typed as ArrayLike<number>, count, dtype === 'int8'));
  if (dtype === 'int64') return tensor('int64', shape, BigInt64Array.from(Array.from(typed, BigInt)));
  if (isHalf(code)) return tensor('float32', shape, halves[code]!(Uint16Array.from(typed as ArrayLike<number>)));
  return tensor(dtype, shape, filled(dtype, typed as ArrayLike<number>));
}

function filled(dtype: DType, values: ArrayLike<number>): TypedArray {
  const data = new dtypes[dtype].array(values.length) as Float32Array;
  data.set(values);
  return data;
}

function unpacked(bytes: ArrayLike<number>, count: number, signed: boolean): number[] {
  return Array.from({ length: count }, (_, i) => {
    const nibble = (bytes[i >> 1]! >> (4 * (i & 1))) & 15;
    return signed && nibble > 7 ? nibble - 16 : nibble;
  });
}

function typedData(t: TensorMessage, dtype: DType, code: number): ArrayLike<number | bigint> {
  if (isHalf(code)) return t.int32Data ?? [];
  if (dtype === 'float32') return t.floatData ?? [];
  if (dtype === 'float64') return t.doubleData ?? [];
  if (dtype === 'int64') return t.int64Data ?? [];
  return t.int32Data ?? [];
}

function externalBytes(t: TensorMessage, size: number, where: string, external?: ExternalData): Uint8Array {
  const entries = new Map((t.externalData ?? []).map((e) => [e.key ?? '', e.value ?? '']));
  const location = entries.get('location') ?? '';
  if (!external) {
    throw new GraphError(
      `${where}: its data lie in ${printable(location) || 'another file'}; read the model by its path, or save it with the weights inside the .onnx file`,
    );
  }
  const number = (key: string): number | undefined => {
    const text = entries.get(key);
    if (text === undefined) return undefined;
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (Number.isNaN(value)) throw new GraphError(`${where}: ${key} of its external data is "${printable(text, 20)}"`);
    return value;
  };
  const length = number('length');
  if (length !== undefined && length !== size) {
    throw new GraphError(`${where}: needs ${size} bytes of data, its external data have ${length}`);
  }
  if (size === 0) return new Uint8Array();
  try {
    return external(location, number('offset') ?? 0, size);
  } catch (cause) {
    throw new GraphError(`${where}: ${(cause as Error).message}`, { cause });
  }
}

/** Which element of a float tensor is the first that is not a number, or the first that is infinite; -1 for none. */
export function firstSpecial(t: TensorData): { nan: number; infinite: number } {
  if (!isFloat(t.dtype)) return { nan: -1, infinite: -1 };
  const data = t.data as Float32Array;
  let infinite = -1;
  for (let i = 0; i < data.length; i++) {
    const v = data[i]!;
    // One subtraction tells finite numbers from the others.
    if (v - v === 0) continue;
    if (Number.isNaN(v)) return { nan: i, infinite };
    if (infinite < 0) infinite = i;
  }
  return { nan: -1, infinite };
}

/** An attribute with its type, as `where` (the node) carries it. Graphs are the reader's business. */
export function decodeAttribute(a: AttributeMessage, where: string): Attribute {
  const types = attributeTypes;
  const type = a.type || guessType(a);
  switch (type) {
    case types.float:
      return { type: 'float', value: a.f ?? 0 };
    case types.int:
      return { type: 'int', value: a.i ?? 0 };
    case types.string:
      return { type: 'string', value: utf8.decode(a.s ?? new Uint8Array()) };
    case types.tensor:
      return { type: 'tensor', value: decodeTensor(a.t ?? {}, `${where}, attribute ${printable(a.name ?? '')}`) };
    case types.floats:
      return { type: 'floats', value: Array.from(a.floats ?? []) };
    case types.ints:
      return { type: 'ints', value: Array.from(a.ints ?? []) };
    case types.strings:
      return { type: 'strings', value: (a.strings ?? []).map((s) => utf8.decode(s)) };
    default: {
      const name = Object.entries(types).find(([, code]) => code === type)?.[0] ?? `type ${type}`;
      throw new GraphError(`${where}: attribute ${printable(a.name ?? '')} is a ${name}, which is not supported`);
    }
  }
}

/** Files of the first IR versions leave the attribute's type out. */
function guessType(a: AttributeMessage): number {
  if (a.floats?.length) return attributeTypes.floats;
  if (a.ints?.length) return attributeTypes.ints;
  if (a.strings?.length) return attributeTypes.strings;
  if (a.g) return attributeTypes.graph;
  if (a.t) return attributeTypes.tensor;
  if (a.s?.length) return attributeTypes.string;
  return a.f ? attributeTypes.float : attributeTypes.int;
}

/** What a file says about an input. */
export interface DeclaredInput {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
  /** A 16-bit float in the file. */
  readonly half: boolean;
}

/** Type and shape of a graph input. A dimension without a number or a name gets the name `${input}_${axis}`. */
export function decodeInput(v: ValueMessage): DeclaredInput {
  const name = printable(v.name ?? '');
  const where = `input "${name}"`;
  const type = v.type?.tensorType;
  if (!type) throw new GraphError(`${where}: expected a tensor, not a sequence, map or optional`);
  if (!type.shape) throw new GraphError(`${where}: its shape is not in the file; export the model with input shapes`);
  const dims = type.shape.dim ?? [];
  if (dims.length > largestRank) {
    throw new GraphError(`${where}: has ${dims.length} dimensions; expected at most ${largestRank}`);
  }
  const shape = dims.map((d, axis): Dim => {
    const size = d.dimValue ?? 0;
    return size > 0 ? size : printable(d.dimParam || `${name}_${axis}`);
  });
  return { name, dtype: dtypeOf(type.elemType, where), shape, half: isHalf(type.elemType) };
}
