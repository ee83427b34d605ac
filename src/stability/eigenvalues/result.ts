/** What is measured of eigenvalues, as its schema says: see `schema/eigenvalues.ts`. */
export type { BranchEigenvalues, EigenvaluesResult } from '../../schema/index.ts';
