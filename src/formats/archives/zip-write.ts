import { crc32 } from 'node:zlib';
import { BallastError } from '../../base/errors.ts';

/** One file to be stored. */
export interface ZipContent {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** 1980-01-01, the first day zip knows: the same content gives the same archive. */
const date = 0x21;

/** The fields that a local header and a central directory entry share, from the version needed to the length of the name. */
function commonFields(view: DataView, at: number, crc: number, size: number, nameLength: number): void {
  view.setUint16(at, 20, true);
  view.setUint16(at + 2, 0x0800, true);
  view.setUint16(at + 8, date, true);
  view.setUint32(at + 10, crc, true);
  view.setUint32(at + 14, size, true);
  view.setUint32(at + 18, size, true);
  view.setUint16(at + 22, nameLength, true);
}

/**
 * The pieces of a zip archive with uncompressed entries (weights hardly compress). The content of each entry is
 * passed through without a copy. Archives of 4 GiB and more would need zip64 and are refused.
 */
export function* zipStored(files: Iterable<ZipContent>): Generator<Uint8Array> {
  const directory: Uint8Array[] = [];
  let at = 0;
  for (const { name, bytes } of files) {
    const encoded = Buffer.from(name);
    const crc = crc32(bytes);
    const local = new Uint8Array(30 + encoded.length);
    const localView = new DataView(local.buffer);
    localView.setUint32(0, 0x04034b50, true);
    commonFields(localView, 4, crc, bytes.length, encoded.length);
    local.set(encoded, 30);

    const central = new Uint8Array(46 + encoded.length);
    const centralView = new DataView(central.buffer);
    centralView.setUint32(0, 0x02014b50, true);
    centralView.setUint16(4, 20, true);
    commonFields(centralView, 6, crc, bytes.length, encoded.length);
    centralView.setUint32(42, at, true);
    central.set(encoded, 46);
    directory.push(central);

    at += local.length + bytes.length;
    if (at >= 2 ** 32) throw new BallastError(`a zip archive holds less than 4 GiB; ${name} does not fit any more`);
    yield local;
    yield bytes;
  }
  yield* directory;
  const end = new Uint8Array(22);
  const view = new DataView(end.buffer);
  view.setUint32(0, 0x06054b50, true);
  view.setUint16(8, directory.length, true);
  view.setUint16(10, directory.length, true);
  view.setUint32(
    12,
    directory.reduce((n, entry) => n + entry.length, 0),
    true,
  );
  view.setUint32(16, at, true);
  yield end;
}
