/** Memory that was another's is never shown: what a decoder gives is in its file, or is not given. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync, gzipSync } from 'node:zlib';
import { zipSync } from 'fflate';
import jpeg from 'jpeg-js';
import { PNG } from 'pngjs';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BallastError } from '../../src/base/errors.ts';
import { decodePicture } from '../../src/data/pictures/picture.ts';
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
import { readModel } from '../../src/onnx/index.ts';
import { formatOf } from '../../src/trials/index.ts';
import {
  historyRecord,
  runRecord,
  scalarEvent,
  summaryEvent,
  tensorField,
  versionEvent,
  wandbFile,
} from '../support/log-writers.ts';
import { modelBytes } from '../support/onnx-files.ts';
import { wholeModels } from '../support/onnx-mutations.ts';
import { chunk, pngSignature } from '../support/png-files.ts';
import { ofPython2 } from '../support/python2-pickle.ts';
import { legacyCheckpoint, pickle, zipCheckpoint } from '../support/torch-files.ts';
import { doubles, legacyState, matFile, matrix, ramp, state, storages } from '../support/whole-files.ts';

const canary = Buffer.from('C4n4ryC4n4ryC4n4');
const { allocUnsafe, allocUnsafeSlow } = Buffer;

/** All memory that is handed out without being cleared has the canary in it, and so has what was freed before. */
beforeEach(() => {
  Buffer.allocUnsafe = (size: number) => allocUnsafe(size).fill(canary);
  Buffer.allocUnsafeSlow = (size: number) => allocUnsafeSlow(size).fill(canary);
  for (let size = 64; size < 1 << 18; size *= 2) for (let i = 0; i < 8; i++) allocUnsafeSlow(size).fill(canary);
  // The pool that small buffers are cut from.
  for (let i = 0; i < 64; i++) allocUnsafe(2000).fill(canary);
});
afterEach(() => {
  Object.assign(Buffer, { allocUnsafe, allocUnsafeSlow });
});

/** All bytes in a value, whatever they are held by. */
function bytesIn(value: unknown, seen = new Set<unknown>()): Buffer[] {
  if (ArrayBuffer.isView(value)) return [Buffer.from(value.buffer, value.byteOffset, value.byteLength)];
  if (typeof value === 'string') return [Buffer.from(value)];
  if (typeof value !== 'object' || value === null || seen.has(value)) return [];
  seen.add(value);
  if (value instanceof Map || value instanceof Set) return [...value].flatMap((v) => bytesIn(v, seen));
  return Object.values(value).flatMap((v) => bytesIn(v, seen));
}

const image = new PNG({ width: 24, height: 20 });
image.data.fill(7);
const short = Buffer.alloc(13);
short.writeUInt32BE(200, 0);
short.writeUInt32BE(100, 4);
short.set([8, 2], 8);
/** A header of 200 x 100 pixels before data of eleven bytes. */
const shortPng = Buffer.concat([
  pngSignature,
  chunk('IHDR', short),
  chunk('IDAT', deflateSync(Buffer.alloc(11))),
  chunk('IEND', Buffer.alloc(0)),
]);
const idx = Buffer.concat([Buffer.from([0, 0, 8, 2, 0, 0, 0, 3, 0, 0, 0, 4]), Buffer.alloc(12, 7)]);
const npy = encodeNpy(matrix);
const weights = (bytes: Uint8Array) => decodeWeights(bytes, 'a.bin').tensors;

const place = mkdtempSync(join(tmpdir(), 'ballast-canary-'));
afterAll(() => rmSync(place, { recursive: true, force: true }));

/** All that a log gives: its records and settings. */
async function readLog(name: string, content: Uint8Array): Promise<unknown[]> {
  const path = join(place, name);
  writeFileSync(path, content);
  const given: unknown[] = [];
  const sink = {
    record: (r: unknown) => void given.push(r),
    setting: (key: string, value: unknown) => void given.push(key, value),
  };
  await (await formatOf(path)).open(path).read(sink, { ended: true });
  return given;
}
const csv = Buffer.from(`run,step,loss,note\n${'a,1,2.5,x\n"b ""c""",2,1.5,"y\nz"\n'.repeat(20)}`);
const jsonLines = Buffer.from('{"step": 1, "loss": 2.5, "eval": {"loss": 0.5}, "note": "x"}\n'.repeat(20));
const printed = Buffer.from('step: 10 loss: 2.5 lr=0.1 note=x\n'.repeat(20));
const trainer = Buffer.from(JSON.stringify({ log_history: [{ loss: 2.5, step: 10 }] }));
const events = Buffer.concat([
  versionEvent(1.7e9),
  scalarEvent(1.7e9 + 1, 10, 'loss/train', 0.1),
  summaryEvent(1.7e9 + 2, 10, 'loss/val', tensorField([0.25], [])),
]);
const wandb = wandbFile([
  runRecord(1, 'sunny-1', { batch_size: '64' }),
  historyRecord(2, 0, { loss: '2.5', note: `"${'x'.repeat(40_000)}"` }),
]);

