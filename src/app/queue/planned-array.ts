/** What would be submitted for a study, without submitting it. */
import { resolve } from 'node:path';
import { jobScript } from '../../queue/index.ts';
import type { PlannedArray, SlurmOptions } from '../../schema/index.ts';

/**
 * The job array for so many missing trials.
 * @param trainingMinutes Of all of them one after another on a machine like this one; null where programs train whose time is not known.
 */
export function plannedArray(
  slurm: SlurmOptions,
  {
    study,
    missing,
    commands,
    program,
    trainingMinutes,
  }: {
    readonly study: string;
    readonly missing: number;
    readonly commands: boolean;
    readonly program: readonly string[];
    readonly trainingMinutes: number | null;
  },
): PlannedArray {
  const folder = resolve(study);
  const tasks = Math.max(1, missing);
  const atATime = Math.min(tasks, slurm.arrayLimit);
  return {
    tasks,
    atATime,
    hoursOfTask: slurm.seconds === undefined ? null : slurm.seconds / 3600,
    hoursOfTrials: trainingMinutes === null ? null : trainingMinutes / 60,
    hoursTillEnd: trainingMinutes === null ? null : trainingMinutes / 60 / atATime,
    script: jobScript(slurm, {
      name: 'ballast-dry-run',
      tasks,
      folder,
      program,
      commands,
      logs: `${folder}/queue/slurm`,
    }),
  };
}
