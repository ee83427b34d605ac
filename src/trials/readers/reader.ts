/**
 * What a reader of training logs is. One descriptor a format (`LogFormat`), one cursor a file (`LogReader`): `read` gives what was written since
 * the last call, so the same reader serves a finished log and one that a training is still writing.
 *
 *     const reader = format.open('run/metrics.csv');
 *     await reader.read({ record: ({ values }) => console.log(values.get('loss')) });   // now, and again while the file grows
 *     await reader.read(sink, { ended: true });                                         // the program has ended: the last line counts too
 */

/** A cell of a log. `Infinity` and NaN are kept, because they say that a training diverged. */
export type LogValue = number | string;

/** Something that was logged at one moment: a row, a line, an event. Values under names as the file spells them; what was empty is absent. */
export interface LogRecord {
  /** Where it stands in the file, from 1 on, in the format's `unit`: for messages. */
  readonly row: number;
  readonly values: ReadonlyMap<string, LogValue>;
  /** Where the format itself says it (an event's step); a log with columns has it among its values. */
  readonly step?: number;
  /** Seconds since 1970, where the format itself says it. */
  readonly time?: number;
  /** Which of several runs of the file, where the format itself says it. */
  readonly run?: string;
}

/** Takes what a reader finds. */
export interface LogSink {
  record(record: LogRecord): void;
  /** A fact about a whole run: a hyperparameter that the file carries. `run` as in `LogRecord`; undefined: of all runs of the file. */
  setting?(name: string, value: LogValue, run?: string): void;
}

export interface LogReader {
  readonly path: string;
  /**
   * Gives `sink` what is complete and was not given before. With `ended` an unfinished last line counts where it can be read. A file that is not there yet
   * has nothing. Memory does not grow with the file. Throws FileError, naming the row, for what is not of the format; what was read before stays read.
   */
  read(sink: LogSink, options?: { readonly ended?: boolean }): Promise<void>;
  /** What the file has besides and is not read, with how often it came: `images` 12, `loss__MIN` 400. */
  readonly unused: ReadonlyMap<string, number>;
  /** What a user should know of how the file was read, a sentence each. */
  readonly notes: ReadonlySet<string>;
  /** How often the file was found written anew instead of longer; then its records are given again from the first on, and later ones count. */
  readonly rewritten: number;
}

/** What a caller may say to a reader beforehand. */
export interface LogOptions {
  /** For lines of text: a regular expression whose named groups are the values. */
  readonly pattern?: string;
}

/** A format of training logs. */
export interface LogFormat {
  /** As it is written in a study file: `tensorboard`. */
  readonly name: string;
  /** For people: `TensorBoard events`. */
  readonly title: string;
  /** What `LogRecord.row` counts. */
  readonly unit: 'row' | 'line' | 'record';
  /** Whether the file begins like one of this format. `head`: its first bytes, up to 64 KiB; the path may decide what they leave open. */
  recognizes(head: Uint8Array, path: string): boolean;
  open(path: string, options?: LogOptions): LogReader;
}
