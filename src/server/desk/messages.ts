/** What is said between a server and the processes that read for it. */
import type { OperationName, RequestOf, ResponseOf, StudyProgress, TrialState } from '../../schema/serve/index.ts';

/** Operations that a desk answers; the others are about the server itself. */
export type DeskOperation = Exclude<OperationName, 'jobs' | 'start' | 'stop' | 'measure'>;

export type DeskRequest = {
  readonly [Name in DeskOperation]: { readonly id: number; readonly name: Name; readonly request: RequestOf<Name> };
}[DeskOperation];

export type ToDesk = DeskRequest | { readonly watch: boolean };

export type DeskAnswer =
  | { readonly id: number; readonly value: ResponseOf<DeskOperation> }
  | { readonly id: number; readonly error: string; readonly status: 400 | 404 | 500 };

/** A study has changed: the trials that did. `since`: when its files were written, for those that are seen for the first time. */
export interface StudyChange {
  readonly study: string;
  readonly progress: StudyProgress;
  readonly trials: readonly TrialState[];
  readonly since: number | null;
}

export type FromDesk = DeskAnswer | { readonly changed: StudyChange } | { readonly folder: number };
