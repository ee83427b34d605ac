/** What a coordinator and its workers say to each other, whatever carries it. All of it comes from outside, and is checked. */
import { z } from 'zod';

/** Characters of the settings of a trial; a message beyond it is refused. */
const longestSpec = 1 << 20;
const text = z.string().max(4096);

/** Identifies a computation: SHA-256 of what defines it. */
const trial = z.string().regex(/^[0-9a-f]{64}$/, 'expected a SHA-256 in hexadecimal digits');
const attempt = z.int().min(1).max(1_000_000);
const step = z.int().nonnegative();
const count = z.int().nonnegative().max(1_000_000);

/** Which attempt of which trial a message is about. */
export const fenceSchema = z.strictObject({ trial, attempt });
export type Fence = Readonly<z.infer<typeof fenceSchema>>;

/** JSON has no word for these. */
const number = z.union([z.number(), z.literal(['NaN', 'Infinity', '-Infinity']).transform(Number)]);
const maybe = number.nullable();

/** A line of a curve. */
export const curveRowSchema = z.strictObject({
  step,
  epoch: number,
  examples: number,
  seconds: number,
  trainLoss: maybe,
  valLoss: maybe,
  valMetric: maybe,
  noiseScale: maybe,
  gradNorm: maybe,
});

/** What a trial takes of a machine. */
export const requirementsSchema = z.strictObject({
  gpus: count,
  cpus: count,
  /** Bytes. */
  memory: z.number().nonnegative(),
  /** Whether it runs a command of the study. */
  command: z.boolean(),
});
export type Requirements = Readonly<z.infer<typeof requirementsSchema>>;

/** A trial that is handed out. */
export const offerSchema = z.strictObject({
  trial,
  attempt,
  /** Name of the study. */
  study: text,
  /** JSON, as the store has it. */
  spec: z.string().max(longestSpec),
  budgetSteps: z.int().positive(),
  budgetSeconds: z.number().positive().nullable(),
  requires: requirementsSchema,
  /** Higher ones first. */
  priority: z.int().min(-1000).max(1000),
  /** How much work it is, against others of its study; the longest first. */
  work: z.number().nonnegative(),
});
export type Offer = Readonly<z.infer<typeof offerSchema>>;

/** Who a worker is and what it has. */
export const announcementSchema = z.strictObject({
  /** Its own from start to end. */
  worker: z.string().regex(/^[\w.:-]{1,200}$/),
  host: text,
  pid: z.int().positive(),
  device: text,
  hardware: text,
  cores: z.int().positive(),
  gpus: count,
  /** Bytes. */
  memory: z.number().positive(),
  /** Whether it runs commands of studies. */
  commands: z.boolean(),
  /** Multiplications of a fixed matrix a second, in GFLOP/s, on all of its threads; null where it was not measured. */
  speed: z.number().positive().nullable(),
  /** Job of a batch system that it runs in, such as `slurm 17 3 0`: job, task, restarts. */
  job: text.nullable(),
});
export type Announcement = Readonly<z.infer<typeof announcementSchema>>;

/** A worker as the coordinator sees it. */
export interface WorkerReport extends Announcement {
  /** What it works on. */
  readonly trials: readonly Fence[];
}

/** How an attempt can end; `queued` gives the trial back. */
const ends = z.enum(['queued', 'complete', 'stopped', 'infeasible', 'failed']);

export const trialEventSchema = z.discriminatedUnion('kind', [
  /** A worker has taken it. */
  z.strictObject({ kind: z.literal('taken'), worker: announcementSchema }),
  /** It computes from this step on. */
  z.strictObject({ kind: z.literal('begun'), step }),
  z.strictObject({ kind: z.literal('row'), row: curveRowSchema }),
  /** It lives. */
  z.strictObject({ kind: z.literal('alive'), step }),
  z.strictObject({
    kind: z.literal('ended'),
    status: ends,
    step: step.nullable(),
    note: z.string().max(16_384).optional(),
    hardware: text.optional(),
    secondsPerStep: z.number().nonnegative().optional(),
  }),
  /** Its process ended. */
  z.strictObject({ kind: z.literal('crashed'), how: z.string().max(16_384) }),
]);
export type TrialEvent = Readonly<z.infer<typeof trialEventSchema>>;

/** An event with its fence. */
export interface QueueMessage extends Fence {
  readonly event: TrialEvent;
}

/** Bytes of an event as it travels; longer ones are of no worker of ours. */
export const longestEvent = 1 << 16;

/** JSON of one line, with words for the numbers that it has none for. */
export const messageText = (message: unknown): string =>
  JSON.stringify(message, (_, value) => (typeof value === 'number' && !Number.isFinite(value) ? String(value) : value));

/** An event as text of one line. */
export const eventText = (event: TrialEvent): string => messageText(event);

/** The event of a line; undefined for what is none. */
export function eventOf(line: string): TrialEvent | undefined {
  if (line.length > longestEvent) return undefined;
  try {
    return trialEventSchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
