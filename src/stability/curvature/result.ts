/** What is measured of the Hessian, as its schema says: see `schema/curvature.ts`. */
export type { ConvergedEigenvalue, CurvatureDensity, CurvatureResult, ProbedValue } from '../../schema/index.ts';
