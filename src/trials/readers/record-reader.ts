import { FileError } from '../../base/errors.ts';
import { ByteQueue } from './byte-queue.ts';
import { FileReader } from './file-reader.ts';
import { FollowedFile } from './followed-file.ts';
import type { LogSink } from './reader.ts';

/** What readers of binary logs have in common: records one behind the other in a file that may be growing. An unfinished record at the end waits. */
export abstract class RecordReader extends FileReader<FollowedFile> {
  protected readonly queue = new ByteQueue();
  /** Records that were taken. */
  protected records = 0;
  /** Bytes that were taken. */
  protected offset = 0;

  constructor(path: string) {
    super(path, new FollowedFile(path));
  }

  async read(sink: LogSink, { ended = false }: { readonly ended?: boolean } = {}): Promise<void> {
    await this.file.read(
      (piece) => {
        this.queue.push(piece);
        while (this.next(sink));
      },
      () => {
        this.queue.clear();
        this.records = this.offset = 0;
        this.begin();
      },
    );
    if (ended && (this.queue.length > 0 || this.isAmid()))
      this.notes.add(`record ${this.records + 1}, the last one, is cut off and does not count`);
  }

  /** Takes what comes next, if it is there as a whole; says whether it was. */
  protected abstract next(sink: LogSink): boolean;

  /** Forgets what it knows of the file: it was written anew. */
  protected begin(): void {}

  /** Whether a record is taken in part. */
  protected isAmid(): boolean {
    return false;
  }

  protected take(length: number): Uint8Array {
    this.offset += length;
    return this.queue.take(length);
  }

  protected bad(what: string): FileError {
    return new FileError(this.path, `record ${this.records + 1}, at byte ${this.offset}: ${what}`);
  }
}
