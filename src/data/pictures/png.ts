import { crc32, deflateSync } from 'node:zlib';
import { PNG } from 'pngjs';
import { unpackZlib } from '../../formats/index.ts';
import type { Picture } from './rgba.ts';

/** What the header of a PNG says (PNG specification, third edition, section 11.2.1). */
interface Header {
  readonly width: number;
  readonly height: number;
  /** Bits of a sample. */
  readonly depth: number;
  /** 0 grey, 2 red green blue, 3 palette, 4 grey and alpha, 6 red green blue and alpha. */
  readonly colour: number;
  readonly interlaced: boolean;
}

const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

/** Samples of a pixel, and the depths that they may have, by colour type. */
const colourTypes: Readonly<Record<number, { readonly samples: number; readonly depths: readonly number[] }>> = {
  0: { samples: 1, depths: [1, 2, 4, 8, 16] },
  2: { samples: 3, depths: [8, 16] },
  3: { samples: 1, depths: [1, 2, 4, 8] },
  4: { samples: 2, depths: [8, 16] },
  6: { samples: 4, depths: [8, 16] },
};

/** First column and row, and steps, of the seven passes of an interlaced picture (Adam7). */
const passes = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/** At the largest size: 8 bits of red, green, blue and alpha with room for the filters; smaller pictures may have 16. */
const bytesPerPixel = 5;

interface Chunk {
  readonly type: string;
  readonly data: Uint8Array;
}

/** The chunks that make a picture, up to the last; all others are passed over. Throws Error for one that is cut, damaged or unknown. */
function* chunksOf(bytes: Uint8Array): Generator<Chunk> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = signature.length; ; ) {
    if (bytes.length < at + 12) throw new Error('truncated: it ends before its last chunk');
    const length = view.getUint32(at);
    const end = at + 12 + length;
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (!/^[A-Za-z]{4}$/.test(type)) throw new Error(`no chunk begins at byte ${at}`);
    if (bytes.length < end) {
      throw new Error(`truncated: the chunk ${type} ends at byte ${end}, the file at ${bytes.length}`);
    }
    // A capital letter says that the picture cannot be shown without the chunk.
    if (type[0]! < 'a') {
      yield { type, data: bytes.subarray(at + 8, end - 4) };
      if (crc32(bytes.subarray(at + 4, end - 4)) !== view.getUint32(end - 4)) {
        throw new Error(`the checksum of its chunk ${type} at byte ${at} is wrong`);
      }
      if (type === 'IEND') return;
    }
    at = end;
  }
}

function headerOf({ type, data }: Chunk): Header {
  if (type !== 'IHDR' || data.length !== 13) throw new Error('it does not begin with a header');
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  const [depth, colour, compression, filter, interlace] = data.subarray(8) as unknown as [
    number,
    number,
    number,
    number,
    number,
  ];
  if (width === 0 || height === 0) throw new Error(`${width} x ${height} pixels`);
  if (!colourTypes[colour]?.depths.includes(depth)) throw new Error(`colour type ${colour} with ${depth} bits`);
  if (compression !== 0 || filter !== 0 || interlace > 1) throw new Error('a coding that PNG does not have');
  return { width, height, depth, colour, interlaced: interlace === 1 };
}

/** Bytes that the unpacked image data of a picture have: a byte for the filter and the samples of each row of each pass. */
function dataLength({ width, height, depth, colour, interlaced }: Header): number {
  const bitsPerPixel = depth * colourTypes[colour]!.samples;
  const block = (columns: number, rows: number) =>
    columns === 0 ? 0 : rows * (1 + Math.ceil((columns * bitsPerPixel) / 8));
  if (!interlaced) return block(width, height);
  const places = (size: number, first: number, step: number) => Math.max(0, Math.ceil((size - first) / step));
  return passes.reduce((sum, [x, y, dx, dy]) => sum + block(places(width, x, dx), places(height, y, dy)), 0);
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const out = Buffer.alloc(12 + data.length);
  out.writeUInt32BE(data.length, 0);
  out.write(type, 4, 'latin1');
  out.set(data, 8);
  out.writeUInt32BE(crc32(out.subarray(4, 8 + data.length)), 8 + data.length);
  return out;
}

export const isPng = (bytes: Uint8Array): boolean => signature.every((byte, i) => bytes[i] === byte);

/**
 * Decodes a PNG of any kind: 1 to 16 bits, palette, grey, alpha, interlaced. Samples become 8 bits to the nearest (v 255 / (2^bits - 1));
 * transparency is dropped, as are gamma and colour profiles.
 *
 * The decoder trusts what it is given: of too little data it shows memory that was never written, and it unpacks without bound. So it gets
 * a file made anew from what has been checked: one header, a palette, and image data that unpacked to exactly the length that the header
 * implies.
 *
 * @param maxPixels A picture of more is refused before anything is unpacked.
 * @throws Error saying what is wrong with the file.
 */
export function decodePng(bytes: Uint8Array, path: string, maxPixels: number): Picture {
  let header: Header | undefined;
  let palette: Uint8Array | undefined;
  const packed: Uint8Array[] = [];
  let last = '';
  for (const { type, data } of chunksOf(bytes)) {
    if (!header) {
      header = headerOf({ type, data });
      if (header.width * header.height > maxPixels) throw new Error(`${header.width} x ${header.height} pixels`);
    } else if (type === 'PLTE' && !palette && packed.length === 0) {
      if (data.length === 0 || data.length % 3 || data.length > 768)
        throw new Error('its palette is no list of colours');
      palette = data;
    } else if (type === 'IDAT' && (packed.length === 0 || last === 'IDAT')) {
      packed.push(data);
    } else if (type !== 'IEND') {
      throw new Error(`a chunk ${/^[A-Z]{4}$/.test(type) ? type : 'of another kind'} where none may be`);
    }
    last = type;
  }
  if (!header) throw new Error('it has no header');
  if (header.colour === 3 && !palette) throw new Error('its palette is missing');
  const length = dataLength(header);
  if (length > bytesPerPixel * maxPixels) throw new Error(`${length} bytes of image data`);
  const data = unpackZlib(Buffer.concat(packed), path, length);
  if (data.length !== length) throw new Error(`its image data unpack to ${data.length} bytes, expected ${length}`);
  const checked = [
    signature,
    chunk('IHDR', headerBytes(header)),
    ...(header.colour === 3 ? [chunk('PLTE', palette!)] : []),
    chunk('IDAT', deflateSync(data, { level: 0 })),
    chunk('IEND', new Uint8Array(0)),
  ];
  return { width: header.width, height: header.height, rgba: PNG.sync.read(Buffer.concat(checked)).data };
}

function headerBytes({ width, height, depth, colour, interlaced }: Header): Uint8Array {
  const out = Buffer.alloc(13);
  out.writeUInt32BE(width, 0);
  out.writeUInt32BE(height, 4);
  out.set([depth, colour, 0, 0, interlaced ? 1 : 0], 8);
  return out;
}
