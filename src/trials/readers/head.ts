import { TextDecoder } from 'node:util';
/** The first lines with something in them of a file's first bytes, decoded as `TextLines` does; the last one may be cut off. */
export function headLines(head: Uint8Array): string[] {
  return headText(head)
    .split('\n')
    .map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line))
    .filter((line) => line.trim() !== '');
}

/** A file's first bytes as text, without byte-order mark; empty where they are none. */
export function headText(head: Uint8Array): string {
  if (head[0] === 0xff && head[1] === 0xfe) return new TextDecoder('utf-16le').decode(head);
  if (head[0] === 0xfe && head[1] === 0xff) return new TextDecoder('utf-16be').decode(head);
  return head.includes(0) ? '' : new TextDecoder().decode(head);
}

const magics: readonly (readonly [string, readonly number[]])[] = [
  ['compressed with gzip; unpack it first', [0x1f, 0x8b]],
  ['compressed with zstd; unpack it first', [0x28, 0xb5, 0x2f, 0xfd]],
  ['compressed with bzip2; unpack it first', [0x42, 0x5a, 0x68]],
  ['compressed with xz; unpack it first', [0xfd, 0x37, 0x7a, 0x58, 0x5a]],
  ['a zip archive (or a checkpoint or workbook in one)', [0x50, 0x4b, 0x03, 0x04]],
  ['a Parquet file', [0x50, 0x41, 0x52, 0x31]],
  ['a picture (PNG)', [0x89, 0x50, 0x4e, 0x47]],
  ['an HDF5 file', [0x89, 0x48, 0x44, 0x46]],
  ['a NumPy array', [0x93, 0x4e, 0x55, 0x4d]],
  ['a pickle', [0x80, 0x02]],
];

/** What a file that is no log is, by its first bytes: `compressed with gzip; unpack it first`. */
export function describeContent(head: Uint8Array): string {
  if (head.length === 0) return 'empty';
  const known = magics.find(([, magic]) => magic.every((byte, i) => head[i] === byte));
  if (known) return known[0];
  return headText(head) === '' ? 'binary data of no known kind' : 'text without anything that is a log';
}
