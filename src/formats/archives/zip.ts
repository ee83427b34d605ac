import { crc32, inflateRawSync } from 'node:zlib';
import { FileError } from '../../base/errors.ts';
import { Budget } from '../budget.ts';
import { quote } from '../quote.ts';
import { inflatedLimit } from './gzip.ts';

interface Entry {
  readonly method: number;
  readonly flags: number;
  readonly crc: number;
  readonly compressed: number;
  readonly size: number;
  readonly header: number;
  /** Where the next entry begins, or the central directory: the entry ends before it. */
  readonly limit: number;
}

const endSignature = 0x06054b50;
const end64Signature = 0x06064b50;
const locator64Signature = 0x07064b50;
const centralSignature = 0x02014b50;
const localSignature = 0x04034b50;

/** True when the bytes begin like a zip archive. */
export function looksLikeZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b && (bytes[2] === 3 || bytes[2] === 5);
}

/**
 * A zip archive in memory, zip64 included (PyTorch always writes it). Entries are stored or deflated; a stored entry is a view
 * of the archive's bytes. Lengths, offsets and the CRC-32 of everything that is read are checked, and no two entries may share bytes
 * (a small archive could hold a large one many times over).
 */
export class ZipArchive {
  readonly #path: string;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #entries = new Map<string, Entry>();
  readonly #inflated: Budget;

  constructor(bytes: Uint8Array, path: string) {
    this.#path = path;
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#inflated = new Budget(path, inflatedLimit(bytes.length));
    const { count, at } = this.#directory();
    this.#list(count, at);
  }

  get names(): readonly string[] {
    return [...this.#entries.keys()];
  }

  has(name: string): boolean {
    return this.#entries.has(name);
  }

  /** The content of one entry. */
  read(name: string): Uint8Array {
    const entry = this.#entries.get(name);
    if (!entry) this.#fail(`the zip archive has no entry ${quote(name)}`);
    const { header, compressed, size, method, flags, crc, limit } = entry;
    if (flags & 1) this.#fail(`zip entry ${quote(name)} is encrypted`);
    this.#need(header, 30, `header of entry ${quote(name)}`);
    if (this.#view.getUint32(header, true) !== localSignature) this.#fail(`zip entry ${quote(name)} has no header`);
    const nameLength = this.#view.getUint16(header + 26, true);
    const start = header + 30 + nameLength + this.#view.getUint16(header + 28, true);
    this.#need(start, compressed, `entry ${quote(name)}`);
    const local = Buffer.from(this.#bytes.buffer, this.#bytes.byteOffset + header + 30, nameLength).toString('utf8');
    if (local !== name) this.#fail(`zip entry ${quote(name)} is called ${quote(local)} where it begins`);
    if (start + compressed > limit) this.#fail(`zip entry ${quote(name)} reaches into the next one`);
    const raw = this.#bytes.subarray(start, start + compressed);
    const content = method === 0 ? raw : this.#inflate(name, raw, size, method);
    if (content.length !== size) this.#fail(`zip entry ${quote(name)} has ${content.length} bytes, expected ${size}`);
    if (crc32(content) !== crc) this.#fail(`zip entry ${quote(name)} is damaged (its CRC-32 does not match)`);
    return content;
  }

  #inflate(name: string, raw: Uint8Array, size: number, method: number): Uint8Array {
    if (method !== 8)
      this.#fail(`zip entry ${quote(name)} has compression method ${method}; stored and deflated are read`);
    this.#inflated.spend(size, `zip entry ${quote(name)}`);
    try {
      return inflateRawSync(raw, { maxOutputLength: Math.max(size, 1) });
    } catch (cause) {
      throw new FileError(this.#path, `zip entry ${quote(name)} cannot be inflated to its ${size} bytes`, { cause });
    }
  }

  /** Finds the central directory from the end of the file. */
  #directory(): { count: number; at: number } {
    const last = this.#bytes.length - 22;
    let end = last;
    while (end >= 0 && end > last - 65536 && this.#view.getUint32(end, true) !== endSignature) end--;
    if (end < 0 || end <= last - 65536) {
      this.#fail('truncated zip archive: its central directory, expected at the end of the file, is missing');
    }
    const locator = end - 20;
    if (locator >= 0 && this.#view.getUint32(locator, true) === locator64Signature) {
      const record = this.#uint64(locator + 8);
      this.#need(record, 56, 'zip64 end record');
      if (this.#view.getUint32(record, true) !== end64Signature)
        this.#fail('zip64 end record is not where it should be');
      return { count: this.#uint64(record + 32), at: this.#uint64(record + 48) };
    }
    return { count: this.#view.getUint16(end + 10, true), at: this.#view.getUint32(end + 16, true) };
  }

  #list(count: number, start: number): void {
    const listed: Omit<Entry & { readonly name: string }, 'limit'>[] = [];
    let at = start;
    for (let i = 0; i < count; i++) {
      this.#need(at, 46, 'central directory');
      if (this.#view.getUint32(at, true) !== centralSignature) this.#fail(`central directory entry ${i} is malformed`);
      const u16 = (offset: number) => this.#view.getUint16(at + offset, true);
      const u32 = (offset: number) => this.#view.getUint32(at + offset, true);
      const [nameLength, extraLength, commentLength] = [u16(28), u16(30), u16(32)];
      this.#need(at + 46, nameLength + extraLength + commentLength, 'central directory');
      const name = Buffer.from(this.#bytes.subarray(at + 46, at + 46 + nameLength)).toString('utf8');
      const [size, compressed, header] = this.#wide(
        at + 46 + nameLength,
        extraLength,
        [u32(24), u32(20), u32(42)],
        name,
      );
      listed.push({ name, method: u16(10), flags: u16(8), crc: u32(16), size, compressed, header });
      at += 46 + nameLength + extraLength + commentLength;
    }
    // Entries end where the next one begins, whatever the order of the directory.
    const starts = [...listed.map((entry) => entry.header), start].sort((a, b) => a - b);
    const next = new Map(starts.map((begin, i) => [begin, starts[i + 1] ?? begin]));
    for (const { name, ...entry } of listed) {
      if (this.#entries.has(name)) this.#fail(`the zip archive has two entries ${quote(name)}`);
      this.#entries.set(name, { ...entry, limit: next.get(entry.header)! });
    }
  }

  /** Replaces the fields that are all ones by their 64-bit values in the zip64 extra field, in the order of the format. */
  #wide(start: number, length: number, fields: [number, number, number], name: string): [number, number, number] {
    if (!fields.includes(0xffffffff)) return fields;
    for (let at = start; at + 4 <= start + length; ) {
      const [id, bytes] = [this.#view.getUint16(at, true), this.#view.getUint16(at + 2, true)];
      if (id === 1) {
        let from = at + 4;
        const last = Math.min(from + bytes, start + length);
        return fields.map((field) => {
          if (field !== 0xffffffff) return field;
          if (from + 8 > last) this.#fail(`zip entry ${quote(name)} lacks its zip64 sizes`);
          from += 8;
          return this.#uint64(from - 8);
        }) as [number, number, number];
      }
      at += 4 + bytes;
    }
    return fields;
  }

  #uint64(at: number): number {
    return Number(this.#view.getBigUint64(at, true));
  }

  #need(at: number, length: number, what: string): void {
    if (at + length > this.#bytes.length) {
      this.#fail(
        `truncated zip archive: ${what} should end at byte ${at + length}, the file has ${this.#bytes.length}`,
      );
    }
  }

  #fail(problem: string): never {
    throw new FileError(this.#path, problem);
  }
}
