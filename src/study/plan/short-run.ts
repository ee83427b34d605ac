import { join } from 'node:path';
import { BallastError, InputError } from '../../base/errors.ts';
import { makeFolder } from '../../formats/index.ts';
import { type RunConfig, readRunConfig, requireSame, trainNetwork, writeRunConfig } from '../../train/index.ts';
import type { PlanOutline, PlanRequest } from './outline.ts';

export interface ShortRun {
  readonly folder: string;
  readonly config: RunConfig;
  /** Of the last step. */
  readonly trainLoss: number;
}

/**
 * The run that the noise scale is read from, as `ballast train` makes it, in `run/` of the plan's folder. Undefined when it was interrupted.
 * Throws UsageError where there is one already and `resume` is not set, or of other settings; BallastError when it diverges.
 */
export async function shortRun(
  { train, valid, folder: plan, resume, runtime, signal, onStep, onNote }: PlanRequest,
  { run }: PlanOutline,
): Promise<ShortRun | undefined> {
  const folder = join(plan, 'run');
  const found = await readRunConfig(folder);
  if (found && !resume)
    throw new InputError('resume', `${plan} has a plan already; go on with it, or choose another folder`);
  // What fits into memory may have changed since; what the run was begun with has not.
  const { microBatch: _, ...asked } = run;
  if (found) requireSame(found, asked, folder);
  const config = found ?? run;
  await makeFolder(folder);
  if (!found) await writeRunConfig(folder, config);
  const { status, steps, final } = await trainNetwork({
    config,
    train,
    valid,
    folder,
    resume,
    ...(runtime ? { runtime } : {}),
    ...(signal ? { signal } : {}),
    ...(onStep ? { onStep } : {}),
    ...(onNote ? { onNote } : {}),
  });
  switch (status) {
    case 'interrupted':
      return undefined;
    case 'infeasible':
      throw new BallastError(
        `${folder}: the short run diverged after ${steps} steps; nothing can be planned at this learning rate`,
      );
    case 'complete':
      return { folder, config, trainLoss: final.trainLoss };
  }
}
