import { crc32 } from 'node:zlib';

/** What every PNG begins with. */
export const pngSignature = Buffer.from('89504e470d0a1a0a', 'hex');

/** A chunk with the right length and checksum, whatever is in it. */
export function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const out = Buffer.alloc(8 + body.length);
  out.writeUInt32BE(data.length, 0);
  body.copy(out, 4);
  out.writeUInt32BE(crc32(body), 4 + body.length);
  return out;
}
