import { FileError, reasonOf } from '../../base/errors.ts';
import { readBytes } from '../../formats/index.ts';
import { decodeJpeg, isJpeg } from './jpeg.ts';
import { decodePng, isPng } from './png.ts';
import type { Picture } from './rgba.ts';

export type { Picture };

/** Images of more pixels are no input of a network, but could be a few bytes that unpack to gigabytes. */
const maxPixels = 2 ** 24;

/** Whether a name is one of a file that `decodePicture` may read. */
export const isPictureName = (name: string): boolean => /\.(png|jpe?g)$/i.test(name);

/** Decodes a PNG or JPEG image, whichever its content is. `path` opens the message of the FileError. */
export async function decodePicture(content: Uint8Array, path: string): Promise<Picture> {
  try {
    if (isPng(content)) return decodePng(content, path, maxPixels);
    if (isJpeg(content)) return await decodeJpeg(content, maxPixels);
  } catch (cause) {
    if (cause instanceof FileError) throw cause;
    throw new FileError(path, `cannot be decoded (${reasonOf(cause)}); expected a PNG or JPEG image`, { cause });
  }
  const problem = content.length === 0 ? 'is empty' : 'is no PNG or JPEG image, whatever its name says';
  throw new FileError(path, `${problem}; expected one`);
}

export async function readPicture(path: string): Promise<Picture> {
  return await decodePicture(await readBytes(path, 'a PNG or JPEG image'), path);
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
