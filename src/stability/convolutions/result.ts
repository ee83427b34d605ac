/** What is measured of convolutions, as its schema says: see `schema/convolutions.ts`. */
export type { CircularSpectrum, ConvolutionSpectrum, ConvolutionsResult } from '../../schema/index.ts';