const formats: readonly (readonly [string, Uint8Array, (bytes: Uint8Array) => unknown])[] = [
  ['PNG', PNG.sync.write(image), (b) => decodePicture(b, 'a.bin')],
  ['PNG of too little data', shortPng, (b) => decodePicture(b, 'a.bin')],
  [
    'JPEG',
    jpeg.encode({ width: 24, height: 16, data: Buffer.alloc(4 * 24 * 16, 9) }, 80).data,
    (b) => decodePicture(b, 'a.bin'),
  ],
  ['npy', npy, (b) => decodeNpy(b, 'a.bin')],
  ['npz', zipSync({ 'a.npy': npy }), weights],
  ['zip', zipSync({ a: new Uint8Array(3000) }), (b) => new ZipArchive(b, 'a.bin').read('a')],
  ['safetensors', Buffer.concat([...encodeSafetensors(new Map([['a', matrix]]), {})]), weights],
  ['checkpoint of PyTorch', zipCheckpoint(pickle.program(state), storages), weights],
  ['checkpoint of old PyTorch', legacyCheckpoint(pickle.program(legacyState), { 0: ramp }), weights],
  ['MATLAB file', matFile([doubles]), (b) => decodeMat(b, 'a.bin', { wanted: ['A'], maxBytes: 10_000 })],
  [
    'compressed MATLAB file',
    matFile([doubles], true),
    (b) => decodeMat(b, 'a.bin', { wanted: ['A'], maxBytes: 10_000 }),
  ],
  ['idx', idx, (b) => decodeIdx(b, 'a.bin')],
  ['idx in gzip', gzipSync(idx), (b) => decodeIdx(unpackGzip(b, 'a.bin', 1000), 'a.bin')],
  ['pickled batch of CIFAR', ofPython2([3, 1], [2, 3072], new Uint8Array(6144)), (b) => decodePickledDict(b, 'a.bin')],
  ['CSV', csv, (b) => readLog('a.csv', b)],
  ['log of JSON lines', jsonLines, (b) => readLog('a.jsonl', b)],
  ['printed log', printed, (b) => readLog('a.log', b)],
  ['trainer_state.json', trainer, (b) => readLog('trainer_state.json', b)],
  ['event file of TensorBoard', events, (b) => readLog('events.out.tfevents.1', b)],
  ['W&B log', wandb, (b) => readLog('run-a.wandb', b)],
  ['ONNX', modelBytes(wholeModels[0]!), (b) => [...readModel(b, { path: 'a.bin' }).constants.values()]],
];

describe('memory that was freed is never seen in what comes', () => {
  it.each(formats)('of a %s that is cut anywhere', async (_, whole, read) => {
    const step = Math.max(1, Math.floor(whole.length / 150));
    for (let length = whole.length; length >= 0; length -= step) {
      // A copy in memory that ends where the file does, with the canary right behind it.
      const around = Buffer.concat([whole.subarray(0, length), canary, canary]);
      try {
        const given = await read(around.subarray(0, length));
        for (const bytes of bytesIn(given))
          expect(bytes.includes(canary.subarray(0, 8)), `cut at ${length}`).toBe(false);
      } catch (error) {
        if (!(error instanceof BallastError)) throw error;
        expect(error.message.includes('C4n4ry'), `cut at ${length}`).toBe(false);
      }
    }
    // Uncut, all but the one that is damaged give something.
    if (whole !== shortPng) expect(bytesIn(await read(whole)).length).toBeGreaterThan(0);
  });

  it('which the test would see', () => {
    expect(bytesIn({ a: new Map([['b', Buffer.allocUnsafe(100)]]) }).some((b) => b.includes(canary))).toBe(true);
  });
});
