import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { FileError } from '../../src/base/errors.ts';
import { decodeMat } from '../../src/formats/mat.ts';

const python = '/usr/bin/python3';
const hasScipy = (() => {
  try {
    execFileSync(python, ['-c', 'import scipy.io'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

const element = (type: number, content: Uint8Array): Buffer => {
  const tag = Buffer.alloc(8);
  tag.writeUInt32LE(type, 0);
  tag.writeUInt32LE(content.length, 4);
  return Buffer.concat([tag, content, Buffer.alloc((8 - (content.length % 8)) % 8)]);
};
const int32 = (...values: number[]) => new Uint8Array(Int32Array.from(values).buffer);

interface Parts {
  readonly kind?: number;
  readonly flags?: number;
  readonly shape?: readonly number[];
  readonly type?: number;
  readonly content?: Uint8Array;
}

/** The array `A`, a double matrix stored as bytes unless told. */
function matrix({
  kind = 6,
  flags = 0,
  shape = [2, 3],
  type = 2,
  content = Uint8Array.of(1, 2, 3, 4, 5, 6),
}: Parts = {}) {
  // The name as a small element: one character of type 1.
  const name = Buffer.from([1, 0, 1, 0, 65, 0, 0, 0]);
  const parts = [
    element(6, Uint8Array.of(kind, flags, 0, 0, 0, 0, 0, 0)),
    element(5, int32(...shape)),
    name,
    element(type, content),
  ];
  return element(14, Buffer.concat(parts));
}

function file(...elements: Buffer[]): Buffer {
  const header = Buffer.alloc(128, ' ');
  header.write('MATLAB 5.0 MAT-file, written by hand');
  header.writeUInt16LE(0x0100, 124);
  header.write('IM', 126);
  return Buffer.concat([header, ...elements]);
}

const packed = (array: Buffer) => {
  const content = deflateSync(array);
  const tag = Buffer.alloc(8);
  tag.writeUInt32LE(15, 0);
  tag.writeUInt32LE(content.length, 4);
  return Buffer.concat([tag, content]);
};

const read = (bytes: Uint8Array, maxBytes = 1000) => decodeMat(bytes, 'a.mat', { wanted: ['A'], maxBytes }).get('A')!;

describe('a MATLAB file', () => {
  it('gives the array with its shape, column by column, compressed or not, in the type it is stored in', () => {
    for (const bytes of [file(matrix()), file(packed(matrix()))]) {
      expect(read(bytes)).toEqual({ shape: [2, 3], data: Uint8Array.of(1, 2, 3, 4, 5, 6) });
    }
    const doubles = new Uint8Array(Float64Array.of(0.5, -2).buffer);
    // At an odd place in memory, as a part of something larger may be.
    const odd = Buffer.concat([Buffer.alloc(1), file(matrix({ shape: [1, 2], type: 9, content: doubles }))]).subarray(
      1,
    );
    expect(read(odd)).toEqual({
      shape: [1, 2],
      data: Float64Array.of(0.5, -2),
    });
  });

  it.skipIf(!hasScipy)('of SciPy is read: every number type, compressed and not, several dimensions', () => {
    const path = join(mkdtempSync(join(tmpdir(), 'ballast-')), 'scipy');
    const program = `
import sys, numpy as np, scipy.io
arrays = {d: (np.arange(24) * 3 - (0 if d[0] == 'u' else 7)).astype(d).reshape(2, 3, 4) for d in
  ['uint8', 'int8', 'uint16', 'int16', 'uint32', 'int32', 'float32', 'float64']}
arrays['words'] = 'text'
arrays['complex'] = np.ones(3) * 1j
for name in sys.argv[1:]:
  scipy.io.savemat(name, arrays, do_compression=name.endswith('packed.mat'))
`;
    execFileSync(python, ['-c', program, `${path}.mat`, `${path}packed.mat`]);
    for (const name of [`${path}.mat`, `${path}packed.mat`]) {
      const types = ['uint8', 'int8', 'uint16', 'int16', 'uint32', 'int32', 'float32', 'float64'];
      const bytes = readFileSync(name);
      const arrays = decodeMat(bytes, name, { wanted: types, maxBytes: 1000 });
      for (const type of types) {
        const { shape, data } = arrays.get(type)!;
        expect(shape).toEqual([2, 3, 4]);
        // NumPy counts row by row, the file column by column.
        for (let i = 0; i < 24; i++) {
          const [a, b, c] = [i % 2, Math.floor(i / 2) % 3, Math.floor(i / 6)];
          expect(data[i]).toBe(3 * (12 * a + 4 * b + c) - (type.startsWith('u') ? 0 : 7));
        }
      }
      expect(() => decodeMat(bytes, name, { wanted: ['words'], maxBytes: 1000 })).toThrow('is an array of char');
      expect(() => decodeMat(bytes, name, { wanted: ['complex'], maxBytes: 1000 })).toThrow('is an array of complex');
      expect(() => decodeMat(bytes, name, { wanted: ['none'], maxBytes: 1000 })).toThrow('it has no array none');
    }
  });

  it('is refused wherever it is cut', () => {
    for (const bytes of [file(matrix()), file(packed(matrix()))]) {
      for (let length = 0; length < bytes.length; length++) {
        expect(() => read(bytes.subarray(0, length)), `cut at ${length}`).toThrow(FileError);
      }
    }
  });

  it('whose header, sizes or types are wrong is refused in one line, nothing allocated for what it claims', () => {
    const wrong: [Buffer, string][] = [
      [file(matrix({ shape: [2 ** 30, 2 ** 30] })), 'shape [1073741824,1073741824] makes'],
      [file(matrix({ shape: [-1, 3] })), 'has the shape [-1,3]'],
      [file(matrix({ shape: [6] })), 'malformed: the shape of "A"'],
      [file(matrix({ kind: 5 })), 'is an array of sparse'],
      [file(matrix({ kind: 1 })), 'is an array of cell'],
      [file(matrix({ kind: 15 })), 'is an array of class 15'],
      [file(matrix({ flags: 8 })), 'is an array of complex'],
      [file(matrix({ type: 12 })), 'the numbers of "A" of an array has type 12'],
      [file(matrix({ type: 9 })), 'has 6 bytes of numbers, but shape [2,3] makes 48'],
      [file(element(5, int32(1))), 'an element has type 5, expected 14'],
      [file(packed(Buffer.concat([matrix(), Buffer.alloc(8)]))), 'a compressed element has'],
      [
        file(packed(matrix({ shape: [1, 5000], content: new Uint8Array(5000) }))),
        'unpacks to more than the 1000 bytes',
      ],
      [
        file(Buffer.concat([Buffer.from([15, 0, 0, 0, 3, 0, 0, 0]), Buffer.from('abc')])),
        'truncated or damaged zlib data',
      ],
      [file(Buffer.from([1, 0, 9, 0, 0, 0, 0, 0])), 'a small element of 9 bytes'],
      [file(), 'it has no array A'],
    ];
    for (const [bytes, problem] of wrong) {
      let message = 'read';
      try {
        read(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(FileError);
        message = (error as Error).message;
      }
      expect(message).toContain(problem);
      expect(message).toMatch(/^a\.mat: [^\n]+$/);
    }
    const big = file(matrix());
    big.write('MI', 126);
    expect(() => read(big)).toThrow('byte order "MI"; expected a little-endian level-5 file');
    const hdf = file();
    hdf.writeUInt16LE(0x0200, 124);
    expect(() => read(hdf)).toThrow('has version "200"');
  });

  it('with any byte changed is read or refused with a FileError, never something else', () => {
    const plain = file(matrix());
    for (let at = 0; at < plain.length; at++) {
      for (const value of [0, 1, 127, 255]) {
        const changed = Buffer.from(plain);
        changed[at] = value;
        try {
          read(changed);
        } catch (error) {
          expect(error, `byte ${at} as ${value}`).toBeInstanceOf(FileError);
        }
      }
    }
  });

  it('may not unpack to far more than its size, all arrays together', () => {
    const zeros = (count: number) => packed(matrix({ shape: [count, 1], content: Buffer.alloc(count) }));
    const [wanted, maxBytes] = [['B'], 2 ** 26];
    const bytes = file(...Array.from({ length: 3 }, () => zeros(40_000_000)));
    expect(() => decodeMat(bytes, 'a.mat', { wanted, maxBytes })).toThrow('a.mat: unpacks to more than the');
  });
});
