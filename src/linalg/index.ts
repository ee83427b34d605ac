/** Spectra: dense, band and sparse matrices, Lanczos, Golub-Kahan, Arnoldi, stochastic quadrature. */
export { type ArnoldiOptions, type ArnoldiResult, arnoldi, type ComplexEigenvalue } from './arnoldi.ts';
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
export {
  type Complex,
  frobenius,
  hessenbergEigenvalues,
  hessenbergVector,
  modulus,
  nonsymmetricEigenvalues,
  toHessenberg,
} from './nonsymmetric.ts';
export { denseOperator, type LinearOperator, type VectorBlock } from './operator.ts';
export { type DensityOptions, type Estimate, estimate, SpectralDensity, spectralDensity } from './quadrature.ts';
export { randomBasis } from './random-basis.ts';
export { smallSvd } from './small-svd.ts';
export { type Csr, CsrBuilder, transpose } from './sparse.ts';
export { sparseSingularValues } from './sparse-spectrum.ts';
export { countAround, type Plateau, type Spectrum, type SpectrumMethod } from './spectrum.ts';
export {
  type FactoredJacobian,
  planStructured,
  type StructuredMethod,
  type StructuredSpectrum,
  structuredSpectrum,
} from './structured.ts';
