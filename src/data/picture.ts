import jpeg from 'jpeg-js';
import { PNG } from 'pngjs';
import { FileError } from '../errors.ts';
import { readBytes } from '../formats/index.ts';

/** Images of more pixels are no input of a network, but could be a few bytes that unpack to gigabytes. */
const maxPixels = 2 ** 24;

export interface Picture {
  readonly width: number;
  readonly height: number;
  /** [height, width, 4]. */
  readonly rgba: Uint8Array;
}

/** Decodes a PNG or JPEG image, whichever its content is. `path` opens the message of the FileError. */
export function decodePicture(content: Uint8Array, path: string): Picture {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  try {
    if (bytes[0] !== 0x89) {
      const { width, height, data } = jpeg.decode(bytes, {
        useTArray: true,
        maxResolutionInMP: maxPixels / 1e6,
        maxMemoryUsageInMB: 1024,
      });
      return { width, height, rgba: data };
    }
    const [width, height] = bytes.length < 24 ? [0, 0] : [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
    if (width * height > maxPixels) throw new Error(`${width} x ${height} pixels`);
    return { width, height, rgba: PNG.sync.read(bytes).data };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new FileError(path, `cannot be decoded (${reason}); expected a PNG or JPEG image`, { cause });
  }
}

export async function readPicture(path: string): Promise<Picture> {
  return decodePicture(await readBytes(path, 'a PNG or JPEG image'), path);
}

/** Red, green and blue of a picture as planes, [3, height, width]. */
export function writePlanes({ rgba, width, height }: Picture, out: Uint8Array): void {
  const area = width * height;
  for (let c = 0; c < 3; c++) {
    for (let p = 0; p < area; p++) out[c * area + p] = rgba[4 * p + c]!;
  }
}

/** Throws FileError unless the bytes begin as an 8-bit grey PNG does: of other kinds a decoder would not give the stored values. */
export function requireGreyPng(bytes: Uint8Array, path: string): void {
  const [depth, colour] = [bytes[24], bytes[25]];
  if (bytes[0] !== 0x89 || depth !== 8 || colour !== 0) {
    throw new FileError(path, 'expected an 8-bit grey PNG, whose values are the classes of the pixels');
  }
}
