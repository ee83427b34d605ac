/** A measurement whose pieces are computed by workers: they are handed out as the trials of a study are, and come back as finished parts. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { BallastError } from '../../base/errors.ts';
import { version } from '../../base/version.ts';
import { makeFolder, ownFolder } from '../../formats/index.ts';
import type { Control, Measurement, OfferedPiece } from '../../instrument/index.ts';
import { coordinateStudy } from '../../queue/index.ts';
import { type FileKey, type PieceSpec, pieceSpecSchema } from '../../schema/index.ts';
import { StudyStore } from '../../store/index.ts';
import { partsFolder } from './compute-piece.ts';
import { forgetHandedOut, goingOn, type HandedOut, noteHandedOut, openQueue } from './handed-out.ts';
import { identityOfRead, isMade } from './piece-data.ts';
import { bringTogether, namedFiles, takeParts } from './piece-files.ts';

/** How pieces are handed out. */
export type PiecesHandOut = Pick<HandedOut, 'choice' | 'program' | 'priority'>;

/** Below the folder of a result, what workers see of it: they are told this one. */
export const handedOutFolder = 'handed-out';

/** Milliseconds between rounds: pieces are short. */
const polling = 500;

export interface HandingOutOptions extends Pick<Control, 'signal' | 'onProgress' | 'onNote'> {
  readonly measurement: Measurement;
  /** Checked. */
  readonly request: Readonly<Record<string, unknown>>;
  /** Folder of the result. */
  readonly out: string;
  /** Of its finished parts. */
  readonly parts: string;
  readonly handOut: PiecesHandOut;
  /** What the owner of a folder is said to be doing. */
  readonly doing: string;
}

/** Of a request what a worker decides by itself. */
const ofTheMachine = ['data', 'threads', 'download'];

/** The way to the workers of a measurement. */
export class HandingOut {
  readonly #options: HandingOutOptions;
  readonly #folder: string;
  readonly #files: string;
  /** The queue, once a piece was handed out: a study of its own on Redis for all of them. */
  #handed: HandedOut | undefined;

  constructor(options: HandingOutOptions) {
    this.#options = options;
    this.#folder = join(resolve(options.out), handedOutFolder);
    this.#files = join(this.#folder, 'files');
  }

