import { z } from 'zod';
import type { StoredStatus } from '../../store/index.ts';

/** What a trial process is told at its start. */
export const processOrder = z.object({
  folder: z.string(),
  threads: z.int().positive(),
  device: z.string(),
  /** Trials that run at a time on this machine. */
  parallel: z.int().positive(),
  /** Graphics processors that are this process's; undefined leaves the environment of commands as it is. */
  gpus: z.array(z.string()).readonly().optional(),
});
export type ProcessOrder = Readonly<z.infer<typeof processOrder>>;

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
