import { InferenceSession, Tensor } from 'onnxruntime-node';
import { RandomStream } from '../../src/base/random.ts';
import {
  type AttributeMessage,
  attributeTypes,
  encodeModel,
  type ModelMessage,
  type TensorMessage,
} from '../../src/onnx/file/messages.ts';
import { type Attribute, type DType, dtypes, sizeOf, type TensorData, tensorOf } from '../../src/onnx/index.ts';

export type { ModelMessage };

/** A node of a file as another program would have written it. */
export interface FileNode {
  readonly op: string;
  readonly in: readonly string[];
  readonly out: readonly string[];
  readonly name?: string;
  readonly domain?: string;
  readonly attributes?: Readonly<Record<string, Attribute>>;
}

export interface FileModel {
  readonly opset: number;
  readonly nodes: readonly FileNode[];
  readonly inputs: Readonly<Record<string, readonly (number | string)[]>>;
  readonly outputs: readonly string[];
  readonly tensors?: Readonly<Record<string, TensorData>>;
  readonly irVersion?: number;
}

export function tensorMessage(name: string, t: TensorData): TensorMessage {
  const bytes = new Uint8Array(t.data.buffer, t.data.byteOffset, t.data.byteLength);
  return { name, dims: [...t.shape], dataType: dtypes[t.dtype].code, rawData: bytes };
}

function attributeMessage(name: string, { type, value }: Attribute): AttributeMessage {
  const base = { name, type: attributeTypes[type] };
  switch (type) {
    case 'int':
      return { ...base, i: value };
    case 'float':
      return { ...base, f: value };
    case 'string':
      return { ...base, s: new TextEncoder().encode(value) };
    case 'tensor':
      return { ...base, t: tensorMessage('', value) };
    case 'ints':
      return { ...base, ints: [...value] };
    case 'floats':
      return { ...base, floats: [...value] };
    case 'strings':
      return { ...base, strings: value.map((s) => new TextEncoder().encode(s)) };
  }
}

/** The message of a model, to be changed and encoded. Inputs are float32. */
export function modelMessage(model: FileModel): ModelMessage {
  const dim = (d: number | string) => (typeof d === 'number' ? { dimValue: d } : { dimParam: d });
  return {
    irVersion: model.irVersion ?? 8,
    opsetImport: [
      { domain: '', version: model.opset },
      { domain: 'com.microsoft', version: 1 },
    ],
    graph: {
      name: 'file',
      input: Object.entries(model.inputs).map(([name, shape]) => ({
        name,
        type: { tensorType: { elemType: 1, shape: { dim: shape.map(dim) } } },
      })),
      output: model.outputs.map((name) => ({ name })),
      initializer: Object.entries(model.tensors ?? {}).map(([name, t]) => tensorMessage(name, t)),
      node: model.nodes.map((n) => ({
        opType: n.op,
        name: n.name ?? '',
        domain: n.domain ?? '',
        input: [...n.in],
        output: [...n.out],
        attribute: Object.entries(n.attributes ?? {}).map(([name, a]) => attributeMessage(name, a)),
      })),
    },
  };
}

export const encode = encodeModel;

export const modelBytes = (model: FileModel): Uint8Array => encode(modelMessage(model));

export const int = (value: number): Attribute => ({ type: 'int', value });
export const ints = (...value: number[]): Attribute => ({ type: 'ints', value });
export const float = (value: number): Attribute => ({ type: 'float', value });
export const floats = (...value: number[]): Attribute => ({ type: 'floats', value });
export const text = (value: string): Attribute => ({ type: 'string', value });

/** Normally distributed numbers that are the same in every run. Integers are 0 or 1, to serve as indices and truth values. */
export function randomTensor(shape: readonly number[], seed = 0, dtype: DType = 'float32'): TensorData {
  const stream = new RandomStream({ seed, purpose: 'test' });
  const whole = dtype !== 'float32' && dtype !== 'float64';
  return tensorOf(
    dtype,
    shape,
    Array.from({ length: sizeOf(shape) }, () => (whole ? stream.integer(2) : stream.normal())),
  );
}

/** What ONNX Runtime itself makes of a file, without its optimizer. */
export async function runBytes(
  bytes: Uint8Array,
  feeds: Readonly<Record<string, TensorData>>,
): Promise<Record<string, TensorData>> {
  const session = await InferenceSession.create(bytes, {
    graphOptimizationLevel: 'disabled',
    intraOpNumThreads: 1,
    logSeverityLevel: 4,
  });
  try {
    const inputs = Object.entries(feeds).map(([name, t]) => {
      return [name, new Tensor(t.dtype as 'float32', t.data as Float32Array, [...t.shape])] as const;
    });
    const outputs = await session.run(Object.fromEntries(inputs));
    return Object.fromEntries(
      Object.entries(outputs).map(([name, t]) => [
        name,
        { dtype: t.type as DType, shape: [...t.dims], data: t.data as TensorData['data'] },
      ]),
    );
  } finally {
    await session.release();
  }
}
