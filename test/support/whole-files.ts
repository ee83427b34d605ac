/** Small files of many formats that are read as they are, to be damaged. */
import { deflateSync } from 'node:zlib';
import { pack } from 'tar-stream';
import type { TensorData } from '../../src/base/tensor.ts';
import { pickle, tensorText } from './torch-files.ts';

export const ramp = Float32Array.from({ length: 12 }, (_, i) => i);
export const matrix: TensorData = { dtype: 'float32', shape: [3, 4], data: ramp };
export const bytesOf = (data: ArrayBufferView) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/** A checkpoint's content: numbers and a class beside a state dict whose tensors share a storage. */
export const state = pickle.dict({
  epoch: pickle.int(3),
  args: Buffer.concat([
    pickle.global('argparse', 'Namespace'),
    pickle.raw(')\x81'),
    pickle.dict({ lr: pickle.float(1) }),
    pickle.raw('b'),
  ]),
  state_dict: pickle.dict({
    a: tensorText({ key: '0', count: 12, shape: [3, 4], strides: [4, 1] }),
    b: tensorText({ key: '0', count: 12, shape: [4, 3], strides: [1, 4] }),
    h: tensorText({ key: '1', count: 4, shape: [2, 2], strides: [2, 1], storage: 'HalfStorage' }),
  }),
});
export const storages = { 0: bytesOf(ramp), 1: new Uint8Array(8) };
export const legacyState = pickle.dict({
  w: tensorText({ key: '0', count: 12, shape: [3, 4], strides: [4, 1], legacy: true }),
});

/** A safetensors file of 52 bytes of data with this header, right or wrong. */
export function safetensorsFile(header: Uint8Array): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, bytesOf(ramp), Buffer.alloc(4)]);
}

const matElement = (type: number, content: Uint8Array): Buffer => {
  const tag = Buffer.alloc(8);
  tag.writeUInt32LE(type, 0);
  tag.writeUInt32LE(content.length, 4);
  return Buffer.concat([tag, content, Buffer.alloc((8 - (content.length % 8)) % 8)]);
};

/** An array of a MATLAB file: doubles or bytes, column by column. */
export interface MatArray {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float64Array | Uint8Array;
}

export const doubles: MatArray = { name: 'A', shape: [2, 3], values: Float64Array.of(1, 2, 3, 4, 5, 6) };

/** A MATLAB file (level 5) of these arrays. */
export function matFile(arrays: readonly MatArray[], compressed = false): Buffer {
  const header = Buffer.alloc(128, ' ');
  header.write('MATLAB 5.0');
  header.writeUInt16LE(0x0100, 124);
  header.write('IM', 126);
  const elements = arrays.map(({ name, shape, values }) => {
    const [kind, type] = values instanceof Uint8Array ? [9, 2] : [6, 9];
    const parts = [
      matElement(6, Uint8Array.of(kind, 0, 0, 0, 0, 0, 0, 0)),
      matElement(5, bytesOf(Int32Array.from(shape))),
      matElement(1, Buffer.from(name)),
      matElement(type, bytesOf(values)),
    ];
    const array = matElement(14, Buffer.concat(parts));
    if (!compressed) return array;
    const packed = deflateSync(array);
    const tag = Buffer.alloc(8);
    tag.writeUInt32LE(15, 0);
    tag.writeUInt32LE(packed.length, 4);
    return Buffer.concat([tag, packed]);
  });
  return Buffer.concat([header, ...elements]);
}

/** A tar archive, the same whenever it is made. */
export async function tarFile(files: Readonly<Record<string, Uint8Array>>): Promise<Buffer> {
  const archive = pack();
  for (const [name, content] of Object.entries(files))
    archive.entry({ name, mtime: new Date(0) }, Buffer.from(content));
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
