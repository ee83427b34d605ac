import type { Environment } from '../result.ts';

/** Singular values of one convolution as a linear map from its whole input to its whole output. Plain JSON. */
export interface ConvolutionSpectrum {
  /** As in the network: `layer1.0.conv1`. */
  readonly name: string;
  /** Outputs x inputs. */
  readonly shape: readonly [number, number];
  readonly filters: number;
  readonly channels: number;
  readonly groups: number;
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  /** All begins, then all ends, as in ONNX. */
  readonly pads: readonly number[];
  readonly dilations: readonly number[];
  /** Sizes of the spatial axes of the input and of the output. */
  readonly from: readonly number[];
  readonly to: readonly number[];
  /** Whether the scale of the batch norm behind it is part of the map. */
  readonly normalized: boolean;
  /** `exact`: all values; `lanczos`: the leading ones. */
  readonly method: 'exact' | 'lanczos';
  /** With zero padding and stride as they are. Descending; all min(rows, cols) when `complete`, else the leading ones that converged. */
  readonly singularValues: readonly number[];
  readonly complete: boolean;
  /** Largest residual of the values, relative to the largest. */
  readonly maxResidual: number;
  /** The approximation by circular padding; null where a stride does not divide its axis. */
  readonly circular: CircularSpectrum | null;
  readonly seconds: number;
}

/** What circular padding (arXiv 1805.10408) would give: an approximation of the values above. */
export interface CircularSpectrum {
  readonly singularValues: readonly number[];
  /** Largest circular value over the largest true one, less 1; null where there is no true one or it is zero. */
  readonly normError: number | null;
  /** ||s - s'|| / ||(s + s') / 2|| of the sorted values; null unless both are complete and equally many. */
  readonly relativeDifference: number | null;
}

export interface ConvolutionsResult {
  readonly model: string;
  readonly weights: string;
  readonly foldNorm: boolean;
  readonly layers: readonly ConvolutionSpectrum[];
  readonly environment: Environment;
  readonly seconds: number;
}
