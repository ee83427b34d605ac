/** What is said between a server and the process of a job. */

/** What a job is started with. */
export type JobOrder =
  /** A study that was begun: what waits in it is computed. */
  | { readonly what: 'resume'; readonly folder: string; readonly maxParallel: number | undefined }
  /** A study file, computed into a folder. */
  | {
      readonly what: 'study';
      readonly file: string;
      readonly folder: string;
      readonly maxParallel: number | undefined;
    }
  /** A measurement or a plan. Paths in its request are below `root`. */
  | {
      readonly what: 'measure';
      readonly name: string;
      readonly request: Readonly<Record<string, unknown>>;
      readonly folder: string;
      readonly root: string;
    };

export type ToJob = { readonly stop: true };

export type FromJob =
  | { readonly fraction: number | null; readonly detail: string }
  | { readonly ended: 'done' | 'stopped'; readonly detail: string }
  | { readonly failed: string };
