/** Files of weights and arrays. */
import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { zipSync } from 'fflate';
import type { RandomStream } from '../../src/base/random.ts';
import { sizeOf, type TensorData } from '../../src/base/tensor.ts';
import {
  decodeIdx,
  decodeMat,
  decodeNpy,
  decodePickledDict,
  decodeWeights,
  encodeNpy,
  encodeSafetensors,
  unpackGzip,
  ZipArchive,
} from '../../src/formats/index.ts';
import { CheckpointFolder } from '../../src/train/index.ts';
import { mutated } from '../../test/support/mutations.ts';
import { ofPython2 } from '../../test/support/python2-pickle.ts';
import { legacyCheckpoint, pickle, zipCheckpoint } from '../../test/support/torch-files.ts';
import {
  doubles,
  legacyState,
  matFile,
  matrix,
  ramp,
  safetensorsFile,
  state,
  storages,
} from '../../test/support/whole-files.ts';
import { changedJson } from '../changes.ts';
import { changeFiles, type FuzzFormat, oneFile } from '../format.ts';

function fits(tensors: Iterable<TensorData>): void {
  for (const { shape, data } of tensors) assert.equal(data.length, shape.includes(0) ? 0 : sizeOf(shape));
}
const readWeights = (bytes: Uint8Array) => fits(decodeWeights(bytes, 'a.bin').tensors.values());

const pickled = pickle.program(state);
const legacy = () => legacyCheckpoint(pickle.program(legacyState), { 0: ramp });

/** Of zip checkpoints the archive, or the pickle within with the checksums made anew. */
const torch = oneFile(
  'torch',
  'a.pt',
  () => [zipCheckpoint(pickled, storages), legacy()],
  readWeights,
  (bytes, stream) =>
    stream.integer(2) && bytes[0] === 0x50 ? zipCheckpoint(mutated(pickled, stream), storages) : mutated(bytes, stream),
);

const header = Buffer.from(
  '{"a":{"dtype":"F32","shape":[3,4],"data_offsets":[0,48]},"__metadata__":{"b":"c"},"d":{"dtype":"BF16","shape":[2],"data_offsets":[48,52]}}',
);
const safetensors = oneFile(
  'safetensors',
  'a.safetensors',
  () => [safetensorsFile(header), Buffer.concat([...encodeSafetensors(new Map([['a', matrix]]), { step: '1' })])],
  readWeights,
  (bytes, stream) => (stream.integer(2) ? safetensorsFile(changedJson(header, stream)) : mutated(bytes, stream)),
);

const npy = encodeNpy(matrix);
const fortran = Buffer.from(Buffer.from(npy).toString('latin1').replace('False', 'True '), 'latin1');
const npyFormat = oneFile(
  'npy',
  'a.npy',
  () => [npy, fortran],
  (bytes) => fits([decodeNpy(bytes, 'a.bin')]),
);

const zipped = (content: Uint8Array) => zipSync({ 'a.npy': content, 'b.npy': npy }, { mtime: '1980-01-01' });
const npz = oneFile(
  'npz',
  'a.npz',
  () => [zipSync({ 'a.npy': npy }, { level: 0, mtime: '1980-01-01' }), zipped(fortran)],
  readWeights,
  (bytes, stream) => (stream.integer(3) === 0 ? zipped(mutated(npy, stream)) : mutated(bytes, stream)),
);

const zip = oneFile(
  'zip',
  'a.zip',
  () => [zipSync({ a: Buffer.from('one'), 'b/c': new Uint8Array(5000) }, { mtime: '1980-01-01' })],
  (bytes) => {
    const archive = new ZipArchive(bytes, 'a.bin');
    for (const name of archive.names) archive.read(name);
  },
);

const mat = oneFile(
  'mat',
  'a.mat',
  () => [matFile([doubles]), matFile([doubles], true)],
  (bytes) => {
    const { shape, data } = decodeMat(bytes, 'a.bin', { wanted: ['A'], maxBytes: 1 << 28 }).get('A')!;
    assert.equal(data.length, sizeOf(shape));
  },
);

const idxFile = Buffer.concat([Buffer.from([0, 0, 8, 2, 0, 0, 0, 3, 0, 0, 0, 4]), Buffer.alloc(12, 7)]);
const idx = oneFile(
  'idx',
  'a.idx',
  () => [idxFile, gzipSync(idxFile)],
  (bytes) => {
    const { shape, data } = decodeIdx(bytes[0] === 0x1f ? unpackGzip(bytes, 'a.bin', 1 << 28) : bytes, 'a.bin');
    assert.equal(data.length, sizeOf(shape));
  },
  (bytes, stream) => (stream.integer(3) === 0 ? gzipSync(mutated(idxFile, stream)) : mutated(bytes, stream)),
);

const numpyPickle = oneFile(
  'numpy-pickle',
  'data_batch_1',
  () => [ofPython2([3, 1], [2, 3072], new Uint8Array(2 * 3072).fill(9))],
  (bytes) => decodePickledDict(bytes, 'a.bin'),
  // Where something stands: before and behind the pixels.
  (bytes, stream) =>
    stream.integer(3)
      ? Buffer.concat([mutated(bytes.subarray(0, 220), stream), bytes.subarray(220)])
      : Buffer.concat([bytes.subarray(0, -40), mutated(bytes.subarray(bytes.length - 40), stream)]),
);

/** A run's checkpoint, whose progress is JSON in its metadata. */
const progress = {
  step: 5,
  seconds: 1.5,
  pending: { count: 1, loss: 0.5, gradSquare: 1 },
  noise: { signal: 1, noise: 1, weight: 0.5 },
  config: 'a'.repeat(64),
};
const saved = (text: string) => Buffer.concat([...encodeSafetensors(new Map([['a', matrix]]), { progress: text })]);
const name = 'step-000000005.safetensors';
const checkpoint: FuzzFormat = {
  name: 'checkpoint',
  cost: 3,
  whole: async () => [{ [name]: saved(JSON.stringify(progress)) }],
  change: (files, stream: RandomStream) =>
    stream.integer(2)
      ? { [name]: saved(Buffer.from(changedJson(Buffer.from(JSON.stringify(progress)), stream)).toString('utf8')) }
      : changeFiles(files, stream),
  read: (files, place) => new CheckpointFolder(place.put(files)).newest(() => {}),
};

export const formats: readonly FuzzFormat[] = [
  torch,
  safetensors,
  npyFormat,
  npz,
  zip,
  mat,
  idx,
  numpyPickle,
  checkpoint,
];
