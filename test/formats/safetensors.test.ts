import { mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FileError } from '../../src/base/errors.ts';
import {
  decodeSafetensors,
  encodeSafetensors,
  readSafetensors,
  writeSafetensors,
} from '../../src/formats/safetensors.ts';
import { type NamedTensors, tensorBytes } from '../../src/formats/tensor.ts';
import { namedTensors } from '../support/tensors.ts';

const encode = (tensors: NamedTensors, metadata?: Record<string, string>) =>
  Buffer.concat([...encodeSafetensors(tensors, metadata)]);

/** A file with this header, as text or an object, and so many bytes of data. */
function file(header: unknown, bytes: number): Buffer {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, Buffer.alloc(bytes)]);
}

/** Undefined for bytes that are refused as they should be. */
function decodedOrRefused(bytes: Uint8Array) {
  try {
    return decodeSafetensors(bytes, 'w');
  } catch (error) {
    expect(error).toBeInstanceOf(FileError);
    return undefined;
  }
}

const pair = new Map([
  ['a', { dtype: 'float32' as const, shape: [2], data: Float32Array.of(1, 2) }],
  ['b', { dtype: 'int64' as const, shape: [], data: BigInt64Array.of(-3n) }],
]);

describe('safetensors', () => {
  it('gives back every tensor bit for bit', () => {
    fc.assert(
      fc.property(
        namedTensors,
        // A key that would reach an object's prototype is not read back.
        fc.dictionary(
          fc.string().filter((key) => key !== '__proto__'),
          fc.string(),
          { noNullPrototype: true },
        ),
        (tensors, metadata) => {
          const read = decodeSafetensors(encode(tensors, metadata), 'w');
          expect([...read.tensors.keys()].sort()).toEqual([...tensors.keys()].sort());
          for (const [name, t] of tensors) {
            const back = read.tensors.get(name)!;
            expect([back.dtype, back.shape]).toEqual([t.dtype, t.shape]);
            expect(Buffer.from(tensorBytes(back)).equals(tensorBytes(t))).toBe(true);
          }
          expect(read.metadata).toEqual(metadata);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('is written to a file whole, with nothing beside it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ballast-'));
    const path = join(folder, 'w.safetensors');
    await writeSafetensors(path, pair, { step: '7' });
    const { tensors, metadata } = await readSafetensors(path);
    expect(tensors.get('a')?.data).toEqual(Float32Array.of(1, 2));
    expect(tensors.get('b')?.data).toEqual(BigInt64Array.of(-3n));
    expect(metadata).toEqual({ step: '7' });
    expect(await readdir(folder)).toEqual(['w.safetensors']);
  });

  it('of our own that has changed in a bit is refused, or unchanged in all that counts', () => {
    const bytes = encode(pair, { progress: '{"step":7}' });
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      const copy = Buffer.from(bytes);
      copy[bit >> 3]! ^= 1 << (bit & 7);
      const { tensors, metadata } = decodedOrRefused(copy) ?? { tensors: pair, metadata: { progress: '{"step":7}' } };
      expect(Object.fromEntries(tensors)).toEqual(Object.fromEntries(pair));
      expect(metadata.progress).toBe('{"step":7}');
    }
    const data = Buffer.from(bytes);
    data[data.length - 1]! ^= 1;
    expect(() => decodeSafetensors(data, 'w')).toThrow('w: is damaged: its content does not match its checksum');
  });

  it('names nothing twice and nothing by a name that every object has', () => {
    const entry = (dtype = 'F32') => `{"dtype":"${dtype}","shape":[1],"data_offsets":[0,4]}`;
    expect(() => decodeSafetensors(file(`{"a":${entry()},"\\u0061":${entry('I32')}}`, 4), 'w')).toThrow(
      'names something twice',
    );
    expect(() => decodeSafetensors(file(`{"a":${entry('constructor')}}`, 4), 'w')).toThrow(
      'element type "constructor"',
    );
    expect(decodeSafetensors(file(`{"__proto__":${entry()}}`, 4), 'w').tensors.size).toBe(1);
    const wide = { a: { dtype: 'F32', shape: Array(65).fill(1), data_offsets: [0, 4] } };
    expect(() => decodeSafetensors(file(wide, 4), 'w')).toThrow('lacks a valid dtype, shape');
  });

  it('widens 16-bit floats to float32', () => {
    const bytes = file(
      { h: { dtype: 'F16', shape: [1], data_offsets: [0, 2] }, b: { dtype: 'BF16', shape: [1], data_offsets: [2, 4] } },
      4,
    );
    bytes.set([0x00, 0x3c, 0x80, 0xbf], bytes.length - 4);
    const { tensors } = decodeSafetensors(bytes, 'w');
    expect(tensors.get('h')).toEqual({ dtype: 'float32', shape: [1], data: Float32Array.of(1) });
    expect(tensors.get('b')).toEqual({ dtype: 'float32', shape: [1], data: Float32Array.of(-1) });
  });

  it('is refused wherever it is cut', () => {
    const bytes = encode(pair);
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeSafetensors(bytes.subarray(0, length), 'w'), `cut at ${length}`).toThrow(FileError);
    }
  });

  const entry = (dtype: string, shape: unknown, begin: number, end: number) => ({
    dtype,
    shape,
    data_offsets: [begin, end],
  });
  const faults: Record<string, { bytes: Buffer; problem: string }> = {
    'overlapping tensors': {
      bytes: file({ a: entry('F32', [2], 0, 8), b: entry('F32', [2], 4, 12) }, 12),
      problem: 'tensor "b" begins at 4 of the data, expected 8',
    },
    'a gap between tensors': {
      bytes: file({ a: entry('F32', [1], 0, 4), b: entry('F32', [1], 8, 12) }, 12),
      problem: 'tensor "b" begins at 8 of the data, expected 4',
    },
    'an offset beyond the file': {
      bytes: file({ a: entry('F32', [4], 0, 16) }, 12),
      problem: 'holds 12 bytes of tensor data, its header describes 16',
    },
    'data that no tensor has': {
      bytes: file({ a: entry('U8', [1], 0, 1) }, 2),
      problem: 'holds 2 bytes of tensor data, its header describes 1',
    },
    'a shape that does not fit the offsets': {
      bytes: file({ a: entry('F32', [3], 0, 8) }, 8),
      problem: 'tensor "a" has 8 bytes, but shape [3] of F32 makes 12',
    },
    'a shape whose size overflows': {
      bytes: file({ a: entry('U8', [2 ** 40, 2 ** 40], 0, 8) }, 8),
      problem: 'but shape [1099511627776,1099511627776] of U8 makes',
    },
    'a negative dimension': {
      bytes: file({ a: entry('U8', [-1], 0, 1) }, 1),
      problem: 'lacks a valid dtype, shape and data_offsets',
    },
    'an unknown element type': {
      bytes: file({ a: entry('F8_E4M3', [1], 0, 1) }, 1),
      problem: 'element type "F8_E4M3"; expected one of F64 F32',
    },
    'a header that is not JSON': { bytes: file('{"a"', 0), problem: 'is not JSON' },
    'a header that is a list': { bytes: file('[]', 0), problem: 'is not a JSON object' },
    'metadata that are not text': {
      bytes: file({ __metadata__: { a: 1 } }, 0),
      problem: '__metadata__ is not a map of text to text',
    },
    'a header of gigabytes': {
      bytes: Buffer.concat([Buffer.from([0, 0, 0, 0, 1, 0, 0, 0]), Buffer.from('{}')]),
      problem: 'header of 4294967296 bytes is beyond the limit',
    },
  };
  for (const [name, { bytes, problem }] of Object.entries(faults)) {
    it(`is refused for ${name}`, () => {
      const read = () => decodeSafetensors(bytes, 'w.safetensors');
      expect(read).toThrow(FileError);
      expect(read).toThrow(problem);
    });
  }
});
