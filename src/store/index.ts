/** Studies on disk: an SQLite index that several processes write, and files beside it. */
export { isAlive, type Owner, ownerOf, processOf } from './owner.ts';
export type * from './rows.ts';
export { databaseName, type Grid, StudyStore } from './study-store.ts';
export { type Attempt, type Claim, ClaimLost, type TrialResult } from './trial-claims.ts';
