/** A study that is looked at while it may be computed, whatever it is kept as. */
import { stat } from 'node:fs/promises';
import type {
  CurveQuantity,
  StudyOverview,
  StudyProgress,
  ThinnedCurve,
  TrialState,
} from '../../schema/serve/index.ts';
import type { StudyCounts } from '../../study/index.ts';

export interface CurveRange {
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly points: number;
}

/** What of a curve is known: the attempt that wrote its end, and its last step. */
export interface KnownEnd {
  readonly trial: string;
  readonly attempt: number;
  readonly step: number;
}

/** A study that is open for reading. */
export interface OpenStudy {
  readonly source: StudyOverview['source'];
  /** Of what was measured so far: changes with it. */
  version(): Promise<string>;
  /** `study`: the path that it is called by. */
  overview(study: string): Omit<StudyOverview, 'cursor'>;
  curves(trials: readonly string[], quantity: CurveQuantity, range: CurveRange): ThinnedCurve[];
  tails(known: readonly KnownEnd[], quantity: CurveQuantity): ThinnedCurve[];
  close(): void;
}

/** What changes whenever a file does: when it was written, its size and which file it is. Empty for none. */
export async function versionOfFiles(paths: readonly string[]): Promise<string> {
  const found = await Promise.all(paths.map((path) => stat(path).catch(() => undefined)));
  return found.map((s) => (s ? `${s.mtimeMs}-${s.size}-${s.ino}` : '')).join(' ');
}

/** How far trials are. */
export function progressOf(
  study: string,
  name: string,
  trials: readonly TrialState[],
  { paused, working }: Pick<StudyProgress, 'paused' | 'working'>,
): StudyProgress {
  const counts: Record<keyof StudyCounts, number> = {
    queued: 0,
    running: 0,
    complete: 0,
    stopped: 0,
    infeasible: 0,
    failed: 0,
  };
  for (const { status } of trials) counts[status]++;
  return { study, name, counts, held: trials.filter((t) => t.held).length, paused, working };
}
