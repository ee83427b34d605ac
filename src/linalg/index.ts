export { bandEntry, type SymmetricBand, symmetricBand } from './band.ts';
export { singularValues } from './dense.ts';
export {
  type EigenvalueDensityOptions,
  eigenvalueDensity,
  hutchinsonTrace,
  type TraceOptions,
  traceOfDensity,
} from './eigenvalue-density.ts';
export {
  type EigenOptions,
  type EigenResult,
  estimateEigenCost,
  symmetricBandEigenvalues,
  symmetricEigenvalues,
} from './eigenvalues.ts';
export { gaussRule, type QuadratureRule, radauRule } from './gauss-rule.ts';
export { type TopOptions, type TopSpectrum, type Triplet, topSingularTriplets } from './golub-kahan.ts';
export {
  defaultBasis,
  type Eigenpair,
  type ExtremeEigenOptions,
  type ExtremeEigenpairs,
  extremeEigenpairs,
} from './lanczos.ts';
export { denseOperator, type LinearOperator, type VectorBlock } from './operator.ts';
export { type DensityOptions, type Estimate, estimate, SpectralDensity, spectralDensity } from './quadrature.ts';
export { type Csr, CsrBuilder } from './sparse.ts';
export { countAround, type Plateau, type Spectrum, type SpectrumMethod } from './spectrum.ts';
export {
  type FactoredJacobian,
  planStructured,
  type StructuredMethod,
  type StructuredSpectrum,
  structuredSpectrum,
} from './structured.ts';
