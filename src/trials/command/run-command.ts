import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { z } from 'zod';
import { UsageError } from '../../base/errors.ts';
import { makeFolder, writeFileAtomic } from '../../formats/index.ts';
import type { MeasurementRow } from '../../store/index.ts';
import { logFormats } from '../readers/index.ts';
import { findCheckpoints } from './checkpoints.ts';
import { commandLineOf, type RunPlace } from './command-line.ts';
import { LiveCurve } from './curve.ts';
import { FollowedLogs, type FollowedRecord, printedSource } from './followed-logs.ts';
import { KeptOutput } from './kept-output.ts';
import { endOf, exitText, hasUsedUp } from './outcome.ts';
import { filledIn, placeholdersIn } from './placeholders.ts';
import { ProbeLog, probePathIn, withProbe } from './probe.ts';
import { type Exit, endNoted, ProcessGroup, processNote } from './process-group.ts';
import { declared, describeNames, type Recognized, recognize, requireCurve } from './recognition.ts';
import type { CommandSpec } from './spec.ts';

export type CommandStatus = 'complete' | 'stopped' | 'interrupted' | 'infeasible' | 'failed';

export interface CommandRequest {
  readonly spec: CommandSpec;
  /** The trial's folder; `run` in it is the program's. */
  readonly folder: string;
  /** What is stored of the trial; empty for one that begins. */
  readonly known: readonly MeasurementRow[];
  readonly budgetSteps: number;
  readonly budgetSeconds: number | null;
  /** When it fires, the program is asked to end, and goes on later where it can. */
  readonly signal: AbortSignal;
  /** Of the graphics processors, those that it may use; undefined leaves the environment as it is. */
  readonly gpus?: readonly string[] | undefined;
  /** The program is about to train behind this step: what is stored beyond it will be made again. */
  readonly onBegin: (step: number) => void;
  readonly onRow: (row: MeasurementRow) => void;
  /** Whether the curve has all that it is made for. */
  readonly isOver: (curve: readonly MeasurementRow[]) => boolean;
  /** Some times a second while it runs, with the last step. */
  readonly onLife?: (step: number) => void;
}

export interface CommandResult {
  readonly status: CommandStatus;
  readonly step: number;
  readonly secondsPerStep: number | undefined;
  /** That the last run of the program took, its start and end with it. */
  readonly seconds: number;
  /** For people: why it failed, or what was odd. */
  readonly note: string | undefined;
  /** How the logs were read. */
  readonly recognized: Recognized | undefined;
  readonly names: readonly string[];
  readonly source: string | undefined;
  readonly files: FollowedLogs['files'];
  readonly checkpoint: string | undefined;
  readonly microBatch: number;
}

/** Milliseconds between looks at the logs. */
const polling = 100;
/** Seconds that a program has to end by itself after its last step. */
const afterBudget = 20;

/** What a later attempt has to know of the earlier ones. */
const stateSchema = z.object({ source: z.string().optional(), microBatch: z.int().positive().optional() });
type State = z.infer<typeof stateSchema>;

const statePath = (folder: string) => join(folder, 'state.json');

async function stateIn(folder: string): Promise<State> {
  const text = await readFile(statePath(folder), 'utf8').catch(() => '{}');
  try {
    return stateSchema.parse(JSON.parse(text));
  } catch {
    return {};
  }
}

/** Whether the command takes a micro-batch, so that less memory can do. */
export const takesMicroBatch = ({ command, args, env }: CommandSpec): boolean =>
  [...command, ...Object.values(args).map(String), ...Object.values(env)]
    .flatMap(placeholdersIn)
    .some((name) => name === 'microBatch' || name === 'accumulate');

/** The next smaller divisor of the batch. */
function smaller(microBatch: number, batch: number): number {
  let next = Math.floor(microBatch / 2);
  while (next > 1 && batch % next !== 0) next--;
  return Math.max(1, next);
}

/**
 * Runs a program as a trial, from its newest checkpoint where it can go on from one, until it ends, has used up its budget, or its curve has all that it is made for. A program that an earlier, killed attempt has left
 * running is ended first. Where memory is short and the command takes a micro-batch, it is tried with smaller ones.
 * Throws BallastError (UsageError) for a command that cannot be started or whose logs say nothing.
 */
