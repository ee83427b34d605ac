import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { FileError } from '../../src/base/errors.ts';
import { decodeNpy, encodeNpy, readNpz, writeNpz } from '../../src/formats/npy.ts';
import { tensorBytes } from '../../src/formats/tensor.ts';
import { anyTensor, namedTensors } from '../support/tensors.ts';

/** A version 1 file with this header. */
function file(header: string, content: Uint8Array, version = 1): Buffer {
  const length = Buffer.alloc(version === 1 ? 2 : 4);
  length.writeUInt16LE(header.length);
  return Buffer.concat([
    Buffer.from([0x93]),
    Buffer.from('NUMPY'),
    Buffer.from([version, 0]),
    length,
    Buffer.from(header),
    content,
  ]);
}

const header = (descr: string, order: string, shape: string) =>
  `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }\n`;

describe('npy', () => {
  it('gives back every tensor bit for bit, its data at a multiple of 64 bytes', () => {
    fc.assert(
      fc.property(anyTensor, (t) => {
        const bytes = encodeNpy(t);
        const back = decodeNpy(bytes, 'a.npy');
        expect([back.dtype, back.shape]).toEqual([t.dtype, t.shape]);
        expect(Buffer.from(tensorBytes(back)).equals(tensorBytes(t))).toBe(true);
        expect((bytes.length - t.data.byteLength) % 64).toBe(0);
      }),
      { numRuns: 200 },
    );
  });

  it('is the file that NumPy writes for np.arange(3, dtype="<i2")', () => {
    const expected = Buffer.alloc(134, ' ');
    expected.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, 118, 0]);
    expected.write("{'descr': '<i2', 'fortran_order': False, 'shape': (3,), }", 10);
    expected.set([10, 0, 0, 1, 0, 2, 0], 127);
    expect(Buffer.from(encodeNpy({ dtype: 'int16', shape: [3], data: Int16Array.of(0, 1, 2) })).equals(expected)).toBe(
      true,
    );
  });

  it('puts Fortran order into row-major order', () => {
    const bytes = file(header('|u1', 'True', '(2, 3)'), Uint8Array.of(0, 3, 1, 4, 2, 5));
    expect(decodeNpy(bytes, 'a.npy')).toEqual({ dtype: 'uint8', shape: [2, 3], data: Uint8Array.of(0, 1, 2, 3, 4, 5) });
  });

  it('of version 2 and of float16 is read', () => {
    const bytes = file(header('<f2', 'False', '(1,)'), Uint8Array.of(0, 0x3c), 2);
    expect(decodeNpy(bytes, 'a.npy')).toEqual({ dtype: 'float32', shape: [1], data: Float32Array.of(1) });
  });

  it('is refused wherever it is cut', () => {
    const bytes = encodeNpy({ dtype: 'float32', shape: [2], data: Float32Array.of(1, 2) });
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeNpy(bytes.subarray(0, length), 'a.npy'), `cut at ${length}`).toThrow(FileError);
    }
  });

  it('with objects (pickles), big-endian numbers or a malformed header is refused, naming what it has', () => {
    expect(() => decodeNpy(file(header('|O', 'False', '(1,)'), Buffer.alloc(8)), 'a.npy')).toThrow(
      'element type "|O" is not read',
    );
    expect(() => decodeNpy(file(header('>f4', 'False', '(1,)'), Buffer.alloc(4)), 'a.npy')).toThrow(
      'element type ">f4"',
    );
    expect(() => decodeNpy(file("{'descr': '<f4'}\n", Buffer.alloc(4)), 'a.npy')).toThrow('header is malformed');
    expect(() => decodeNpy(file(header('<f4', 'False', '(3,)'), Buffer.alloc(8)), 'a.npy')).toThrow(
      'shape [3] of float32 makes',
    );
  });

  it('whose header says something twice, more than it should, or without end is refused', () => {
    const shape = "'shape': (1,), ";
    const good = `{'descr': '<f4', 'fortran_order': False, ${shape}}`;
    expect(decodeNpy(file(`${good}\n`, Buffer.alloc(4)), 'a.npy').shape).toEqual([1]);
    expect(
      decodeNpy(file(`{ ${shape} 'fortran_order': True, 'descr': '<f4' }\n`, Buffer.alloc(4)), 'a.npy').shape,
    ).toEqual([1]);
    for (const header of [
      good.replace('}', `${shape}}`),
      good.replace('}', "'more': 'x', }"),
      good.replace('(1,)', '(-1,)'),
      good.replace('(1,)', "'1'"),
      good.replace("'<f4'", '(1,)'),
      good.slice(0, -1),
      `${good} x`,
      good.replace('(1,)', `(${'1,'.repeat(65)})`),
    ])
      expect(() => decodeNpy(file(`${header}\n`, Buffer.alloc(4)), 'a.npy'), header).toThrow('header is malformed');
    const long = `${good}${' '.repeat(20_000)}\n`;
    expect(() => decodeNpy(file(long, Buffer.alloc(4)), 'a.npy')).toThrow('beyond the limit of 10000');
  });
});

describe('npz', () => {
  it('gives back arrays under their names', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ballast-'));
    const path = join(folder, 'a.npz');
    await fc.assert(
      fc.asyncProperty(namedTensors, async (tensors) => {
        await writeNpz(path, tensors);
        const back = await readNpz(path);
        expect([...back.keys()]).toEqual([...tensors.keys()]);
        for (const [name, t] of tensors) {
          expect(back.get(name)?.shape).toEqual(t.shape);
          expect(Buffer.from(tensorBytes(back.get(name)!)).equals(tensorBytes(t))).toBe(true);
        }
      }),
      { numRuns: 20 },
    );
  });

  it('is read when it is compressed', async () => {
    const path = join(await mkdtemp(join(tmpdir(), 'ballast-')), 'a.npz');
    const zeros = { dtype: 'float32' as const, shape: [1000], data: new Float32Array(1000) };
    await writeFile(path, zipSync({ 'x.npy': encodeNpy(zeros) }, { level: 9 }));
    expect((await readNpz(path)).get('x')).toEqual(zeros);
  });

  it('that holds an array twice is refused', async () => {
    const path = join(await mkdtemp(join(tmpdir(), 'ballast-')), 'a.npz');
    const one = encodeNpy({ dtype: 'float32', shape: [1], data: Float32Array.of(1) });
    await writeFile(path, zipSync({ 'x.npy': one, x: one }));
    await expect(readNpz(path)).rejects.toThrow('holds the array "x" twice');
  });
});
