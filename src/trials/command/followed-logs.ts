import { basename, dirname, extname } from 'node:path';
import { FileError } from '../../base/errors.ts';
import {
  comparable,
  headOf,
  type LogFormat,
  type LogReader,
  type LogRecord,
  logFormats,
  recognize,
} from '../readers/index.ts';
import { filesBelow, filesMatching } from './found-files.ts';
import type { CommandSpec } from './spec.ts';

/** Files that are followed of one run. */
const mostFiles = 200;
/** Milliseconds between looks for new files; at least, as looking takes longer in a large folder. */
const looking = 250;
/** Share of the time that looking may take. */
const lookingShare = 0.05;
/** Settings that lie beside logs, which some formats take for a log of one row. */
const noLog =
  /^(?:hparams|config|args|params|opt|tokenizer(?:_config)?|vocab|special_tokens_map|generation_config)\.(?:json|ya?ml|txt)$/i;
/** Weights and states, whatever their content looks like. */
const noText = /\.(?:pt|pth|ckpt|safetensors|bin|pkl|npy|npz|h5|tmp|part)$/i;
/** Names of files and folders that say what the quantities in them are of. */
const parts = /^(?:train|training|val|valid|validation|eval|test)$/i;

interface Source {
  readonly path: string;
  readonly format: LogFormat;
  readonly reader: LogReader;
  readonly prefix: string;
  /** Step of its last record. */
  step: number | undefined;
  /** Why it cannot be read further. */
  problem: FileError | undefined;
}

/** A record with what its source says of its names. */
export interface FollowedRecord {
  readonly format: string;
  readonly record: LogRecord;
  readonly source: { step: number | undefined };
}

/** The name of what a program prints among sources and formats. */
export const printedSource = 'stdout';

/** Follows the logs of one run: those that the study file names, or all that appear in the trial's folder, and what it prints. */
export class FollowedLogs {
  readonly #dir: string;
  readonly #cwd: string;
  readonly #metrics: CommandSpec['metrics'];
  readonly #sources = new Map<string, Source>();
  readonly #looked = new Map<string, number>();
  #lookedAt = Number.NEGATIVE_INFINITY;
  #wait = looking;
  readonly #output: string;

  /** @param metrics With patterns whose placeholders are put in. */
  constructor({
    dir,
    cwd,
    output,
    metrics,
  }: { dir: string; cwd: string; output: string; metrics: CommandSpec['metrics'] }) {
    this.#dir = dir;
    this.#cwd = cwd;
    this.#output = output;
    this.#metrics = metrics;
  }

  /** Whether the study file leaves open which logs count. */
  get isOpen(): boolean {
    return this.#metrics.files === null;
  }

  get files(): readonly {
    readonly path: string;
    readonly format: string;
    readonly problem: string | undefined;
    readonly unused: ReadonlyMap<string, number>;
  }[] {
    return [...this.#sources.values()].map((s) => ({
      path: s.path,
      format: s.path === this.#output ? printedSource : s.format.name,
      problem: s.problem?.message,
      unused: s.reader.unused,
    }));
  }

  /** Gives what was written since the last call, file by file. Throws FileError for a named log that cannot be read. */
  async read(take: (record: FollowedRecord) => void, { ended = false } = {}): Promise<void> {
    if (ended || performance.now() - this.#lookedAt >= this.#wait) {
      const began = performance.now();
      await this.#look();
      this.#lookedAt = performance.now();
      this.#wait = Math.max(looking, (this.#lookedAt - began) / lookingShare);
    }
    for (const source of this.#sources.values()) {
      if (source.problem) continue;
      const format = source.path === this.#output ? printedSource : source.format.name;
      try {
        await source.reader.read(
          { record: (record) => take({ format, record: prefixed(record, source.prefix), source }) },
          { ended },
        );
      } catch (cause) {
        if (!(cause instanceof FileError)) throw cause;
        // It may be half written, until it has ended.
        if (!ended && source.format.name === 'trainer-state') continue;
        if (!this.isOpen) throw cause;
        source.problem = cause;
      }
    }
  }

  async #look(): Promise<void> {
    const { files } = this.#metrics;
    if (files === null || files.includes(printedSource)) await this.#follow(this.#output, formatNamed('lines'));
    const paths =
      files === null
        ? (await filesBelow(this.#dir)).sort((a, b) => a.changed - b.changed).map((f) => f.path)
        : (await Promise.all(files.filter((f) => f !== printedSource).map((f) => filesMatching(this.#cwd, f)))).flat();
    for (const path of paths) if (!this.#sources.has(path)) await this.#consider(path);
  }

  /** Looks at a file again only after it has grown. */
  async #consider(path: string): Promise<void> {
    if (this.#sources.size >= mostFiles) return;
    const isNamed = !this.isOpen;
    if (!isNamed && (noLog.test(basename(path)) || noText.test(path) || path === this.#output)) return;
    const head = await headOf(path).catch(() => undefined);
    if (!head || head.length === 0 || this.#looked.get(path) === head.length) return;
    this.#looked.set(path, head.length);
    const format = this.#metrics.reader === null ? recognize(head, path) : formatNamed(this.#metrics.reader);
    if (!format || (!isNamed && format.name === 'lines')) return;
    await this.#follow(path, format);
  }

  async #follow(path: string, format: LogFormat): Promise<void> {
    if (this.#sources.has(path)) return;
    const { pattern } = this.#metrics;
    const part = format.name === 'tensorboard' ? basename(dirname(path)) : basename(path, extname(path));
    this.#sources.set(path, {
      path,
      format,
      reader: format.open(path, pattern === null ? {} : { pattern }),
      prefix: path !== this.#output && parts.test(part) ? part : '',
      step: undefined,
      problem: undefined,
    });
  }
}

const formatNamed = (name: string): LogFormat => logFormats.find((f) => f.name === name)!;

/** `loss` in `val.csv` is `val/loss`; a step is a step wherever it stands. */
function prefixed(record: LogRecord, prefix: string): LogRecord {
  if (prefix === '') return record;
  const own = comparable(prefix);
  const values = new Map(
    [...record.values].map(([name, value]) =>
      shared.test(comparable(name)) || comparable(name).startsWith(`${own}_`)
        ? [name, value]
        : [`${prefix}/${name}`, value],
    ),
  );
  return { ...record, values };
}

const shared =
  /^(?:_?step|global_step|iter|iteration|epochs?|examples|samples|tokens|seconds|_?time|wall_time|elapsed\w*|_?timestamp|datetime|lr|learning_rate|batch_size|seed)$/;
