import { InputError, UsageError } from '../../base/errors.ts';
import type { CommandWorkload } from '../declare/grid.ts';
import type { LaidOutTrial, StudyLayout } from './layout.ts';
import type { CommandTrialSpec } from './trial-spec.ts';

export interface ChosenCommand {
  readonly workload: CommandWorkload;
  readonly trial: LaidOutTrial & { readonly spec: CommandTrialSpec };
}

/**
 * A command of a study with its trial at the base batch, with the first rate and seed: the training that stands for all of them.
 *
 * @param name Of the workload; may be left out where the study has one command.
 * Throws InputError where no command, or more than one, is meant.
 */
export function chosenCommand(layout: StudyLayout, name: string | undefined): ChosenCommand {
  const commands = layout.grid.workloads.filter((w) => w.kind === 'command');
  const names = commands.map((w) => w.name);
  const workload = name === undefined ? commands[0] : commands.find((w) => w.name === name);
  if (!workload || (name === undefined && commands.length > 1))
    throw new InputError('workload', `expected one of the commands of the study: ${names.join(', ') || 'it has none'}`);
  const trials = layout.trials.filter((t) => t.points[0]!.workload === workload && t.spec.kind === 'command');
  const trial = trials.find((t) => t.points[0]!.batchSize === workload.baseBatch) ?? trials[0];
  if (!trial) throw new UsageError(`${workload.name}: no trial of the study is its`);
  return { workload, trial: { ...trial, spec: trial.spec as CommandTrialSpec } };
}
