import { readFile, stat } from 'node:fs/promises';
import { FileError } from '../../../base/errors.ts';
import { readFailure } from '../../../formats/index.ts';
import { Counts } from '../counts.ts';
import { headText } from '../head.ts';
import { parseJson, valuesOf } from '../json-values.ts';
import type { LogFormat, LogReader, LogSink, LogValue } from '../reader.ts';

/** The file is one JSON object and is read as a whole. */
const largest = 1 << 28;

/**
 * `trainer_state.json` of Hugging Face's Trainer: its `log_history`, with an entry for each logged step and each evaluation. The file is written anew with each checkpoint; entries that were given are not given again.
 * The summary at the end of a training holds means over all of it under the names of losses, and is not a step.
 */
export const trainerState: LogFormat = {
  name: 'trainer-state',
  title: 'Hugging Face trainer state',
  unit: 'record',
  recognizes: (head) => {
    const text = headText(head);
    return text.trimStart().startsWith('{') && /"log_history"\s*:\s*\[/.test(text);
  },
  open: (path) => new TrainerStateReader(path),
};

class TrainerStateReader implements LogReader {
  readonly path: string;
  readonly notes = new Set<string>();
  rewritten = 0;
  readonly #unused = new Counts();
  #seen = '';
  /** Entries given, as text: what tells a longer history from another one. */
  #given: string[] = [];

  constructor(path: string) {
    this.path = path;
  }

  get unused(): ReadonlyMap<string, number> {
    return this.#unused.map;
  }

  async read(sink: LogSink, { ended = false }: { readonly ended?: boolean } = {}): Promise<void> {
    const found = await stat(this.path).catch((cause) => {
      if (cause.code === 'ENOENT') return undefined;
      throw new FileError(this.path, readFailure(cause), { cause });
    });
    if (!found) return;
    if (found.size > largest)
      throw new FileError(this.path, `has ${found.size} bytes; expected at most ${largest} of a trainer's state`);
    const version = `${found.size} ${found.mtimeMs}`;
    if (version === this.#seen && !ended) return;
    const text = await readFile(this.path, 'utf8').catch((cause) => {
      throw new FileError(this.path, readFailure(cause), { cause });
    });
    const state = parseJson(text.startsWith('\ufeff') ? text.slice(1) : text);
    if (state === undefined) {
      // Half of a file that is just being written is no mistake.
      if (!ended) return;
      throw new FileError(this.path, 'is no JSON, or cut off; expected the state of a trainer');
    }
    this.#seen = version;
    const history = (state as { log_history?: unknown } | null)?.log_history;
    if (!Array.isArray(history)) throw new FileError(this.path, 'has no list log_history');
    this.#settings(state as object, sink);
    this.#entries(history, sink);
  }

  #settings(state: object, sink: LogSink): void {
    for (const [name, value] of valuesOf(state, new Counts()))
      if (['train_batch_size', 'max_steps', 'num_train_epochs'].includes(name)) sink.setting?.(name, value);
  }

  #entries(history: readonly unknown[], sink: LogSink): void {
    const entries = history.map((e) => JSON.stringify(e));
    if (entries.length < this.#given.length || this.#given.some((e, i) => e !== entries[i])) {
      this.rewritten++;
      this.#given = [];
    }
    for (let i = this.#given.length; i < history.length; i++) {
      const entry = history[i];
      this.#given.push(entries[i]!);
      if (typeof entry !== 'object' || entry === null || Array.isArray(entry))
        throw new FileError(this.path, `log_history: entry ${i + 1} is no object`);
      const values = valuesOf(entry, this.#unused);
      if (values.has('train_runtime')) {
        this.#unused.add('summary at the end of training');
        continue;
      }
      const step = values.get('step');
      sink.record({ row: i + 1, values, ...stepOf(step) });
    }
  }
}

const stepOf = (step: LogValue | undefined) => (typeof step === 'number' ? { step } : {});
