import { z } from 'zod';
import { type Of, queueKeys, studyRunKeys } from '../../../../schema/index.ts';

/** How a study is computed, here or handed out. */
export const runRequest = z.object({ ...studyRunKeys, ...queueKeys });

/** What `ballast batch run` is asked for. */
export interface RunOptions extends Partial<Of<typeof runRequest>> {
  /** Needed unless it is a dry run. */
  readonly out?: string;
  readonly device: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}
