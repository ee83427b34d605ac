/** Pictures. */
import assert from 'node:assert/strict';
import { deflateSync, inflateSync } from 'node:zlib';
import jpeg from 'jpeg-js';
import { PNG } from 'pngjs';
import type { RandomStream } from '../../src/base/random.ts';
import { decodePicture } from '../../src/data/pictures/picture.ts';
import { mutated } from '../../test/support/mutations.ts';
import { chunk, pngSignature } from '../../test/support/png-files.ts';
import { changedList } from '../changes.ts';
import { type FuzzFormat, oneFile, pick } from '../format.ts';

const read = async (bytes: Uint8Array) => {
  const { width, height, rgba } = await decodePicture(bytes, 'a.png');
  assert.equal(rgba.length, 4 * width * height);
};

interface Chunk {
  readonly type: string;
  readonly data: Uint8Array;
}

function chunksOf(png: Uint8Array): Chunk[] {
  const bytes = Buffer.from(png);
  const chunks: Chunk[] = [];
  for (let at = 8; at < bytes.length; at += 12 + bytes.readUInt32BE(at))
    chunks.push({
      type: bytes.toString('latin1', at + 4, at + 8),
      data: bytes.subarray(at + 8, at + 8 + bytes.readUInt32BE(at)),
    });
  return chunks;
}

const types = ['IHDR', 'PLTE', 'IDAT', 'IEND', 'tRNS', 'gAMA', 'iCCP', 'zTXt', 'eXIf', 'acTL', 'XXXX', '\0\0\0\0'];
const sizes = [0, 1, 2, 3, 255, 4096, 20_000, 65_535, 2 ** 31 - 1, 2 ** 32 - 1];

/** A chunk with a right checksum and something wrong in it. */
function changedChunk({ type, data }: Chunk, stream: RandomStream): Chunk {
  if (stream.integer(8) === 0) return { type: pick(types, stream), data };
  if (type === 'IHDR' && data.length === 13) {
    const header = Buffer.from(data);
    if (stream.integer(2)) header.writeUInt32BE(pick(sizes, stream), 4 * stream.integer(2));
    else header[8 + stream.integer(5)] = pick([0, 1, 2, 3, 4, 6, 8, 16, 255], stream);
    return { type, data: header };
  }
  if (type === 'IDAT' && stream.integer(3)) {
    const rows = Buffer.from(inflateSync(data));
    const cut = stream.integer(2) ? rows.subarray(0, stream.integer(rows.length)) : mutated(rows, stream);
    return { type, data: deflateSync(stream.integer(20) ? cut : Buffer.alloc(5_000_000)) };
  }
  return { type, data: mutated(data, stream) };
}

function changedPng(bytes: Uint8Array, stream: RandomStream): Uint8Array {
  if (stream.integer(3) === 0) return mutated(bytes, stream);
  const seen: Chunk[] = changedList(chunksOf(bytes), stream, (c) => {
    try {
      return changedChunk(c, stream);
    } catch {
      // Its data were changed before and unpack no more.
      return c;
    }
  });
  return Buffer.concat([pngSignature, ...seen.map(({ type, data }) => chunk(type, data))]);
}

function wholePngs(): Uint8Array[] {
  const image = new PNG({ width: 9, height: 7 });
  image.data.forEach((_, i) => {
    image.data[i] = (i * 37) % 256;
  });
  const whole = [6, 2, 0].map((colorType) => PNG.sync.write(image, { colorType: colorType as 0 }));
  const header = Buffer.alloc(13);
  header.writeUInt32BE(3, 0);
  header.writeUInt32BE(2, 4);
  // A palette of two colours, a bit a pixel, interlaced: passes of one and two pixels.
  header.set([1, 3, 0, 0, 1], 8);
  const rows = Buffer.of(0, 0x80, 0, 0x80, 0, 0x40, 0, 0xa0);
  const small = [
    chunk('IHDR', header),
    chunk('PLTE', Buffer.of(1, 2, 3, 4, 5, 6)),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ];
  return [...whole, Buffer.concat([pngSignature, ...small])];
}

const png = oneFile('png', 'a.png', wholePngs, read, changedPng);

const picture = (width: number, height: number) =>
  jpeg.encode(
    { width, height, data: Buffer.from(Array.from({ length: 4 * width * height }, (_, i) => (i * 7) % 256)) },
    80,
  ).data;

/** The segments of a JPEG; the last has the scan's data. */
function segmentsOf(bytes: Uint8Array): Buffer[] {
  const file = Buffer.from(bytes);
  const segments: Buffer[] = [];
  let at = 2;
  while (at + 4 <= file.length && file[at] === 0xff && file[at + 1] !== 0xda) {
    const end = at + 2 + file.readUInt16BE(at + 2);
    segments.push(file.subarray(at, end));
    at = end;
  }
  return [...segments, file.subarray(at)];
}

function changedJpeg(bytes: Uint8Array, stream: RandomStream): Uint8Array {
  if (stream.integer(2)) return mutated(bytes, stream);
  const segments = changedList(segmentsOf(bytes), stream, (segment) => {
    const out = Buffer.from(segment);
    // Sizes, components, tables: what stands at the beginning of a segment.
    for (let i = stream.integer(3); i >= 0; i--)
      out[1 + stream.integer(Math.min(20, out.length - 1))] = pick(
        [0, 1, 2, 0x11, 0x22, 0x44, 0x7f, 0xc0, 0xc2, 0xff],
        stream,
      );
    return out;
  });
  return Buffer.concat([Buffer.of(0xff, 0xd8), ...segments]);
}

const jpegFormat: FuzzFormat = oneFile('jpeg', 'a.jpg', () => [picture(16, 16), picture(5, 9)], read, changedJpeg);

export const formats: readonly FuzzFormat[] = [png, { ...jpegFormat, cost: 10 }];
