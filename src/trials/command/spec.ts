import { z } from 'zod';
import { logFormats } from '../readers/index.ts';
import { knownMapQuantities } from './mapped.ts';

const word = z
  .string()
  .max(1 << 16)
  .refine((text) => !text.includes('\0'), 'expected text without the character 0');
const few = <T extends z.ZodType>(item: T) => z.array(item).min(1).max(1000);
const seconds = z.number().positive();

/** Bytes that `16GB` and the like stand for; undefined for anything else. */
export function bytesOf(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([kKMGT]?)(i?)B$/.exec(text.trim());
  if (!match) return undefined;
  return Number(match[1]) * (match[3] ? 1024 : 1000) ** ' KMGT'.indexOf(match[2]!.toUpperCase() || ' ');
}

/** Names that say that a value is nobody else's business. */
const secretName = /(?:^|_)(?:key|token|secret|passw(?:or)?d|credentials?|auth)(?:$|_)/i;
export const isSecretName = (name: string): boolean => secretName.test(name);

/** What a study file says of a workload that is a program: `commandWorkloadSchema` has these among its fields. */
export const commandFields = {
  command: few(word).describe(
    'a program and its arguments, an entry each (no shell reads them): [python3, train.py, --bs, "${batch}"]; docs/studies-of-commands.md lists what stands for what',
  ),
  args: z
    .record(
      z.string().regex(/^[\w.:/+-]{1,200}$/, 'expected a name of an argument'),
      z.union([word, z.number(), z.boolean()]),
    )
    .optional()
    .describe('arguments by name, which ${args} puts in: { batch_size: "${batch}", nesterov: true }'),
  booleans: z
    .enum(['flag', 'equals', 'no-'])
    .optional()
    .describe(
      'true and false among "args": --name or nothing (flag, default), --name=true (equals), --name or --no-name (no-)',
    ),
  cwd: word
    .optional()
    .describe('folder that it runs in; that of the study file unless told, "${dir}" for the trial’s own'),
  env: z
    .record(
      z.string().regex(/^[A-Za-z_]\w*$/, 'expected a name of a variable'),
      z.union([word, z.number(), z.boolean()]),
    )
    .optional()
    .describe('variables besides those that ballast itself has. No secrets: those are passed on, and never stored'),
  resume: few(word)
    .optional()
    .describe('what is added to the command to go on from ${checkpoint}; without it a killed trial begins anew'),
  checkpoints: word
    .optional()
    .describe(
      'pattern of checkpoint files below the trial’s folder, such as "state/*.bin"; the usual names unless told',
    ),
  metrics: z
    .union([
      z.literal('auto'),
      z.strictObject({
        reader: z.enum(logFormats.map((f) => f.name)).optional(),
        files: z
          .union([word, few(word)])
          .optional()
          .describe('pattern of log files, below the folder it runs in; "stdout" for what it prints'),
        pattern: word.optional().describe('for printed lines: a regular expression whose named groups are the values'),
      }),
    ])
    .optional()
    .describe('auto (default): every log in the trial’s folder, else what is printed'),
  map: z
    .partialRecord(z.enum(knownMapQuantities), word)
    .optional()
    .describe(
      'under which name a quantity is logged, or how it follows: { valLoss: eval/loss, examples: "step * batch" }',
    ),
  inputs: few(word)
    .optional()
    .describe('files whose content is part of what identifies a trial, such as the script; patterns are fine'),
  probe: z
    .boolean()
    .optional()
    .describe(
      'measure gradient norm and noise scale in a Python script that trains with PyTorch, without an edit of it: docs/studies-of-commands.md',
    ),
  resources: z
    .strictObject({
      gpus: z.int().nonnegative().optional(),
      cpus: z.int().positive().optional(),
      memory: z
        .string()
        .refine((text) => bytesOf(text) !== undefined, 'expected a size such as 16GB')
        .optional(),
    })
    .optional()
    .describe('what a trial takes of the machine; decides how many run at a time'),
  timeouts: z
    .strictObject({
      total: seconds.optional().describe('seconds that a run may take'),
      silence: seconds.optional().describe('seconds without a line or a row'),
      grace: seconds.optional().describe('seconds between asking it to end and ending it; 10 unless told'),
    })
    .optional(),
} as const;

const values = z.object({
  batch: z.int().positive(),
  microBatch: z.int().positive(),
  lr: z.number(),
  seed: z.int(),
  steps: z.int().positive(),
  warmup: z.int().nonnegative(),
  weightDecay: z.number().nullable(),
  beta2: z.number().nullable(),
});

/** Numbers that a trial puts into its command. */
export type TrialNumbers = Readonly<z.infer<typeof values>>;

/** All that is needed to run a command as a trial, as a store keeps it. */
export const commandSpecSchema = z.object({
  command: commandFields.command,
  args: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  booleans: commandFields.booleans.unwrap(),
  env: z.record(z.string(), z.string()),
  resume: z.array(z.string()).nullable(),
  checkpoints: z.string().nullable(),
  metrics: z.object({
    reader: z.string().nullable(),
    files: z.array(z.string()).nullable(),
    pattern: z.string().nullable(),
  }),
  map: z.partialRecord(z.enum(knownMapQuantities), z.string()),
  /** Whether the probe is in it; specs of earlier versions have none. */
  probe: z.boolean().default(false),
  /** Examples of an epoch. */
  examples: z.number().positive(),
  values,
  resources: z.object({ gpus: z.int().nonnegative().nullable(), cpus: z.int().positive().nullable() }),
  timeouts: z.object({ total: seconds.nullable(), silence: seconds.nullable(), grace: seconds }),
  /** Folder of the study file on this machine, absolute; what `cwd` and patterns start from. */
  here: z.string(),
  cwd: z.string(),
});
export type CommandSpec = Readonly<z.infer<typeof commandSpecSchema>>;
