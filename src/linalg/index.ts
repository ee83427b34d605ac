/** Spectra: dense, band and sparse matrices, Lanczos, Golub-Kahan, Arnoldi, stochastic quadrature. */

export { bandEntry, type SymmetricBand, symmetricBand } from './band/band.ts';
export { singularValues } from './band/dense.ts';
export {
  type EigenOptions,
  type EigenResult,
  estimateEigenCost,
  symmetricBandEigenvalues,
  symmetricEigenvalues,
} from './band/eigenvalues.ts';
export {
  type FactoredJacobian,
  planStructured,
  type StructuredMethod,
  type StructuredSpectrum,
  structuredSpectrum,
} from './band/structured.ts';
export { type ArnoldiOptions, type ArnoldiResult, arnoldi, type ComplexEigenvalue } from './krylov/arnoldi.ts';
export {
  type EigenvalueDensityOptions,
  eigenvalueDensity,
  hutchinsonTrace,
  type TraceOptions,
  traceOfDensity,
} from './krylov/eigenvalue-density.ts';
export { gaussRule, type QuadratureRule, radauRule } from './krylov/gauss-rule.ts';
export {
  bytesOfTop,
  type TopOptions,
  type TopSpectrum,
  topSingularTriplets,
} from './krylov/golub-kahan.ts';
export {
  defaultBasis,
  type Eigenpair,
  type ExtremeEigenOptions,
  type ExtremeEigenpairs,
  extremeEigenpairs,
} from './krylov/lanczos.ts';
export { type DensityOptions, type Estimate, estimate, SpectralDensity, spectralDensity } from './krylov/quadrature.ts';
export { randomBasis } from './krylov/random-basis.ts';
export {
  type Complex,
  frobenius,
  hessenbergEigenvalues,
  hessenbergVector,
  modulus,
  nonsymmetricEigenvalues,
  toHessenberg,
} from './nonsymmetric.ts';
export { abortable, denseOperator, type LinearOperator, type VectorBlock } from './operator.ts';
export { smallSvd } from './small-svd.ts';
export { type Csr, CsrBuilder, transpose } from './sparse/sparse.ts';
export { sparseSingularValues } from './sparse/sparse-spectrum.ts';
export { countAround, type Plateau, type Spectrum, type SpectrumMethod, type Triplet } from './spectrum.ts';
