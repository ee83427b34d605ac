import { describe, expect, it } from 'vitest';
import { FileError } from '../../../src/base/errors.ts';
import { RandomStream } from '../../../src/base/random.ts';
import { decodePickledDict, PickledBytes } from '../../../src/formats/torch/numpy-pickle.ts';
import { ofPython2 } from '../../support/python2-pickle.ts';

/** {b'batch_label': b'x', b'labels': [3, 1], b'data': uint8 [[1, 2, 200], [4, 5, 255]], b'filenames': [...]} as NumPy 1.24 and Python 3.11 pickle it, by protocol. */
const pickles: Readonly<Record<string, string>> = {
  2: 'gAJ9cQAoY19jb2RlY3MKZW5jb2RlCnEBWAsAAABiYXRjaF9sYWJlbHECWAYAAABsYXRpbjFxA4ZxBFJxBWgBWAEAAAB4cQZoA4ZxB1JxCGgBWAYAAABsYWJlbHNxCWgDhnEKUnELXXEMKEsDSwFlaAFYBAAAAGRhdGFxDWgDhnEOUnEPY251bXB5LmNvcmUubXVsdGlhcnJheQpfcmVjb25zdHJ1Y3QKcRBjbnVtcHkKbmRhcnJheQpxEUsAhXESaAFYAQAAAGJxE2gDhnEUUnEVh3EWUnEXKEsBSwJLA4ZxGGNudW1weQpkdHlwZQpxGVgCAAAAdTFxGomIh3EbUnEcKEsDWAEAAAB8cR1OTk5K/////0r/////SwB0cR5iiWgBWAgAAAABAsOIBAXDv3EfaAOGcSBScSF0cSJiaAFYCQAAAGZpbGVuYW1lc3EjaAOGcSRScSVdcSYoaAFYBQAAAGEucG5ncSdoA4ZxKFJxKWgBWAUAAABiLnBuZ3EqaAOGcStScSxldS4=',
  3: 'gAN9cQAoQwtiYXRjaF9sYWJlbHEBQwF4cQJDBmxhYmVsc3EDXXEEKEsDSwFlQwRkYXRhcQVjbnVtcHkuY29yZS5tdWx0aWFycmF5Cl9yZWNvbnN0cnVjdApxBmNudW1weQpuZGFycmF5CnEHSwCFcQhDAWJxCYdxClJxCyhLAUsCSwOGcQxjbnVtcHkKZHR5cGUKcQ1YAgAAAHUxcQ6JiIdxD1JxEChLA1gBAAAAfHERTk5OSv////9K/////0sAdHESYolDBgECyAQF/3ETdHEUYkMJZmlsZW5hbWVzcRVdcRYoQwVhLnBuZ3EXQwViLnBuZ3EYZXUu',
  4: 'gASV3gAAAAAAAAB9lChDC2JhdGNoX2xhYmVslEMBeJRDBmxhYmVsc5RdlChLA0sBZUMEZGF0YZSMFW51bXB5LmNvcmUubXVsdGlhcnJheZSMDF9yZWNvbnN0cnVjdJSTlIwFbnVtcHmUjAduZGFycmF5lJOUSwCFlEMBYpSHlFKUKEsBSwJLA4aUaAmMBWR0eXBllJOUjAJ1MZSJiIeUUpQoSwOMAXyUTk5OSv////9K/////0sAdJRiiUMGAQLIBAX/lHSUYkMJZmlsZW5hbWVzlF2UKEMFYS5wbmeUQwViLnBuZ5RldS4=',
  5: 'gAWVyQAAAAAAAAB9lChDC2JhdGNoX2xhYmVslEMBeJRDBmxhYmVsc5RdlChLA0sBZUMEZGF0YZSMEm51bXB5LmNvcmUubnVtZXJpY5SMC19mcm9tYnVmZmVylJOUKJYGAAAAAAAAAAECyAQF/5SMBW51bXB5lIwFZHR5cGWUk5SMAnUxlImIh5RSlChLA4wBfJROTk5K/////0r/////SwB0lGJLAksDhpSMAUOUdJRSlEMJZmlsZW5hbWVzlF2UKEMFYS5wbmeUQwViLnBuZ5RldS4=',
};