export async function runCommand(request: CommandRequest): Promise<CommandResult> {
  const { spec, folder } = request;
  await makeFolder(folder);
  await endNoted(folder, spec.timeouts.grace);
  let { known } = request;
  let state = await stateIn(folder);
  const dir = join(folder, 'run');
  const canResume = spec.resume !== null && known.length > 0;
  let candidates: (string | undefined)[] = canResume ? (await findCheckpoints(dir, spec.checkpoints)).slice(0, 2) : [];
  const notes: string[] = [];
  for (;;) {
    const checkpoint = candidates[0];
    if (checkpoint === undefined) known = [];
    const run = await runOnce(
      { ...request, known },
      { dir, beside: folder, checkpoint, microBatch: state.microBatch },
      state.source,
    );
    if (run.result.source !== state.source) {
      state = { ...state, source: run.result.source };
      await writeFileAtomic(statePath(folder), JSON.stringify(state));
    }
    const microBatch = state.microBatch ?? spec.values.microBatch;
    if (run.end === 'out of memory' && takesMicroBatch(spec) && microBatch > 1) {
      const next = smaller(microBatch, spec.values.batch);
      notes.push(`ran out of memory with micro-batches of ${microBatch}, tried with ${next}`);
      state = { ...state, microBatch: next };
      await writeFileAtomic(statePath(folder), JSON.stringify(state));
      candidates = [];
      continue;
    }
    if (run.end === 'failed' && checkpoint !== undefined && !run.progressed) {
      notes.push(`did not go on from ${checkpoint.slice(dir.length + 1)} (${run.result.note})`);
      candidates = candidates.slice(1);
      if (candidates.length === 0) candidates = [undefined];
      continue;
    }
    const note = [...notes, ...(run.result.note === undefined ? [] : [run.result.note])].join('; ');
    return { ...run.result, note: note === '' ? undefined : note };
  }
}

/** Why we have ended it. */
type Reason = 'over' | 'budget' | 'interrupted' | 'diverged' | 'timeout' | 'lost';

interface OneRun {
  readonly result: CommandResult;
  readonly end: 'failed' | 'out of memory' | undefined;
  /** Whether it logged anything new. */
  readonly progressed: boolean;
}

