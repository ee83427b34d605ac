import type { MeasurementRow } from '../../store/index.ts';
import type { Exit } from './process-group.ts';

/** Why a program ended that nobody had asked to. */
export type ProgramEnd = 'done' | 'diverged' | 'out of memory' | 'failed';

const memory =
  /CUDA out of memory|OutOfMemoryError|CUBLAS_STATUS_ALLOC_FAILED|RESOURCE_EXHAUSTED|hipErrorOutOfMemory|MPS backend out of memory|^\s*MemoryError\b|DefaultCPUAllocator: (?:can't|not enough) (?:allocate )?memory|std::bad_alloc|JavaScript heap out of memory/im;
const notFinite =
  /\b(?:loss|grad\w*|gradients?|norm|weights?)\b[^\n]{0,60}\b(?:nan|inf(?:inite|inity)?|non-?finite|diverged)\b|\bnon-?finite\b[^\n]{0,40}\b(?:loss|grad\w*)\b|\b(?:nan|inf)\b[^\n]{0,40}\b(?:loss|grad\w*)\b/i;

/**
 * What an end means, by exit code, signal and the last lines that were printed. 137 and SIGKILL that nobody sent are the system's own want of memory.
 */
export function endOf({ code, signal }: Exit, lastLines: readonly string[]): ProgramEnd {
  if (code === 0) return 'done';
  const said = lastLines.join('\n');
  if (memory.test(said) || code === 137 || signal === 'SIGKILL') return 'out of memory';
  if (notFinite.test(said)) return 'diverged';
  return 'failed';
}

/** `exit code 1` or `SIGSEGV`. */
export const exitText = ({ code, signal }: Exit): string => (signal === null ? `exit code ${code}` : signal);

/** Whether a program that ended by itself has trained as long as it was to: its last row may lie two of its rows, or a twentieth of the budget, before the end. */
export function hasUsedUp(curve: readonly Pick<MeasurementRow, 'step'>[], budgetSteps: number): boolean {
  const [last, before] = [curve.at(-1), curve.at(-2)];
  if (!last) return false;
  const gap = last.step - (before?.step ?? last.step);
  return last.step >= budgetSteps - Math.max(0.05 * budgetSteps, 2 * gap);
}
