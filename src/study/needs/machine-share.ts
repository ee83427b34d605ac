import { totalmem } from 'node:os';
import { UsageError } from '../../base/errors.ts';
import { largestOf } from '../../base/statistics.ts';
import { bytesOf } from '../../trials/index.ts';
import type { StudyLayout } from '../layout/layout.ts';

/** What of a machine is there for trials. */
export interface Machine {
  readonly threads: number;
  /** Graphics processors; undefined where nobody has said which. */
  readonly gpus: readonly string[] | undefined;
  /** Bytes. */
  readonly memory?: number;
}

export interface MachineShare {
  /** Trials at a time. */
  readonly maxParallel: number;
  /** Graphics processors of each; 0 where none are given out. */
  readonly gpusEach: number;
}

/**
 * How many trials of a study run at a time, from what their commands take (the most demanding of them counts), and how many graphics processors each has. `wanted` bounds it; without it one runs at a time,
 * or as many as the graphics processors serve. Throws UsageError for a command that the machine has no room for.
 */
export function machineShare(
  { grid }: Pick<StudyLayout, 'grid'>,
  { threads, gpus, memory = totalmem() }: Machine,
  wanted: number | undefined,
): MachineShare {
  const commands = grid.workloads.flatMap((w) =>
    w.kind === 'command' ? [{ name: w.name, ...w.entry.resources }] : [],
  );
  let most = wanted ?? (gpus && commands.length > 0 ? gpus.length : 1);
  let gpusEach = 0;
  for (const { name, gpus: needed, cpus, memory: size } of commands) {
    const own = needed ?? (gpus ? 1 : 0);
    if (own > (gpus?.length ?? 0))
      throw new UsageError(
        `${name}: a trial takes ${own} graphics processor${own === 1 ? '' : 's'}, and ${gpus ? `${gpus.length} are given` : 'none are given'}; name as many`,
      );
    if (cpus !== undefined && cpus > threads)
      throw new UsageError(`${name}: a trial takes ${cpus} cpus, and there are ${threads}`);
    const bytes = size === undefined ? undefined : bytesOf(size)!;
    if (bytes !== undefined && bytes > memory)
      throw new UsageError(
        `${name}: a trial takes ${size} of memory, and the machine has ${(memory / 1e9).toFixed(1)}GB`,
      );
    gpusEach = largestOf([gpusEach, own]);
    if (cpus !== undefined) most = Math.min(most, Math.floor(threads / cpus));
    if (bytes !== undefined) most = Math.min(most, Math.floor(memory / bytes));
  }
  if (gpusEach > 0) most = Math.min(most, Math.floor(gpus!.length / gpusEach));
  return { maxParallel: Math.max(1, most), gpusEach };
}
