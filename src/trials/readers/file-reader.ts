import { Counts } from './counts.ts';
import type { LogReader, LogSink } from './reader.ts';

/** What readers of a file that may be growing have in common; `File` is how they follow it: by bytes or by lines. */
export abstract class FileReader<File extends { readonly rewritten: number }> implements LogReader {
  readonly path: string;
  readonly notes = new Set<string>();
  protected readonly file: File;
  protected readonly counts = new Counts();

  constructor(path: string, file: File) {
    this.path = path;
    this.file = file;
  }

  get rewritten(): number {
    return this.file.rewritten;
  }

  get unused(): ReadonlyMap<string, number> {
    return this.counts.map;
  }

  abstract read(sink: LogSink, options?: { readonly ended?: boolean }): Promise<void>;
}
