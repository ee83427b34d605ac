import { z } from 'zod';
import { flags } from './flags.ts';

const network = 'Network';
const data = 'Data';
const machine = 'Where it runs';

/** Which network is measured. */
export const networkKeys = {
  model: z
    .string()
    .min(1)
    .describe('built-in model (resnet20, resnet56, ...) or an ONNX file exported from PyTorch')
    .register(flags, { value: 'name|file.onnx', group: network }),
  weights: z
    .string()
    .optional()
    .describe(
      'checkpoint (.th, .pt, .safetensors), or "random" for fresh values (default: our own, where `ballast models` lists some)',
    )
    .register(flags, { value: 'file|random', group: network }),
  normalize: z
    .string()
    .optional()
    .describe(
      'normalisation in front of the network: imagenet, cifar10 or none (default: what the weights were trained with where they say so, imagenet for other built-in models, none for ONNX files)',
    )
    .register(flags, { value: 'name', group: network }),
  seed: z.int().min(0).default(0).describe('seed of everything random').register(flags, { value: 'n', group: network }),
};

/** Which images or texts. */
export const dataKeys = {
  dataset: z
    .string()
    .default('cifar10')
    .describe('name of a data set (`ballast datasets` lists them; shapes and grammar are procedural and need no files)')
    .register(flags, { value: 'name', group: data }),
  data: z.string().optional().describe('where the data set lies').register(flags, { value: 'dir', group: data }),
  download: z
    .boolean()
    .default(false)
    .describe('fetch CIFAR from its official address into the folder of the data first, if it is not there')
    .register(flags, { group: data }),
};

/** Where it runs. */
export const runtimeKeys = {
  device: z.string().default('cpu').describe('cpu, webgpu or cuda').register(flags, { value: 'name', group: machine }),
  threads: z
    .int()
    .min(1)
    .optional()
    .describe('threads on the CPU (default: all cores)')
    .register(flags, { value: 'n', group: machine }),
  emission: z
    .enum(['auto', 'plain', 'blocked'])
    .default('auto')
    .describe('how graphs are written for ONNX Runtime')
    .register(flags, { value: 'how', group: machine }),
};

/** Positions in a data set, as text (`0,7,4321` or `0-9`) or as numbers. */
export const positions = z.union([z.string().min(1), z.array(z.int().min(0)).min(1)]);

/** Leading values of spectra that are not computed in full. */
export const leading = (what: string) => z.int().min(1).default(10).describe(what).register(flags, { value: 'k' });

export const splitName = z.enum(['train', 'valid', 'test']);

/** Test images that a measurement linearizes at; the first one unless told. */
export const testImages = positions
  .default('0')
  .describe('positions in the test set, e.g. 0,7,4321 or 0-9')
  .register(flags, { value: 'list' });
