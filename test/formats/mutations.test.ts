/** Files of every format after seeded changes: read, or refused in one printable line; never another error, a hang or data that do not fit. */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { BallastError } from '../../src/base/errors.ts';
import { printable } from '../../src/base/printable.ts';
import { RandomStream } from '../../src/base/random.ts';
import { sizeOf, type TensorData } from '../../src/base/tensor.ts';
import { unpackGzip } from '../../src/formats/archives/gzip.ts';
import { readTarFiles } from '../../src/formats/archives/tar.ts';
import { CsvRows, cellsOfRow, columnNames } from '../../src/formats/csv.ts';
import { openSealedJson, sealJson } from '../../src/formats/files/sealed-json.ts';
import { decodeIdx } from '../../src/formats/idx.ts';
import { decodeMat } from '../../src/formats/mat.ts';
import { decodeNpy, encodeNpy } from '../../src/formats/npy.ts';
import { decodeSafetensors, encodeSafetensors } from '../../src/formats/safetensors.ts';
import { decodeWeights } from '../../src/formats/weights.ts';
import { mutated } from '../support/mutations.ts';
import { legacyCheckpoint, pickle, zipCheckpoint } from '../support/torch-files.ts';
import {
  doubles,
  legacyState,
  matFile,
  matrix,
  ramp,
  safetensorsFile,
  state,
  storages,
  tarFile,
} from '../support/whole-files.ts';

/** Refuses all but what the reader may throw: an error of one line that can be shown. */
function accept(error: unknown, seed: number): void {
  if (!(error instanceof BallastError)) throw new Error(`seed ${seed}: raw ${String(error)}`, { cause: error });
  expect(error.message, `seed ${seed}`).toMatch(/^a\.bin/);
  expect(error.message).toBe(printable(error.message));
  expect(error.message.length).toBeLessThan(2000);
}

function everyTensorFits(tensors: Iterable<TensorData>): void {
  for (const { shape, data } of tensors) expect(data.length).toBe(shape.includes(0) ? 0 : sizeOf(shape));
}

/** Reads `count` mutations of each file. At least some have to be refused, or the changes changed nothing. */
function survives(files: readonly Uint8Array[], read: (bytes: Uint8Array) => void, count = 300): void {
  let refused = 0;
  for (const [f, file] of files.entries()) {
    expect(() => read(file), `file ${f} as it is`).not.toThrow();
    for (let seed = 0; seed < count; seed++) {
      const bytes = mutated(file, new RandomStream({ seed, purpose: `mutation/${f}` }));
      try {
        read(bytes);
      } catch (error) {
        accept(error, seed);
        refused++;
      }
    }
  }
  expect(refused).toBeGreaterThan(0.1 * count * files.length);
}

describe('after changes to its bytes nothing but a refusal or whole data comes from', () => {
  const weights = (bytes: Uint8Array) => everyTensorFits(decodeWeights(bytes, 'a.bin').tensors.values());

  it('a checkpoint of PyTorch, zip format: its archive', () => {
    survives([zipCheckpoint(pickle.program(state), storages)], weights, 500);
  });

  it('a checkpoint of PyTorch, zip format: its pickle', () => {
    survives([pickle.program(state)], (program) => weights(zipCheckpoint(program, storages)), 800);
  });

  it('a checkpoint of PyTorch, legacy format', () => {
    survives([legacyCheckpoint(pickle.program(legacyState), { 0: ramp })], weights, 500);
  });

  it('safetensors, sealed or not', () => {
    const sealed = Buffer.concat([...encodeSafetensors(new Map([['a', matrix]]), { step: '1' })]);
    const header = Buffer.from(
      '{"a":{"dtype":"F32","shape":[3,4],"data_offsets":[0,48]},"__metadata__":{"b":"c"},"d":{"dtype":"BF16","shape":[2],"data_offsets":[48,52]}}',
    );
    const read = (bytes: Uint8Array) => everyTensorFits(decodeSafetensors(bytes, 'a.bin').tensors.values());
    survives([sealed, safetensorsFile(header)], read);
    survives([header], (json) => read(safetensorsFile(json)));
  });

  it('npy and npz, stored and deflated', () => {
    const npy = encodeNpy(matrix);
    const fortran = Buffer.from(Buffer.from(npy).toString('latin1').replace('False', 'True '), 'latin1');
    survives([npy, fortran], (bytes) => everyTensorFits([decodeNpy(bytes, 'a.bin')]), 500);
    survives([zipSync({ 'a.npy': npy }, { level: 0 }), zipSync({ 'a.npy': npy, 'b.npy': npy })], weights);
  });

  it('MATLAB files, compressed or not', () => {
    const read = (bytes: Uint8Array) => {
      const { shape, data } = decodeMat(bytes, 'a.bin', { wanted: ['A'], maxBytes: 10_000 }).get('A')!;
      expect(data.length).toBe(sizeOf(shape));
    };
    survives([matFile([doubles]), matFile([doubles], true)], read);
  });

  it('idx files, packed or not', () => {
    const idx = Buffer.concat([Buffer.from([0, 0, 8, 2, 0, 0, 0, 3, 0, 0, 0, 4]), Buffer.alloc(12, 7)]);
    const read = (bytes: Uint8Array) => {
      const { shape, data } = decodeIdx(bytes, 'a.bin');
      expect(data.length).toBe(sizeOf(shape));
    };
    survives([idx], read);
    survives([gzipSync(idx)], (bytes) => read(unpackGzip(bytes, 'a.bin', 1000)));
  });

  it('CSV and sealed JSON', () => {
    const csv = Buffer.from('step,"the ""loss""",x\n1,0.5,\n2,0.25,"a\nb"\n');
    survives([csv], (bytes) => {
      const reader = new CsvRows('a.bin');
      let columns: readonly string[] | undefined;
      for (const [i, line] of Buffer.from(bytes).toString('utf8').split('\n').entries()) {
        const cells = reader.push(line, i + 1);
        if (!cells || cells.join('') === '') continue;
        if (!columns) columns = columnNames(cells, 'a.bin');
        else expect(cellsOfRow(cells, columns.length, reader.start, 'a.bin').length).toBe(columns.length);
      }
      reader.end();
    });
    const json = Buffer.from(sealJson({ a: [1, 2, { b: 'c' }] }));
    survives([json], (bytes) => void openSealedJson(Buffer.from(bytes).toString('utf8'), 'a.bin'));
  });

  it('tar archives, packed or not', async () => {
    const tar = await tarFile({ 'a/one.txt': Buffer.from('one'), [`a/${'long'.repeat(40)}.txt`]: Buffer.from('two') });
    const path = join(await mkdtemp(join(tmpdir(), 'ballast-')), 'a.bin');
    let refused = 0;
    for (const [f, file] of [tar, gzipSync(tar)].entries()) {
      for (let seed = 0; seed < 150; seed++) {
        await writeFile(path, mutated(file, new RandomStream({ seed, purpose: `mutation/tar/${f}` })));
        try {
          const found = await readTarFiles(path, () => true, { fileBytes: 1000, totalBytes: 2000 });
          for (const content of found.values()) expect(content.length).toBeLessThanOrEqual(1000);
        } catch (error) {
          if (!(error instanceof BallastError)) throw new Error(`seed ${seed}: raw ${String(error)}`, { cause: error });
          expect(error.message).toBe(printable(error.message));
          refused++;
        }
      }
    }
    expect(refused).toBeGreaterThan(30);
  });
});
