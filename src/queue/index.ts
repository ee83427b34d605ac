/** Where trials run: processes of this machine, which take them from the store; every message carries the attempt that it is of. */

export { runStudy, type StudyRun, type StudyRunResult } from './local/run-study.ts';
export type { ProcessReport } from './process/trial-process-messages.ts';