async function runOnce(request: CommandRequest, place: RunPlace, chosen: string | undefined): Promise<OneRun> {
  const { spec, folder, known, budgetSteps, budgetSeconds, signal, gpus } = request;
  const { dir } = place;
  const { timeouts } = spec;
  const resuming = place.checkpoint !== undefined;
  const line = commandLineOf(spec, place);
  if (!resuming) await rm(dir, { recursive: true, force: true });
  await mkdir(dir, { recursive: true });
  await writeFileAtomic(line.argsFile.path, line.argsFile.text);
  const output = join(folder, 'output.log');
  const names = (name: string) =>
    (
      ({
        dir,
        here: spec.here,
        seed: String(spec.values.seed),
        batch: String(spec.values.batch),
        lr: String(spec.values.lr),
      }) as Record<string, string>
    )[name] ?? '';
  const logs = new FollowedLogs({
    dir,
    cwd: line.cwd,
    output,
    metrics: { ...spec.metrics, files: spec.metrics.files?.map((f) => filledIn(f, names)) ?? null },
  });
  const startedAt = Date.now() / 1000;
  const curve = new LiveCurve(spec, known, startedAt, place.microBatch);
  const choice = new SourceChoice(spec, logs.isOpen, chosen);
  const probePath = probePathIn(folder);
  if (spec.probe) await rm(probePath, { force: true });
  const probe = spec.probe ? new ProbeLog(probePath, resuming ? (known.at(-1)?.step ?? 0) : 0) : undefined;
  let progressed = false;
  let begun = false;
  const begin = (step: number) => {
    begun = true;
    request.onBegin(step);
  };
  const deliver = () => {
    const { rows, rewound } = curve.take();
    if (rewound !== undefined) begin(rewound);
    else if (rows.length > 0 && !begun)
      begin(resuming ? Math.max(0, Math.min(rows[0]!.step - 1, known.at(-1)?.step ?? 0)) : 0);
    for (const row of rows) request.onRow(probe ? probe.filled(row) : row);
    if (rows.length > 0) progressed = true;
  };
  const pollOnce = async (ended: boolean, onlyNew: boolean) => {
    const arrival = Date.now() / 1000;
    await logs.read((followed) => choice.offer(followed), { ended });
    // After the logs: what it saw of a step was written before the program logged that.
    await probe?.read();
    for (const { record, source, format } of choice.take()) {
      curve.learn(record.values.keys());
      const carried = format === printedSource || format === 'lines' ? source.step : undefined;
      source.step = curve.add(record, arrival, { onlyNew, carried }) ?? source.step;
    }
  };
  // One after another: a poll that is asked for while one is under way begins after it, and so sees all that was written before.
  let lastPoll: Promise<void> = Promise.resolve();
  const poll = (ended: boolean, onlyNew = false): Promise<void> => {
    lastPoll = lastPoll.then(() => pollOnce(ended, onlyNew));
    return lastPoll;
  };
  // Whatever is on disk of an earlier attempt was either stored, or is taken now.
  if (resuming) await poll(false, true);
  const plain: NodeJS.ProcessEnv = {
    PYTHONUNBUFFERED: '1',
    ...(spec.resources.cpus === null ? {} : { OMP_NUM_THREADS: String(spec.resources.cpus) }),
    ...process.env,
    ...line.env,
    ...(gpus === undefined ? {} : { CUDA_VISIBLE_DEVICES: gpus.join(',') }),
  };
  const env = spec.probe ? withProbe(plain, probePath) : plain;
  const kept = await KeptOutput.open(output, {
    env,
    append: resuming,
    beforeTurn: () => poll(false),
  });
  let reason: Reason | undefined;
  let failure: unknown;
  let exit: Exit | undefined;
  // Nothing listens any longer than the run: one signal may be for very many.
  const ended = new AbortController();
  try {
    signal.throwIfAborted();
    if (!resuming) begin(0);
    const group = await ProcessGroup.start(line, env, join(folder, processNote), (stream) => kept.take(stream));
    let isClosed = false;
    const closed = group.closed.then(() => {
      isClosed = true;
    });
    const aborted = new Promise<void>((resolve) =>
      signal.addEventListener('abort', () => resolve(), { once: true, signal: ended.signal }),
    );
    const began = performance.now();
    let [heardAt, received, step, budgetAt] = [began, 0, curve.lastStep, Number.POSITIVE_INFINITY];
    try {
      while (exit === undefined && reason === undefined) {
        exit = await Promise.race([
          group.exited,
          setTimeout(polling, undefined),
          aborted.then((): undefined => undefined),
        ]);
        if (signal.aborted) reason = 'interrupted';
        await kept.flush();
        await poll(false);
        deliver();
        const now = performance.now();
        if (kept.received !== received || curve.lastStep !== step) heardAt = now;
        [received, step] = [kept.received, curve.lastStep];
        request.onLife?.(Math.max(0, step));
        if (exit !== undefined || reason !== undefined) break;
        const rows = curve.rows;
        const last = rows.at(-1);
        if (curve.diverged) reason = 'diverged';
        else if (last && request.isOver(rows)) reason = 'over';
        else if (last && budgetSeconds !== null && last.seconds >= budgetSeconds) reason = 'budget';
        else if (step > budgetSteps) reason = 'budget';
        else if (step === budgetSteps) {
          // It is about to end by itself, and may have something left to save.
          budgetAt = Math.min(budgetAt, now);
          if (now - budgetAt > 1000 * afterBudget) reason = 'budget';
        }
        if (timeouts.total !== null && now - began > 1000 * timeouts.total) reason ??= 'timeout';
        if (timeouts.silence !== null && now - heardAt > 1000 * timeouts.silence) reason ??= 'timeout';
      }
    } catch (cause) {
      failure = cause;
      reason = 'lost';
    }
    if (reason !== undefined) await group.end(timeouts.grace);
    else await group.sweep();
    exit ??= await group.exited;
    // Who holds the pipe open without belonging to the group is not waited for; what is in it is read, however busy the machine is.
    for (let quiet = 0, before = kept.received; quiet < 4 && !isClosed; before = kept.received) {
      await Promise.race([closed, setTimeout(250)]);
      quiet = kept.received === before ? quiet + 1 : 0;
    }
    group.child.stdout?.destroy();
    group.child.stderr?.destroy();
    if (failure !== undefined) throw failure;
    await kept.flush();
    await poll(true);
    deliver();
  } catch (cause) {
    if (!signal.aborted || failure !== undefined) throw cause;
    reason = 'interrupted';
  } finally {
    ended.abort();
    await kept.close();
  }
  const found = await findCheckpoints(dir, spec.checkpoints);
  const { status, note, end } = conclude({ reason, exit, curve, kept, request });
  // A curve without a row says nothing: what to write into the study file is the error.
  if (status === 'complete' && curve.rows.length === 0) {
    const { current } = choice;
    requireCurve(current === undefined ? choice.best : curve.recognized, choice.names);
    throw new UsageError(`ended without a step and a loss in one row; ${describeNames(choice.names)}`);
  }
  return {
    progressed,
    end,
    result: {
      status,
      step: Math.max(0, curve.lastStep),
      secondsPerStep: curve.secondsPerStep,
      seconds: Date.now() / 1000 - startedAt,
      note,
      recognized: choice.current === undefined ? choice.best : curve.recognized,
      names: choice.names,
      source: choice.current,
      files: logs.files,
      checkpoint: found[0],
      microBatch: place.microBatch ?? spec.values.microBatch,
    },
  };
}

