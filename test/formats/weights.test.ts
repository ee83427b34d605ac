import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FileError } from '../../src/base/errors.ts';
import { zipStored } from '../../src/formats/archives/zip-write.ts';
import { encodeNpy, writeNpz } from '../../src/formats/npy.ts';
import { encodeSafetensors } from '../../src/formats/safetensors.ts';
import { decodeWeights, readWeights } from '../../src/formats/weights.ts';
import { legacyCheckpoint, pickle, tensorText, zipCheckpoint } from '../support/torch-files.ts';

const data = Float32Array.of(1, 2, 3);
const tensor = { dtype: 'float32' as const, shape: [3], data };
const program = (legacy: boolean) =>
  pickle.program(pickle.dict({ w: tensorText({ key: '0', count: 3, shape: [3], strides: [1], legacy }) }));

async function fileWith(bytes: Uint8Array): Promise<string> {
  const path = join(await mkdtemp(join(tmpdir(), 'ballast-')), 'weights.bin');
  await writeFile(path, bytes);
  return path;
}

describe('weights', () => {
  const contents = {
    'zip checkpoint': zipCheckpoint(program(false), { 0: new Uint8Array(data.buffer) }),
    'legacy checkpoint': legacyCheckpoint(program(true), { 0: data }),
    safetensors: Buffer.concat([...encodeSafetensors(new Map([['w', tensor]]))]),
    npz: Buffer.concat([...zipStored([{ name: 'w.npy', bytes: encodeNpy(tensor) }])]),
  };
  for (const [format, bytes] of Object.entries(contents)) {
    it(`are read from a ${format} whatever the file is called`, async () => {
      expect(Object.fromEntries(await readWeights(await fileWith(bytes)))).toEqual({ w: tensor });
    });
  }

  it('of no known format are refused, saying what was expected', async () => {
    const expected = 'expected a checkpoint: PyTorch (.pt, .pth, .th), safetensors or .npz';
    for (const bytes of [Buffer.from('hello, world'), Buffer.alloc(0), Buffer.from(encodeNpy(tensor))]) {
      const read = readWeights(await fileWith(bytes));
      await expect(read).rejects.toThrow(FileError);
      await expect(read).rejects.toThrow(expected);
    }
  });

  it('that are not there, or a folder, are refused by name', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ballast-'));
    await expect(readWeights(join(folder, 'none.pt'))).rejects.toThrow(
      `${join(folder, 'none.pt')}: no such file; expected`,
    );
    await expect(readWeights(folder)).rejects.toThrow(`${folder}: is a folder; expected`);
  });

  it('of a zip archive that is no checkpoint are refused', async () => {
    const path = join(await mkdtemp(join(tmpdir(), 'ballast-')), 'a.npz');
    await writeNpz(path, new Map());
    await expect(readWeights(path)).rejects.toThrow('is a zip archive without data.pkl');
    const script = zipStored([
      { name: 'm/data.pkl', bytes: program(false) },
      { name: 'm/constants.pkl', bytes: program(false) },
    ]);
    await expect(readWeights(await fileWith(Buffer.concat([...script])))).rejects.toThrow('is a TorchScript program');
  });

  it('takes a safetensors file for one although its length begins like a pickle', () => {
    // 640 = 0x0280 bytes of header: 0x80 0x02 is how a pickle of protocol 2 begins.
    const header = JSON.stringify({ w: { dtype: 'F32', shape: [1], data_offsets: [0, 4] } }).padEnd(640);
    const bytes = new Uint8Array(8 + header.length + 4);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
    bytes.set(new TextEncoder().encode(header), 8);
    new DataView(bytes.buffer).setFloat32(8 + header.length, 1.5, true);
    expect([...bytes.subarray(0, 2)]).toEqual([0x80, 0x02]);
    expect(decodeWeights(bytes, 'w').tensors.get('w')!.data).toEqual(Float32Array.of(1.5));
  });
});
