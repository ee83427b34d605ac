/** What is measured of spectra, as its schema says: see `schema/spectrum.ts`. */
import type { BlockSpectrum, PlateauCount, SpectrumResult } from '../schema/index.ts';

export type {
  BlockSpectrum,
  Environment,
  ImageSpectra,
  SpectrumResult,
  StageSpectrum,
  UnitSpread,
} from '../schema/index.ts';
export type SpectrumMethod = BlockSpectrum['method'];
export type { PlateauCount };
export type UnmeasuredBlock = NonNullable<SpectrumResult['unmeasured']>[number];
