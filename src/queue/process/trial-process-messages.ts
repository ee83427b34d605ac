import { z } from 'zod';
import type { TrialEvent } from '../../schema/index.ts';
import type { Claim, MeasurementRow, StoredStatus } from '../../store/index.ts';

/** What a trial process is told at its start. */
export const processOrder = z.object({
  /** Folder of the study whose store it takes trials from; undefined where its parent gives them to it. */
  folder: z.string().optional(),
  threads: z.int().positive(),
  device: z.string(),
  /** Trials that run at a time on this machine. */
  parallel: z.int().positive(),
  /** Graphics processors that are this process's; undefined leaves the environment of commands as it is. */
  gpus: z.array(z.string()).readonly().optional(),
});
export type ProcessOrder = Readonly<z.infer<typeof processOrder>>;

/** A trial that a parent gives to its process. */
export interface GivenTrial extends Claim {
  readonly folder: string;
  /** What is stored of its curve. */
  readonly known: readonly MeasurementRow[];
}

/** What a parent tells a process that it gives trials to. */
export type ParentMessage =
  | { readonly kind: 'trial'; readonly trial: GivenTrial }
  /** Another attempt owns the trial that it computes. */
  | { readonly kind: 'lost'; readonly why: string };

/** What a trial process tells its parent. */
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

/** The same, and what goes into the store, where the parent gives the trials. */
export type ServedReport =
  | ProcessReport
  /** It is ready for a trial. `hardware`: what it computes on. */
  | { readonly kind: 'ready'; readonly hardware: string }
  | { readonly kind: 'said'; readonly event: TrialEvent }
  /** It lives, and its event loop turns. */
  | { readonly kind: 'alive' };

/** Whether a report is for people, and not for a parent that gives the trials. */
export const isAboutTrials = (report: ServedReport): report is ProcessReport =>
  report.kind !== 'ready' && report.kind !== 'said' && report.kind !== 'alive';