function conclude({
  reason,
  exit,
  curve,
  kept,
  request: { spec, budgetSteps, isOver },
}: {
  reason: Reason | undefined;
  exit: Exit | undefined;
  curve: LiveCurve;
  kept: KeptOutput;
  request: CommandRequest;
}): { status: CommandStatus; note?: string | undefined; end?: OneRun['end'] } {
  if (curve.diverged)
    return { status: 'infeasible', note: `${curve.diverged.quantity} was not finite at step ${curve.diverged.step}` };
  switch (reason) {
    case 'over':
      return { status: 'stopped' };
    case 'budget':
      return { status: 'complete' };
    case 'interrupted':
    case 'lost':
      return { status: 'interrupted' };
    case 'diverged':
      return { status: 'infeasible' };
    case 'timeout':
      return {
        status: 'failed',
        note: `took longer than its timeout; last step ${Math.max(0, curve.lastStep)}; it printed last: ${kept.tail}`,
      };
    case undefined:
      break;
  }
  const end = endOf(exit!, kept.lastLines);
  const said = kept.tail === '' ? 'it printed nothing' : `it printed last: ${kept.tail}`;
  switch (end) {
    case 'diverged':
      return { status: 'infeasible', note: `${exitText(exit!)}; ${said}` };
    case 'out of memory':
      return {
        status: 'failed',
        end,
        note: `out of memory (${exitText(exit!)}); ${takesMicroBatch(spec) ? 'the smallest micro-batch was tried' : `a command that takes \${microBatch} and \${accumulate} would be tried with smaller ones`}; ${said}`,
      };
    case 'failed':
      return { status: 'failed', end, note: `${exitText(exit!)}; ${said}` };
    case 'done': {
      const rows = curve.rows;
      if (rows.length > 0 && isOver(rows)) return { status: 'stopped' };
      if (rows.length > 0 && !hasUsedUp(rows, budgetSteps))
        return {
          status: 'failed',
          note: `ended by itself at step ${curve.lastStep} of ${budgetSteps}; put \${steps}, \${examples} or \${epochs} into the command, let map say what a step is, or set a smaller budget`,
        };
      return { status: 'complete' };
    }
  }
}

/**
 * Which of the logs counts, where the study file leaves it open: the first format of the readers' list that has a step and a loss. Records wait until that is known; one run that was logged twice counts once.
 */
class SourceChoice {
  current: string | undefined;
  readonly #spec: CommandSpec;
  readonly #waiting: FollowedRecord[] = [];
  readonly #byFormat = new Map<string, { readonly names: Set<string>; hasStep: boolean }>();

  constructor(spec: CommandSpec, isOpen: boolean, chosen: string | undefined) {
    this.#spec = spec;
    this.current = isOpen ? chosen : 'all';
  }

  offer(followed: FollowedRecord): void {
    const own = this.#byFormat.get(followed.format) ?? { names: new Set<string>(), hasStep: false };
    this.#byFormat.set(followed.format, own);
    if (own.names.size < 20_000) for (const name of followed.record.values.keys()) own.names.add(name);
    own.hasStep ||= followed.record.step !== undefined;
    if (this.current !== undefined && this.current !== 'all' && followed.format !== this.current) return;
    this.#waiting.push(followed);
    // Of a program that logs a million rows of which nothing is known, the first tell as much as all.
    if (this.current === undefined && this.#waiting.length > 100_000) this.#waiting.length = 50_000;
  }

  /** What may be read now. */
  take(): FollowedRecord[] {
    this.current ??= this.#first();
    const { current } = this;
    if (current === undefined) return [];
    return this.#waiting.splice(0).filter((f) => current === 'all' || f.format === current);
  }

  /** All names of the source that counts, else of all. */
  get names(): string[] {
    const own = this.current === undefined || this.current === 'all' ? undefined : this.#byFormat.get(this.current);
    return own ? [...own.names] : [...new Set([...this.#byFormat.values()].flatMap((f) => [...f.names]))];
  }

  /** How all that was logged would be read, where nothing counts. */
  get best(): Recognized {
    return recognize(declared(this.#spec.map), new Set(this.names));
  }

  #first(): string | undefined {
    const order = [...logFormats.map((f) => f.name), printedSource];
    for (const format of order) {
      const found = this.#byFormat.get(format);
      if (!found) continue;
      const { recognition, ambiguous } = recognize(declared(this.#spec.map), found.names);
      const known = (q: 'step' | 'examples' | 'epoch' | 'trainLoss' | 'valLoss' | 'valMetric') =>
        recognition.has(q) || ambiguous.has(q);
      const hasStep = found.hasStep || known('step') || known('examples') || known('epoch');
      if (hasStep && (known('trainLoss') || known('valLoss') || known('valMetric'))) return format;
    }
    return undefined;
  }
}
