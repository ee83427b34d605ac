import { crc32 } from 'node:zlib';
import type { LogFormat, LogSink } from '../reader.ts';
import { RecordReader } from '../record-reader.ts';
import { runRecord } from './wandb-record.ts';
import { WireError } from './wire.ts';

const header = [0x3a, 0x57, 0x26, 0x42, 0xe1, 0xbe, 0x00];
const blockBytes = 1 << 15;
const [full, first, middle, last] = [1, 2, 3, 4];
/** Bytes of the longest record that is put together. */
const longestRecord = 1 << 28;

/**
 * A run of Weights & Biases as its client writes it on disk (`run-ID.wandb`, also of offline runs): LevelDB's log format with zlib's CRC-32 and a header of its own, holding Record messages. The history is read, and
 * the configuration. An unfinished record at the end is what a live file has, and waits.
 */
export const wandb: LogFormat = {
  name: 'wandb',
  title: 'Weights & Biases run',
  unit: 'record',
  recognizes: (head) => header.every((byte, i) => head[i] === byte),
  open: (path) => new WandbReader(path),
};

class WandbReader extends RecordReader {
  /** Pieces of a record that reaches over blocks. */
  #pieces: Uint8Array[] | undefined;
  #length = 0;

  protected override begin(): void {
    this.#length = 0;
    this.#pieces = undefined;
  }

  protected override isAmid(): boolean {
    return this.#pieces !== undefined;
  }

  /** Takes a piece of a record, if it is there as a whole. */
  protected next(sink: LogSink): boolean {
    const { queue } = this;
    if (this.offset === 0) {
      if (queue.length < header.length) return false;
      if (queue.peek(header.length).some((byte, i) => byte !== header[i]))
        throw this.bad('is no run of Weights & Biases; expected the header :W&B of version 0');
      this.take(header.length);
    }
    const left = blockBytes - (this.offset % blockBytes);
    if (left < 7) {
      if (queue.length < left) return false;
      this.take(left);
    }
    if (queue.length < 7) return false;
    const head = queue.peek(7);
    const view = new DataView(head.buffer, head.byteOffset, 7);
    const [crc, length, type] = [view.getUint32(0, true), view.getUint16(4, true), view.getUint8(6)];
    if (length + 7 > blockBytes - (this.offset % blockBytes))
      throw this.bad(`its ${length} bytes reach over its block of ${blockBytes}; the file is damaged there`);
    if (queue.length < 7 + length) return false;
    const data = queue.peek(7 + length).subarray(7);
    if (crc32(data, crc32(Uint8Array.of(type))) !== crc)
      throw this.bad('its checksum is wrong; the file is damaged there');
    if (type < full || type > last || (type === full || type === first) !== (this.#pieces === undefined))
      throw this.bad(`its piece is of type ${type}, out of order; the file is damaged there`);
    const own = Uint8Array.from(data);
    if (type === full) this.#record(own, sink);
    else {
      this.#pieces ??= [];
      this.#pieces.push(own);
      this.#length += own.length;
      if (this.#length > longestRecord) throw this.bad(`has more than ${longestRecord} bytes`);
      if (type === last) {
        const whole = Buffer.concat(this.#pieces);
        this.#pieces = undefined;
        this.#length = 0;
        this.#record(whole, sink);
      } else if (type === middle && own.length === 0) throw this.bad('has an empty piece; the file is damaged there');
    }
    this.take(7 + length);
    return true;
  }

  #record(message: Uint8Array, sink: LogSink): void {
    this.records++;
    try {
      const { values, step, time, settings } = runRecord(message, this.counts);
      for (const [name, value] of settings) sink.setting?.(name, value);
      if (values.size > 0)
        sink.record({
          row: this.records,
          values,
          ...(step === undefined ? {} : { step }),
          ...(time === undefined ? {} : { time }),
        });
    } catch (cause) {
      if (!(cause instanceof WireError)) throw cause;
      this.records--;
      throw this.bad(`is no record: its message ${cause.message}`);
    }
  }
}
