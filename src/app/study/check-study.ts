/** The commands of a study, tried for a while. */
import { UsageError } from '../../base/errors.ts';
import { defaultThreads } from '../../runtime/index.ts';
import type { CheckedStudy } from '../../schema/index.ts';
import { type CheckedCommand, checkCommands, machineShare } from '../../study/index.ts';
import type { LayOut } from './compute-study.ts';

/** For how long each run is watched, and who is told. */
export interface StudyCheckOptions {
  /** A run ends after so many. */
  readonly seconds: number;
  /** Or when it has logged so many steps with a loss. */
  readonly rows: number;
  readonly gpus?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((workload: string, doing: string) => void) | undefined;
}

/** Runs each command of a study for a while and says what was recognized of it. Throws UsageError for a study without commands, and the reason of `signal` when it fires. */
export async function checkStudy(layOut: LayOut, options: StudyCheckOptions): Promise<CheckedStudy> {
  const { seconds, rows, gpus, signal = new AbortController().signal, onProgress } = options;
  const layout = await layOut([]);
  if (!layout.grid.workloads.some((w) => w.kind === 'command'))
    throw new UsageError(
      `the study ${layout.name}: no workload has a command; ballast batch run measures those that Ballast trains where it only says what it would do`,
    );
  const share = machineShare(layout, { threads: defaultThreads(), gpus }, undefined);
  const checked = await checkCommands(layout, { seconds, rows, gpus, signal, ...(onProgress && { onProgress }) });
  return { study: layout.name, ...share, workloads: checked.map(plain) };
}

const plain = ({ files, ...rest }: CheckedCommand) => ({
  ...rest,
  files: files.map(({ unused, ...file }) => ({ ...file, unused: Object.fromEntries(unused) })),
});
