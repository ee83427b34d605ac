/**
 * What `ballast spectrum` measures, in the form in which it is printed with `--json`, stored and drawn.
 * Plain JSON: numbers, strings, arrays. Singular values are in descending order.
 */

export type SpectrumMethod = 'dense' | 'structured' | 'lanczos';

export interface PlateauCount {
  /** The value that most singular values of a residual unit share: |a|, a the skip scale (paper: 1). */
  readonly value: number;
  /** How many singular values lie within `tolerance` of it. */
  readonly count: number;
}

/** Singular values of the linearization of one residual unit, one run of units or one stage at one image. */
export interface BlockSpectrum {
  /** Name of the unit (`layer3.4`), the run (`layer3.1..layer3.4`) or the stage (`layer3`). */
  readonly name: string;
  /** Outputs x inputs of the Jacobian. */
  readonly shape: readonly [number, number];
  /** Whether the ReLU after the last addition is part of the map. */
  readonly finalRelu: boolean;
  readonly method: SpectrumMethod;
  /** All min(rows, cols) values when `complete`; else the leading ones that converged. */
  readonly singularValues: readonly number[];
  readonly complete: boolean;
  readonly plateau: PlateauCount | null;
  /** Counts relative to the plateau, with `tolerance`; null when the spectrum is not complete. */
  readonly above: number | null;
  readonly below: number | null;
  /** Values at zero, within `tolerance`. They are also counted in `below`, or at the plateau where that is zero. */
  readonly zero: number | null;
  readonly tolerance: number;
  /** Active inner units k and how many there are; null when the block has no single inner ReLU. */
  readonly activeHidden: number | null;
  readonly hiddenSize: number | null;
  /** Lower bound on the plateau's multiplicity: n - 2k, n - k without a shortcut (a = 0), 0 when negative; null when it does not apply. */
  readonly bound: number | null;
  /** Largest residual of the values, relative to the largest singular value. */
  readonly maxResidual: number;
  readonly seconds: number;
}

export interface StageSpectrum extends BlockSpectrum {
  /** Names of the units that make up the stage, in order. */
  readonly units: readonly string[];
  /** Product of the largest singular values of its units, where they were measured too; null otherwise. */
  readonly productOfUnitNorms: number | null;
}

export interface ImageSpectra {
  /** Position in the official test file. */
  readonly index: number;
  readonly label: number;
  readonly predicted: number;
  readonly logits: readonly number[];
  readonly units: readonly BlockSpectrum[];
  readonly stages: readonly StageSpectrum[];
}

/** Across images, per unit: mean and standard deviation of the i-th singular value, and mean pairwise relative difference. */
export interface UnitSpread {
  readonly name: string;
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** Mean over pairs of images of ||s - s'|| / ||(s + s') / 2||, s the sorted values. */
  readonly relativeDifference: number;
}

/** Where and when something was measured. */
export interface Environment {
  readonly ballast: string;
  readonly node: string;
  readonly device: string;
  readonly threads: number;
  readonly cpu: string;
  /** ISO 8601. */
  readonly date: string;
}

export interface SpectrumResult {
  readonly model: string;
  readonly weights: string;
  /** What is done to pixels from 0 to 1 in front of the network, in words. */
  readonly normalization?: string;
  readonly dataset: string;
  readonly classes: readonly string[];
  readonly finalRelu: boolean;
  readonly images: readonly ImageSpectra[];
  /** Empty with one image. */
  readonly spread: readonly UnitSpread[];
  /** Blocks that could not be measured, with the reason. */
  readonly unmeasured?: readonly UnmeasuredBlock[];
  /** What was changed of what the network's file says. */
  readonly notes?: readonly string[];
  readonly environment: Environment;
  readonly seconds: number;
}

export interface UnmeasuredBlock {
  readonly name: string;
  readonly because: string;
}
