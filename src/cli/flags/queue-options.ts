/** Where the trials of a study are computed, as options say it. */
import { type Command, InvalidArgumentError } from 'commander';
import { wholeNumber } from './values.ts';

export interface QueueOptions {
  readonly queue?: string;
  readonly partition?: string;
  /** Seconds. */
  readonly time?: number;
  readonly gpusPerTask?: number;
  readonly arrayLimit?: number;
  readonly sbatch?: readonly string[];
  readonly priority?: number;
  readonly namespace?: string;
  readonly redisCa?: string;
}

/** Seconds of a time as Slurm writes it: minutes, minutes:seconds, hours:minutes:seconds, each of the last with days before a hyphen, or days-hours. */
export function slurmSeconds(text: string): number {
  const match = /^(?:(\d+)-)?(\d+)(?::(\d+))?(?::(\d+))?$/.exec(text.trim());
  if (!match) throw new InvalidArgumentError('expected a time such as 2:00:00, 90 (minutes) or 1-12:00:00.');
  const [days, first, second, third] = match.slice(1).map((part) => (part === undefined ? undefined : Number(part)));
  let seconds: number;
  if (days !== undefined) seconds = 86_400 * days + 3600 * first! + 60 * (second ?? 0) + (third ?? 0);
  else if (third !== undefined) seconds = 3600 * first! + 60 * second! + third;
  else seconds = 60 * first! + (second ?? 0);
  if (seconds < 60 || seconds > 31_536_000) throw new InvalidArgumentError('expected a time from a minute to a year.');
  return seconds;
}

const collected = (text: string, before: readonly string[] | undefined) => [...(before ?? []), text];

/** Adds what says where the trials of a study, or the pieces of a measurement, are computed. */
export function addQueueOptions(command: Command, what: 'trials' | 'pieces' = 'trials'): Command {
  const folder = what === 'trials' ? 'DIR' : 'OUT/handed-out';
  return command
    .option(
      '--queue <where>',
      `hand the ${what} out: slurm (a job array), redis://host:6379 (to workers anywhere), or folder (to every \`ballast worker --queue ${folder}\` that sees the folder); docs/cluster.md`,
    )
    .option('--namespace <name>', 'of the keys in Redis (default: default)')
    .option('--redis-ca <file>', 'certificate that signs that of Redis, for rediss://')
    .option('--partition <name>', 'of Slurm')
    .option('--time <limit>', 'of a task of the array, such as 2:00:00 (default: that of the partition)', slurmSeconds)
    .option('--gpus-per-task <n>', 'graphics processors of a task of the array', wholeNumber(1))
    .option('--array-limit <n>', 'tasks of the array at a time (default: 50)', wholeNumber(1))
    .option('--sbatch <option>', 'an option for sbatch, such as --account=lab; may be given several times', collected)
    .option(
      '--priority <n>',
      `of its ${what} against those of other studies, higher ones first (default: 0)`,
      priority,
    );
}

function priority(text: string): number {
  const n = Number(text);
  if (!Number.isInteger(n) || Math.abs(n) > 1000)
    throw new InvalidArgumentError('expected a whole number from -1000 to 1000.');
  return n;
}
