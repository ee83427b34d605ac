import type { StoredStatus } from '../../store/index.ts';

/** What a trial process is told at its start. */
export interface ProcessOrder {
  readonly folder: string;
  readonly threads: number;
  readonly device: string;
  /** Trials that run at a time on this machine. */
  readonly parallel: number;
  /** Graphics processors that are this process's; undefined leaves the environment of commands as it is. */
  readonly gpus?: readonly string[];
}

/** What it tells its parent. */
export type ProcessReport =
  | { readonly kind: 'began'; readonly id: string; readonly step: number; readonly attempt: number }
  | {
      readonly kind: 'step';
      readonly id: string;
      readonly step: number;
      readonly loss: number | null;
      readonly examplesPerSecond: number | null;
    }
  | {
      readonly kind: 'ended';
      readonly id: string;
      readonly status: Exclude<StoredStatus, 'running'>;
      readonly note?: string;
    }
  /** It ends. `fatal`: for a reason that concerns all trials, such as a full disk. */
  | { readonly kind: 'broken'; readonly message: string; readonly fatal: boolean };
