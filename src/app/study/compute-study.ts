/** A study of batch sizes, from its file to its last trial. */
import { resolve } from 'node:path';
import { InputError, UsageError } from '../../base/errors.ts';
import { ownFolder, quote } from '../../formats/index.ts';
import { coordinateStudy, type ProcessReport, runStudy, type StudyRunResult } from '../../queue/index.ts';
import { defaultThreads } from '../../runtime/index.ts';
import { StudyStore, type TrialRow } from '../../store/index.ts';
import {
  DataShelf,
  type Edge,
  type ExtraRate,
  extend,
  findEdges,
  gridOf,
  layOutStudy,
  machineShare,
  measuredIn,
  type ParsedStudy,
  parseStudyFile,
  readStudyFile,
  type StudyCounts,
  type StudyLayout,
  syncStudy,
} from '../../study/index.ts';
import { requireFree } from '../output-folder.ts';
import {
  forgetHandedOut,
  goingOn,
  type HandedOut,
  noteHandedOut,
  openQueue,
  requireBucket,
  requireNotHandedOut,
} from '../queue/handed-out.ts';

/** A study laid out, with rates beyond the edges of its grid: each call does it anew, from data that is read once. */
export type LayOut = (extra: readonly ExtraRate[]) => Promise<StudyLayout>;

/** What a study takes beside its file. */
export interface StudyOptions {
  /** The study on disk: `study.sqlite` and `trials/`. A study that was begun there goes on. */
  readonly out: string;
  /** Trials at a time, each in a process of its own; 1, or as many as the machine has room for where commands say what they take, unless told. */
  readonly maxParallel?: number | undefined;
  /** Threads of all trials together; those of all cores unless told. */
  readonly threads?: number | undefined;
  /** `cpu` unless told. */
  readonly device?: string | undefined;
  /** Graphics processors for commands, by the names that CUDA_VISIBLE_DEVICES takes. */
  readonly gpus?: readonly string[] | undefined;
  /** End with the first trial that fails. */
  readonly failFast?: boolean | undefined;
  /** Where the best rate lies on the edge of its grid, try more on that side, up to three. */
  readonly extend?: boolean | undefined;
  /** Hand the trials out, instead of computing them in processes of this machine. */
  readonly handOut?: Pick<HandedOut, 'choice' | 'program' | 'priority'> | undefined;
  /** When it fires, all trials finish their step and save, and the study ends as `interrupted`; trials that are handed out go on. */
  readonly signal?: AbortSignal | undefined;
  /** What whoever comes second is told this process is doing. */
  readonly doing?: string | undefined;
  /** Told before each round of trials (the first, and one after each extension) of what is to be computed and how far the trials are. */
  readonly onRound?: ((layout: StudyLayout, trials: readonly TrialRow[]) => void) | undefined;
  readonly onReport?: ((report: ProcessReport) => void) | undefined;
  /** Told when all trials of a round have ended or saved. */
  readonly onRoundEnd?: (() => void) | undefined;
  /** Told what a user should know and cannot see, a sentence each. */
  readonly onNote?: ((note: string) => void) | undefined;
}

/** What a run of a study has come to. */
export interface ComputedStudy {
  readonly name: string;
  readonly status: 'complete' | 'interrupted';
  /** How many trials are in each state. */
  readonly counts: StudyCounts;
  /** Where the best rate is the smallest or the largest that was tried. */
  readonly edges: readonly Edge[];
}

/**
 * Reads a study file, to be laid out. `data`: where the data lies, for workloads that name no folder. Throws StudyMistakes for a file with mistakes, each with
 * its line, and FileError for one that cannot be read; laying out throws UsageError for data and models that do not go together.
 */
export async function layingOut(
  study: string | ParsedStudy,
  { data }: { readonly data?: string | undefined } = {},
): Promise<LayOut> {
  const parsed = typeof study === 'string' ? await readStudyFile(study) : study;
  const shelf = new DataShelf();
  return (extra) => layOutStudy(parsed, { dir: data, extra, shelf });
}

/**
 * Computes what is missing of a study in its folder. It can be interrupted and goes on, may be edited in between, and may be computed by several processes at
 * once; those must see one disk. Throws InputError for options out of range, UsageError for a folder that holds something else, and BallastError for what
 * concerns all trials, such as a full disk.
 */
