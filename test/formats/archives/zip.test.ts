import fc from 'fast-check';
import { unzipSync, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { FileError } from '../../../src/base/errors.ts';
import { ZipArchive } from '../../../src/formats/archives/zip.ts';
import { zipStored } from '../../../src/formats/archives/zip-write.ts';

const files = fc.uniqueArray(fc.tuple(fc.stringMatching(/^[a-z/.]{1,9}$/), fc.uint8Array({ maxLength: 300 })), {
  selector: ([name]) => name,
  maxLength: 5,
});

/** The same archive with zip64 records instead of plain sizes and offsets, as PyTorch writes it; one stored entry. */
function zip64(name: string, content: Uint8Array): Buffer {
  const plain = Buffer.concat([...zipStored([{ name, bytes: content }])]);
  const directory = plain.readUInt32LE(plain.length - 6);
  const central = Buffer.from(plain.subarray(directory, plain.length - 22));
  const extra = Buffer.alloc(28);
  extra.writeUInt16LE(1);
  extra.writeUInt16LE(24, 2);
  extra.writeBigUInt64LE(BigInt(content.length), 4);
  extra.writeBigUInt64LE(BigInt(content.length), 12);
  central.fill(0xff, 20, 28);
  central.fill(0xff, 42, 46);
  central.writeUInt16LE(extra.length, 30);
  const record = Buffer.alloc(56);
  record.writeUInt32LE(0x06064b50);
  record.writeBigUInt64LE(44n, 4);
  record.writeBigUInt64LE(1n, 24);
  record.writeBigUInt64LE(1n, 32);
  record.writeBigUInt64LE(BigInt(central.length + extra.length), 40);
  record.writeBigUInt64LE(BigInt(directory), 48);
  const locator = Buffer.alloc(20);
  locator.writeUInt32LE(0x07064b50);
  locator.writeBigUInt64LE(BigInt(directory + central.length + extra.length), 8);
  locator.writeUInt32LE(1, 16);
  const end = Buffer.alloc(22, 0xff);
  end.writeUInt32LE(0x06054b50);
  end.writeUInt16LE(0, 20);
  return Buffer.concat([plain.subarray(0, directory), central, extra, record, locator, end]);
}

describe('a zip archive', () => {
  it('that we write is read by fflate and by us', () => {
    fc.assert(
      fc.property(files, (entries) => {
        const bytes = Buffer.concat([...zipStored(entries.map(([name, content]) => ({ name, bytes: content })))]);
        const theirs = unzipSync(bytes);
        const ours = new ZipArchive(bytes, 'a.zip');
        expect(ours.names).toEqual(entries.map(([name]) => name));
        for (const [name, content] of entries) {
          expect(Buffer.from(theirs[name]!).equals(content)).toBe(true);
          expect(Buffer.from(ours.read(name)).equals(content)).toBe(true);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('that fflate deflated is read', () => {
    fc.assert(
      fc.property(files, (entries) => {
        const archive = new ZipArchive(zipSync(Object.fromEntries(entries), { level: 6 }), 'a.zip');
        for (const [name, content] of entries) expect(Buffer.from(archive.read(name)).equals(content)).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  it('with zip64 records is read', () => {
    const archive = new ZipArchive(zip64('data/0', Uint8Array.of(1, 2, 3)), 'a.zip');
    expect([...archive.read('data/0')]).toEqual([1, 2, 3]);
  });

  it('gives stored entries as views of its bytes', () => {
    const bytes = Buffer.concat([...zipStored([{ name: 'a', bytes: Uint8Array.of(1, 2, 3) }])]);
    expect(new ZipArchive(bytes, 'a.zip').read('a').buffer).toBe(bytes.buffer);
  });

  it('that claims to inflate to gigabytes is refused before it is inflated', () => {
    const bytes = Buffer.from(zipSync({ a: new Uint8Array(1000) }, { level: 9 }));
    bytes.writeUInt32LE(0xf0000000, bytes.indexOf(Buffer.from('PK\x01\x02')) + 24);
    expect(() => new ZipArchive(bytes, 'a.zip').read('a')).toThrow('far more than a file of this size may ask for');
  });

  it('whose entry is longer than it says is refused', () => {
    const bytes = Buffer.from(zipSync({ a: new Uint8Array(1000) }, { level: 9 }));
    bytes.writeUInt32LE(999, bytes.indexOf(Buffer.from('PK\x01\x02')) + 24);
    expect(() => new ZipArchive(bytes, 'a.zip').read('a')).toThrow('cannot be inflated to its 999 bytes');
  });

  it('with the same name twice, or encrypted, is refused', () => {
    const entry = { name: 'a', bytes: Uint8Array.of(1) };
    expect(() => new ZipArchive(Buffer.concat([...zipStored([entry, entry])]), 'a.zip')).toThrow('two entries "a"');
    const bytes = Buffer.concat([...zipStored([entry])]);
    bytes.writeUInt16LE(1, bytes.indexOf(Buffer.from('PK\x01\x02')) + 8);
    expect(() => new ZipArchive(bytes, 'a.zip').read('a')).toThrow('is encrypted');
  });

  it('is refused wherever it is cut', () => {
    const bytes = Buffer.concat([...zipStored([{ name: 'abc', bytes: Uint8Array.of(1, 2, 3) }])]);
    for (let length = 0; length < bytes.length; length++) {
      expect(() => new ZipArchive(bytes.subarray(0, length), 'a.zip'), `cut at ${length}`).toThrow(FileError);
    }
  });

  it('whose entries share bytes is refused: a small archive could hold a large one many times over', () => {
    const content = Buffer.alloc(40, 1);
    const whole = Buffer.concat([
      ...zipStored([
        { name: 'a', bytes: content },
        { name: 'b', bytes: content },
      ]),
    ]);
    const directory = whole.readUInt32LE(whole.length - 6);
    const second = directory + 46 + 1;
    // Both entries at the first one's place: the name there is not the second's.
    const same = Buffer.from(whole);
    same.writeUInt32LE(0, second + 42);
    expect(() => new ZipArchive(same, 'a.zip').read('b')).toThrow('zip entry "b" is called "a" where it begins');
    // The first entry made longer, so that it holds the second.
    const longer = Buffer.from(whole);
    for (const field of [20, 24]) longer.writeUInt32LE(80, directory + field);
    expect(() => new ZipArchive(longer, 'a.zip').read('a')).toThrow('zip entry "a" reaches into the next one');
  });
});