  /** Takes in what workers computed for an earlier run of the same measurement that was stopped. Throws FileError. */
  async collect(): Promise<void> {
    if (!existsSync(join(this.#folder, 'study.sqlite'))) return;
    const store = await StudyStore.open(this.#folder);
    try {
      await this.#takeIn(store, store.trials({ all: true }));
    } finally {
      store.close();
    }
  }

  /** Has pieces computed by workers, and takes their parts in. Throws BallastError with the first reason where some failed, AbortError when told to stop. */
  async handOut(pieces: readonly OfferedPiece[]): Promise<void> {
    if (pieces.length === 0) return;
    const { measurement, doing, handOut, signal = new AbortController().signal, onProgress, onNote } = this.#options;
    await makeFolder(this.#folder);
    const owner = await ownFolder(this.#folder, { doing, sweepDepth: 0 });
    let store: StudyStore | undefined;
    try {
      const specs = await this.#specsOf(pieces);
      const trials = specs.map((spec) => ({ id: idOf(spec), spec: JSON.stringify(spec) }));
      store = await StudyStore.open(this.#folder);
      const { kind } = measurement.kind;
      store.replaceGrid({
        ...{ name: kind, text: `pieces of ${kind}`, workloads: {}, points: [] },
        trials: trials.map((trial) => ({ ...trial, budgetSteps: 1, budgetSeconds: null })),
      });
      store.paused = false;
      store.claims.queue(store.trials().flatMap(({ id, status }) => (this.#isDone(store!, id, status) ? [] : [id])));
      const choice = await goingOn(this.#folder, this.#handed?.choice ?? handOut.choice);
      this.#handed = { ...handOut, choice, commands: specs.some((s) => s.command) };
      await noteHandedOut(this.#folder, this.#handed);
      const queue = await openQueue(this.#folder, this.#handed, onNote);
      const own = store;
      const report = () => {
        const done = own.trials().filter((t) => t.status === 'complete' || t.status === 'failed').length;
        onProgress?.(done / trials.length, `${done} of ${trials.length} pieces`);
      };
      try {
        const folders = [...new Set(specs.flatMap((s) => s.folders))];
        await queue.supply(new Map(folders.map((name) => [name, join(this.#files, name)])));
        report();
        const { status } = await coordinateStudy({
          ...{ store, queue, signal, polling, failFast: false, priority: handOut.priority },
          onNote,
          onReport: ({ kind: what }) => {
            if (what === 'ended') report();
          },
        });
        if (status !== 'complete') {
          signal.throwIfAborted();
          throw new BallastError(`${this.#folder}: is paused; its pieces wait`);
        }
        await forgetHandedOut(this.#folder);
      } finally {
        await queue.close();
      }
      const failed = store.trials().filter((t) => t.status === 'failed');
      await this.#takeIn(store, store.trials());
      if (failed.length > 0)
        throw new BallastError(
          `${failed.length} of ${trials.length} pieces failed on workers: ${failed[0]!.note ?? 'no reason given'}; run it again to try them again, or without the queue`,
        );
    } finally {
      store?.close();
      owner.release();
    }
  }

  /** Everything has come back: what workers saw is removed. */
  async end(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 3 });
  }

  /** Takes the parts of those that are complete into the measurement's. */
  async #takeIn(store: StudyStore, trials: ReturnType<StudyStore['trials']>): Promise<void> {
    for (const { id, status } of trials)
      if (status === 'complete') await takeParts(join(store.trialFolder(id), partsFolder), this.#options.parts);
  }

  #isDone(store: StudyStore, id: string, status: string): boolean {
    return status === 'complete' && existsSync(join(store.trialFolder(id), partsFolder));
  }

  async #specsOf(pieces: readonly OfferedPiece[]): Promise<PieceSpec[]> {
    const { measurement, request, handOut } = this.#options;
    const read = await measurement.pieces!.data(request);
    const dir = typeof request.data === 'string' ? resolve(request.data) : read?.dir;
    // Where a folder is shared the data are found by their path.
    const isFound = read !== undefined && dir !== undefined && !isMade(read.dataset) && handOut.choice.kind === 'redis';
    const data = isFound
      ? { dataset: read.dataset, splits: [...read.splits], identity: await identityOfRead(read, dir) }
      : null;
    const known = new Map<string, Promise<string>>();
    const together = (needed: Parameters<typeof bringTogether>[0]) => {
      const key = JSON.stringify([needed.folder, needed.names]);
      if (!known.has(key)) known.set(key, bringTogether(needed, this.#files));
      return known.get(key)!;
    };
    await makeFolder(this.#files);
    const specs: PieceSpec[] = [];
    for (const { piece, request: own = {}, files = {}, given, work, command = false } of pieces) {
      const asked = Object.fromEntries(
        Object.entries({ ...request, ...own }).filter(
          ([key, value]) => value !== null && value !== undefined && !ofTheMachine.includes(key),
        ),
      );
      const folders = new Set<string>();
      const needed = { ...namedFiles(asked), ...files };
      for (const [key, one] of Object.entries(needed)) {
        const folder = await together(one);
        folders.add(folder);
        asked[key] = 'file' in one && one.file !== undefined ? `${folder}/${one.file}` : folder;
      }
      if (command && typeof asked.source === 'string') asked.source = resolve(asked.source);
      const from = given === undefined ? null : await together(given);
      if (from !== null) folders.add(from);
      specs.push(
        pieceSpecSchema.parse({
          ...{ kind: 'piece', measurement: measurement.kind.kind, request: asked, piece },
          ...{ files: Object.keys(needed) as FileKey[], folders: [...folders], given: from },
          ...{ data, command, work, filesAt: this.#files },
          ...(dir === undefined || (read !== undefined && isMade(read.dataset)) ? {} : { dir }),
        } satisfies PieceSpec),
      );
    }
    return specs;
  }
}

/** What identifies a piece: all of it but where things lie, and the version that computes it. */
function idOf({ dir: _, filesAt: __, work: ___, ...spec }: PieceSpec): string {
  return createHash('sha256')
    .update(JSON.stringify([version, spec]))
    .digest('hex');
}
