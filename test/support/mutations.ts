import type { RandomStream } from '../../src/base/random.ts';

/** What readers of lengths and indices get wrong. */
const edges = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];

/** Bytes after up to four changes that `stream` draws: bits, bytes, edge values of lengths, pieces lost, repeated or moved, an early end. */
export function mutated(bytes: Uint8Array, stream: RandomStream): Buffer {
  let out = Buffer.from(bytes);
  const changes = 1 + stream.integer(4);
  for (let i = 0; i < changes && out.length > 0; i++) {
    const at = stream.integer(out.length);
    const length = Math.min(1 + stream.integer(24), out.length - at);
    const piece = out.subarray(at, at + length);
    switch (stream.integer(8)) {
      case 0:
        out[at]! ^= 1 << stream.integer(8);
        break;
      case 1:
        out[at] = stream.integer(256);
        break;
      case 2: {
        const width = [1, 2, 4, 8][stream.integer(4)]!;
        const value = Buffer.alloc(8, stream.integer(2) ? 0xff : 0);
        value.writeUInt32LE(edges[stream.integer(edges.length)]!);
        for (let b = 0; b < width && at + b < out.length; b++) out[at + b] = value[b]!;
        break;
      }
      case 3:
        out = Buffer.concat([out.subarray(0, at), out.subarray(at + length)]);
        break;
      case 4:
        out = Buffer.concat([out.subarray(0, at), piece, out.subarray(at)]);
        break;
      case 5: {
        const to = stream.integer(out.length);
        out = Buffer.concat([out.subarray(0, to), Buffer.from(piece), out.subarray(to)]);
        break;
      }
      case 6: {
        // A digit of text becomes another, or a sign.
        const digits = [...out.keys()].filter((b) => out[b]! >= 0x30 && out[b]! <= 0x39);
        if (digits.length) out[digits[stream.integer(digits.length)]!] = '0123456789-.e'.charCodeAt(stream.integer(13));
        break;
      }
      default:
        out = out.subarray(0, stream.integer(8) ? out.length : at);
    }
  }
  return out;
}