export async function computeStudy(layOut: LayOut, options: StudyOptions): Promise<ComputedStudy> {
  const { out, maxParallel, threads = defaultThreads(), device = 'cpu', gpus, onRound, onReport, onNote } = options;
  if (maxParallel !== undefined) requireCount('maxParallel', maxParallel);
  requireCount('threads', threads);
  // A study that cannot be run leaves no trace.
  let layout = await layOut([]);
  const { handOut } = options;
  // What a machine has room for is a matter of each worker.
  const share = handOut ? { maxParallel: 1 } : machineShare(layout, { threads, gpus }, maxParallel);
  requireFree(out, ['study.sqlite']);
  if (!handOut) await requireNotHandedOut(out);
  // Runs of one study share its folder: they share its trials through the store. Who hands them out has it alone.
  const doing = options.doing ?? `the study ${layout.name}`;
  const owner = await ownFolder(out, { doing, shared: handOut === undefined, sweepDepth: 0 });
  let store: StudyStore | undefined;
  try {
    store = await openedFor(layout.name, out);
    unpause(store, onNote);
    for (;;) {
      const extra = store.extensions();
      if (extra.length > 0) layout = await layOut(extra);
      syncStudy(store, layout);
      onRound?.(layout, store.trials());
      const told = {
        store,
        failFast: options.failFast === true,
        signal: options.signal ?? new AbortController().signal,
        ...(onReport && { onReport }),
        ...(onNote && { onNote }),
      };
      const { status, counts } = await (handOut
        ? computeHandedOut(layout, handOut, out, told)
        : runStudy({ ...told, ...share, threads, device, gpus })
      ).finally(() => options.onRoundEnd?.());
      const edges = findEdges(measuredIn(store), layout.points);
      if (status === 'complete' && options.extend && extend(store, edges)) continue;
      return { name: layout.name, status, counts, edges };
    }
  } finally {
    store?.close();
    owner.release();
  }
}

/** Coordinates a study that others compute. */
async function computeHandedOut(
  layout: StudyLayout,
  handOut: NonNullable<StudyOptions['handOut']>,
  out: string,
  told: Omit<Parameters<typeof coordinateStudy>[0], 'queue' | 'priority'>,
): Promise<StudyRunResult> {
  const folder = resolve(out);
  const choice = await goingOn(folder, handOut.choice);
  const handed = { ...handOut, choice, commands: layout.grid.workloads.some((w) => w.kind === 'command') };
  await requireBucket(choice);
  await noteHandedOut(folder, handed);
  const queue = await openQueue(folder, handed, told.onNote);
  try {
    const result = await coordinateStudy({ ...told, queue, priority: handed.priority });
    if (result.status === 'complete') await forgetHandedOut(folder);
    return result;
  } finally {
    await queue.close();
  }
}

/**
 * Goes on with the study in a folder as it was laid out: what waits there is computed, and nothing is queued that was not. Throws as `computeStudy` does, and
 * FileError for a folder without a study.
 */
export async function resumeStudy(options: Omit<StudyOptions, 'extend' | 'onRound'>): Promise<ComputedStudy> {
  const { out, maxParallel, threads = defaultThreads(), device = 'cpu', gpus, onReport, onNote } = options;
  if (maxParallel !== undefined) requireCount('maxParallel', maxParallel);
  requireCount('threads', threads);
  await requireNotHandedOut(out);
  const store = await StudyStore.openToWrite(out);
  let owner: Awaited<ReturnType<typeof ownFolder>> | undefined;
  try {
    const { name, text } = store.study();
    owner = await ownFolder(out, { doing: options.doing ?? `the study ${name}`, shared: true, sweepDepth: 0 });
    unpause(store, onNote);
    const { grid } = gridOf(parseStudyFile(text, `${out}: study`), { extra: store.extensions() });
    const { status, counts } = await runStudy({
      ...{ store, ...machineShare({ grid }, { threads, gpus }, maxParallel), threads, device, gpus },
      failFast: options.failFast === true,
      signal: options.signal ?? new AbortController().signal,
      ...(onReport && { onReport }),
      ...(onNote && { onNote }),
    }).finally(() => options.onRoundEnd?.());
    return { name, status, counts, edges: findEdges(measuredIn(store), grid.points) };
  } finally {
    store.close();
    owner?.release();
  }
}

function requireCount(key: string, value: number): void {
  if (!Number.isInteger(value) || value < 1) throw new InputError(key, `expected a whole number from 1, got ${value}`);
}

/** Whoever computes a study that was paused means it to go on. */
function unpause(store: StudyStore, onNote: StudyOptions['onNote']): void {
  if (!store.paused) return;
  store.paused = false;
  onNote?.('the study was paused; it goes on');
}

/** The store of a study in its folder. Throws UsageError where another one lies. */
async function openedFor(name: string, folder: string): Promise<StudyStore> {
  const store = await StudyStore.open(folder);
  const found = store.storedName();
  if (found === undefined || found === name) return store;
  store.close();
  throw new UsageError(`${folder}: holds the study ${quote(found)}, not ${quote(name)}; choose another folder`);
}