describe('a pickled dict of NumPy arrays', () => {
  it('is read as Python 2 and 3 write it, in every protocol', () => {
    const files = {
      ...Object.fromEntries(Object.entries(pickles).map(([k, v]) => [k, Buffer.from(v, 'base64')])),
      old: ofPython2([3, 1], [2, 3], Uint8Array.of(1, 2, 200, 4, 5, 255)),
    };
    for (const [protocol, bytes] of Object.entries(files)) {
      const entries = decodePickledDict(bytes, 'batch');
      expect(entries.get('labels'), protocol).toEqual([3, 1]);
      const data = entries.get('data') as PickledBytes;
      expect(data).toBeInstanceOf(PickledBytes);
      expect([data.shape, [...data.data]]).toEqual([
        [2, 3],
        [1, 2, 200, 4, 5, 255],
      ]);
    }
  });

  it('with another element type, column-major order, or anything that would run is refused', () => {
    const fortran =
      'gASVmgAAAAAAAAB9lEMEZGF0YZSMFW51bXB5LmNvcmUubXVsdGlhcnJheZSMDF9yZWNvbnN0cnVjdJSTlIwFbnVtcHmUjAduZGFycmF5lJOUSwCFlEMBYpSHlFKUKEsBSwJLA4aUaAWMBWR0eXBllJOUjAJ1MZSJiIeUUpQoSwOMAXyUTk5OSv////9K/////0sAdJRiiEMGAQQCBcj/lHSUYnMu';
    const floats =
      'gASVrAAAAAAAAAB9lEMEZGF0YZSMFW51bXB5LmNvcmUubXVsdGlhcnJheZSMDF9yZWNvbnN0cnVjdJSTlIwFbnVtcHmUjAduZGFycmF5lJOUSwCFlEMBYpSHlFKUKEsBSwJLA4aUaAWMBWR0eXBllJOUjAJmNJSJiIeUUpQoSwOMATyUTk5OSv////9K/////0sAdJRiiUMYAACAPwAAAEAAAEhDAACAQAAAoEAAAH9DlHSUYnMu';
    for (const text of [fortran, floats])
      expect(() => decodePickledDict(Buffer.from(text, 'base64'), 'batch')).toThrow(FileError);
    const runs = Buffer.from('\x80\x02cposix\nsystem\nU\x02id\x85R.', 'latin1');
    expect(() => decodePickledDict(runs, 'batch')).toThrow(/^batch: pickle asks for "posix.system"/);
    const tooLarge = ofPython2([1], [40_000, 40_000], Uint8Array.of(1));
    expect(() => decodePickledDict(tooLarge, 'batch')).toThrow(FileError);
  });

  it('with bytes changed at random is read or refused in one line', () => {
    const random = new RandomStream({ seed: 7, purpose: 'fuzz pickled arrays' });
    const files = [
      ...Object.values(pickles).map((text) => Buffer.from(text, 'base64')),
      ofPython2([3], [1, 2], Uint8Array.of(1, 2)),
    ];
    let read = 0;
    for (let round = 0; round < 4000; round++) {
      const bytes = Buffer.from(files[round % files.length]!);
      for (let n = 1 + random.integer(4); n > 0; n--) bytes[random.integer(bytes.length)] = random.integer(256);
      try {
        decodePickledDict(bytes, 'batch');
        read++;
      } catch (error) {
        if (!(error instanceof FileError)) throw error;
        expect(error.message).toMatch(/^batch: [^\n]+$/);
      }
    }
    expect(read).toBeGreaterThan(100);
  });
});
