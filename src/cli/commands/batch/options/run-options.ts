import type { QueueOptions } from '../../../flags/queue-options.ts';

/** What `ballast batch run` is asked for. */
export interface RunOptions extends QueueOptions {
  /** Needed unless it is a dry run. */
  readonly out?: string;
  readonly data?: string;
  /** As many as the machine has room for, where commands say what they take, unless told. */
  readonly maxParallel?: number;
  readonly threads?: number;
  readonly device: string;
  /** Graphics processors for commands. */
  readonly gpus?: readonly string[];
  readonly dryRun?: boolean;
  readonly extend?: boolean;
  readonly failFast?: boolean;
  readonly json?: boolean;
}
