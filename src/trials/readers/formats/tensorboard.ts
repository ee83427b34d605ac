import type { LogFormat, LogSink } from '../reader.ts';
import { RecordReader } from '../record-reader.ts';
import { maskedCrc32c } from './crc32c.ts';
import { type ScalarOf, scalarsOf } from './tensorboard-event.ts';
import { WireError } from './wire.ts';

/** Bytes of the longest event: pictures and graphs are long, but not this long. */
const longestEvent = 1 << 28;

/**
 * Event files of TensorBoard (`events.out.tfevents.*`; TFRecord frames of Event messages): scalars, written as such or as tensors of one element, and the hyperparameters of `add_hparams`. Both checksums of every
 * record are checked. An unfinished record at the end is what a live file has, and waits.
 */
export const tensorboard: LogFormat = {
  name: 'tensorboard',
  title: 'TensorBoard events',
  unit: 'record',
  recognizes(head, path) {
    if (head.length < 12) return /\btfevents\b/.test(path);
    const view = new DataView(head.buffer, head.byteOffset, 12);
    return view.getUint32(4, true) === 0 && view.getUint32(8, true) === maskedCrc32c(head.subarray(0, 8));
  },
  open: (path) => new TensorboardReader(path),
};

class TensorboardReader extends RecordReader {
  protected next(sink: LogSink): boolean {
    const { queue } = this;
    if (queue.length < 12) return false;
    const head = queue.peek(12);
    const view = new DataView(head.buffer, head.byteOffset, 12);
    if (view.getUint32(8, true) !== maskedCrc32c(head.subarray(0, 8)))
      throw this.bad('the checksum of its length is wrong; the file is damaged there, or no event file');
    const length = Number(view.getBigUint64(0, true));
    if (length > longestEvent) throw this.bad(`has ${length} bytes; expected at most ${longestEvent}`);
    if (queue.length < length + 16) return false;
    const record = queue.peek(length + 16);
    const data = record.subarray(12, 12 + length);
    const stored = new DataView(record.buffer, record.byteOffset + 12 + length, 4).getUint32(0, true);
    if (stored !== maskedCrc32c(data)) throw this.bad('the checksum of its data is wrong; the file is damaged there');
    let found: ScalarOf;
    try {
      found = scalarsOf(data, this.counts);
    } catch (cause) {
      if (!(cause instanceof WireError)) throw cause;
      throw this.bad(`is no event: its message ${cause.message}`);
    }
    this.take(length + 16);
    this.records++;
    for (const [name, value] of found.settings) sink.setting?.(name, value);
    if (found.values.size > 0)
      sink.record({ row: this.records, values: found.values, step: found.step, time: found.time });
    return true;
  }
}
