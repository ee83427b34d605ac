/** What `ballast batch run` is asked for. */
export interface RunOptions {
  /** Needed unless it is a dry run. */
  readonly out?: string;
  readonly data?: string;
  readonly maxParallel: number;
  readonly threads?: number;
  readonly device: string;
  readonly dryRun?: boolean;
  readonly extend?: boolean;
  readonly failFast?: boolean;
  readonly json?: boolean;
}
