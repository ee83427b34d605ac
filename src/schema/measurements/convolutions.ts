/** Singular values of single convolutions: the request, and what is measured. */
import { z } from 'zod';
import { measuredIn, subject } from '../common.ts';
import { flags } from '../flags.ts';
import type { Of } from '../readonly.ts';
import { leading, networkKeys, runtimeKeys } from '../request.ts';

export const convolutionsRequest = z.object({
  ...networkKeys,
  layers: z
    .string()
    .default('all')
    .describe('all, or names of convolutions (layer1.0.conv1,layer3.8.conv2)')
    .register(flags, { value: 'list' }),
  foldNorm: z.boolean().default(false).describe('the scale of the batch norm behind a convolution is part of it'),
  method: z
    .enum(['auto', 'exact', 'lanczos'])
    .default('auto')
    .describe('auto: all values up to an order of 16384, leading ones beyond')
    .register(flags, { value: 'how' }),
  top: leading('leading values where not all are computed'),
  ...runtimeKeys,
});

/** What circular padding (arXiv 1805.10408) would give: an approximation. */
const circularSpectrum = z.object({
  singularValues: z.array(z.number()).describe('descending'),
  normError: z
    .number()
    .nullable()
    .describe(
      'largest circular value over the largest true one, less 1; null where there is no true one or it is zero',
    ),
  relativeDifference: z
    .number()
    .nullable()
    .describe("||s - s'|| / ||(s + s') / 2|| of the sorted values; null unless both are complete and equally many"),
});
export type CircularSpectrum = Of<typeof circularSpectrum>;

/** Singular values of one convolution as a linear map from its whole input to its whole output. */
export const convolutionSpectrum = z.object({
  name: z.string().describe('as in the network: layer1.0.conv1'),
  shape: z.tuple([z.int(), z.int()]).describe('outputs x inputs'),
  filters: z.int().describe('channels that come out'),
  channels: z.int().describe('channels that go in'),
  groups: z.int().describe('groups of channels'),
  kernel: z.array(z.int()).describe('its sizes'),
  strides: z.array(z.int()).describe('by axis'),
  pads: z.array(z.int()).describe('all begins, then all ends, as in ONNX'),
  dilations: z.array(z.int()).describe('by axis'),
  from: z.array(z.int()).describe('sizes of the spatial axes of the input'),
  to: z.array(z.int()).describe('and of the output'),
  normalized: z.boolean().describe('whether the scale of the batch norm behind it is part of the map'),
  method: z.enum(['exact', 'lanczos']).describe('exact: all values; lanczos: the leading ones'),
  singularValues: z
    .array(z.number())
    .describe(
      'with zero padding and stride as they are; descending: all min(rows, cols) when complete, else the leading ones that converged',
    ),
  complete: z.boolean().describe('whether these are all'),
  maxResidual: z.number().describe('largest residual of the values, relative to the largest'),
  circular: circularSpectrum
    .nullable()
    .describe('the approximation by circular padding; null where a stride does not divide its axis'),
  seconds: z.number().describe('how long it took'),
});
export type ConvolutionSpectrum = Of<typeof convolutionSpectrum>;

export const convolutionsResult = z.object({
  ...subject,
  foldNorm: z.boolean().describe('whether batch norms are part of the maps'),
  layers: z.array(convolutionSpectrum).describe('in the order of the network'),
  ...measuredIn,
});
/** The spectra of a network's single convolutions. */
export type ConvolutionsResult = Of<typeof convolutionsResult>;
