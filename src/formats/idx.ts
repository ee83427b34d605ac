import { FileError } from '../base/errors.ts';
import { sizeOf } from '../base/tensor.ts';
import { quoteShape } from './quote.ts';

/** Bytes in an array, row-major. */
export interface ByteArray {
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/**
 * An array of bytes from the contents of an `.idx` file, the format of MNIST (two zeros, the type 8 for unsigned bytes, the number of
 * dimensions, each dimension as a big-endian 32-bit number, the elements). Other element types are refused. `path` opens the messages.
 */
export function decodeIdx(bytes: Uint8Array, path: string): ByteArray {
  const fail = (problem: string): never => {
    throw new FileError(path, problem);
  };
  if (bytes.length < 4 || bytes[0] !== 0 || bytes[1] !== 0)
    fail('expected an idx file (it begins with two zero bytes)');
  if (bytes[2] !== 8) fail(`has elements of type ${bytes[2]}, expected 8 (unsigned bytes)`);
  const rank = bytes[3]!;
  const start = 4 + 4 * rank;
  if (bytes.length < start) fail(`truncated: ${rank} dimensions end at byte ${start}, the file has ${bytes.length}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  const expected = start + sizeOf(shape);
  if (bytes.length !== expected)
    fail(`has ${bytes.length} bytes, but shape ${quoteShape(shape)} of bytes makes ${expected}`);
  return { shape, data: bytes.subarray(start) };
}
