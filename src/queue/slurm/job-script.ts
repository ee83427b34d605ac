import type { SlurmOptions } from '../../schema/index.ts';

export interface ArrayJob {
  /** Of this submission alone: by it a job is found again whose submission was not answered. */
  readonly name: string;
  readonly tasks: number;
  /** Of the study, as the compute nodes see it. */
  readonly folder: string;
  /** What starts Ballast there: a program and its first arguments. */
  readonly program: readonly string[];
  /** Whether trials are commands of the study. */
  readonly commands: boolean;
  /** Where tasks write what they print. */
  readonly logs: string;
}

/** Seconds before a task's end at which it begins to save and stops taking trials: the bound for a step and a checkpoint. */
export const saving = (seconds: number): number => Math.min(120, Math.floor(seconds / 4));

/** For a shell, which sees it as it is. */
const shellQuoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

/** For a line of sbatch's options, which splits at spaces and knows double quotes. */
const optionQuoted = (text: string) =>
  /^[\w=:,.@%+/-]+$/.test(text) ? text : `"${text.replaceAll(/["\\]/g, '\\$&')}"`;

/** `1-02:03:04`, as Slurm writes a time. */
export function slurmTime(seconds: number): string {
  const two = (n: number) => String(n).padStart(2, '0');
  const days = Math.floor(seconds / 86_400);
  const [hours, minutes] = [Math.floor((seconds % 86_400) / 3600), Math.floor((seconds % 3600) / 60)];
  return `${days > 0 ? `${days}-` : ''}${two(hours)}:${two(minutes)}:${two(seconds % 60)}`;
}

/**
 * The script of a job array whose tasks take trials from the study's folder until none waits or their time is nearly up. The program takes the place of the shell, so that Slurm's
 * signals reach it.
 */
export function jobScript(
  { partition, seconds, gpusPerTask, arrayLimit, sbatch }: SlurmOptions,
  { name, tasks, folder, program, commands, logs }: ArrayJob,
): string {
  const notice = saving(seconds ?? 600);
  const options = [
    `--job-name=${name}`,
    `--array=0-${tasks - 1}${arrayLimit < tasks ? `%${arrayLimit}` : ''}`,
    `--output=${optionQuoted(`${logs}/${name}.%a.log`)}`,
    '--open-mode=append',
    '--requeue',
    `--signal=B:TERM@${notice}`,
    ...(partition === undefined ? [] : [`--partition=${optionQuoted(partition)}`]),
    ...(seconds === undefined ? [] : [`--time=${slurmTime(seconds)}`]),
    ...(gpusPerTask === undefined ? [] : ['--ntasks=1', `--gpus-per-task=${gpusPerTask}`]),
    ...sbatch.map(optionQuoted),
  ];
  const worker = [
    ...['worker', '--queue', folder, '--until-idle'],
    ...(seconds === undefined ? [] : ['--seconds', String(seconds - notice)]),
    ...(commands ? ['--allow-commands'] : []),
  ];
  return [
    '#!/bin/bash',
    ...options.map((option) => `#SBATCH ${option}`),
    `exec ${[...program, ...worker].map(shellQuoted).join(' ')}`,
    '',
  ].join('\n');
}
