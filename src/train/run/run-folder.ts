import { join } from 'node:path';
import { UsageError } from '../../base/errors.ts';
import { rhythmSettings } from '../settings/settings.ts';
import { CheckpointFolder } from './checkpoint.ts';
import { dependsOnLength, formerConfigHash, type RunConfig, readRunConfig, requireSame } from './run-config.ts';
import type { PlannedConfig } from './train-network.ts';

export interface RunWish {
  /** All that is asked for, but for the micro-batch. */
  readonly asked: PlannedConfig;
  /** What of it was said, and not left to the defaults: with `resume` only this must be as the run was begun. */
  readonly given: Partial<RunConfig>;
  /** Take the rest from the run that is there. Without it all that is asked for must be the same. */
  readonly resume: boolean;
  /** How many steps a run of these settings has. */
  readonly stepsOf: (config: PlannedConfig) => number;
}

/** What is to be done in the folder of a run. */
export interface OpenedRun {
  /** The configuration of the run that is there, made longer where that was asked for; undefined for a folder without one. */
  readonly stored: RunConfig | undefined;
  /** What else a checkpoint may have been made with to be gone on from. */
  readonly formerIdentities: readonly string[];
}

/**
 * Looks whether a run can be begun in a folder, or go on there, and changes nothing. One that is there goes on when the same is asked for; it can be made
 * longer where the rate of a step does not depend on the length. Throws UsageError with the differences, or why the length cannot change.
 */
export async function openRun(folder: string, { asked, given, resume, stepsOf }: RunWish): Promise<OpenedRun> {
  const path = join(folder, 'config.json');
  const checkpoints = new CheckpointFolder(join(folder, 'checkpoint'));
  const [newest] = await checkpoints.steps();
  const stored = await readRunConfig(folder);
  if (!stored) {
    if (newest !== undefined)
      throw new UsageError(`${checkpoints.path}: has checkpoints, but there is no ${path}; choose another folder`);
    return { stored, formerIdentities: [] };
  }
  const wanted: Partial<RunConfig> = resume ? given : { ...asked, ...given };
  const { length = stored.length, ...rest } = wanted;
  const rhythm = Object.keys(rhythmSettings);
  const [often, defining] = [true, false].map((is) =>
    Object.fromEntries(Object.entries(rest).filter(([key]) => rhythm.includes(key) === is)),
  );
  requireSame(stored, defining as Partial<RunConfig>, folder);
  const changed = { ...stored, ...often, length };
  if (length !== stored.length) {
    if (dependsOnLength(stored))
      throw new UsageError(
        `${path}: this run was begun with another length, ${stored.length} and not ${length}: the ${stored.schedule} schedule sets the rate of every step by ` +
          'the length, so a longer run is another one (constant and step do not); choose another folder',
      );
    const steps = stepsOf(changed);
    if (newest !== undefined && steps < newest)
      throw new UsageError(`${path}: ${length} are ${steps} steps, and ${newest} are done already; ask for more`);
  }
  return { stored: changed, formerIdentities: [formerConfigHash(stored)] };
}
