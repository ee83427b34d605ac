import { z } from 'zod';
import { flags } from './flags.ts';
import { dataSets } from './names/data-sets.ts';
import { modelName } from './names/model-families.ts';

const network = 'Network';
const data = 'Data';
const machine = 'Where it runs';

/** What only an ONNX file of one's own has to be told. */
export const foreignKeys = {
  bind: z
    .record(z.string(), z.int().min(1))
    .optional()
    .describe('sizes of open dimensions of an ONNX file, height=224,width=224 (default: those of the images)')
    .register(flags, { value: 'sizes', group: network }),
  logits: z
    .string()
    .optional()
    .describe('output of an ONNX file with the class scores (default: logits, or the first)')
    .register(flags, { value: 'output', group: network }),
  inputRange: z
    .union([z.literal(1), z.literal(255)])
    .optional()
    .describe('largest pixel that an ONNX file is made for, 1 or 255 (default: found in its graph)')
    .register(flags, { value: 'largest', group: network }),
};

/** Which network is measured. */
export const networkKeys = {
  model: modelName
    .describe('built-in model, or an ONNX file exported from PyTorch')
    .register(flags, { value: 'name|file.onnx', group: network }),
  weights: z
    .string()
    .optional()
    .describe(
      'checkpoint (.th, .pt, .safetensors), or "random" for fresh values (default: our own, where `ballast models` lists some)',
    )
    .register(flags, { value: 'file|random', group: network }),
  weightsKey: z
    .string()
    .optional()
    .describe(
      'which set of weights of a checkpoint that holds several, by its key in it, such as model_ema (default: the one that was trained)',
    )
    .register(flags, { value: 'key', group: network }),
  ...foreignKeys,
  normalize: z
    .string()
    .optional()
    .describe(
      'normalization in front of the network: imagenet, cifar10, none, or means and deviations of pixels from 0 to 1, such as 0.5,0.5,0.5/0.25,0.25,0.25 (default: what the weights were trained with where they say so, imagenet for other built-in models, none for ONNX files)',
    )
    .register(flags, { value: 'name|values', group: network }),
  seed: z.int().min(0).default(0).describe('seed of everything random').register(flags, { value: 'n', group: network }),
};

/** Which images or texts. */
export const dataKeys = {
  dataset: dataSets.schema
    .default('cifar10')
    .describe(
      'name of a data set (`ballast datasets` says what each is; shapes and grammar are procedural and need no files)',
    )
    .register(flags, { value: 'name', group: data }),
  data: z
    .string()
    .optional()
    .describe('where the data set lies; a picture or a folder of pictures is read as it is')
    .register(flags, { value: 'dir', group: data }),
  classNames: z
    .string()
    .optional()
    .describe(
      'the classes of a network in the order of its outputs, for folders of images: names with commas between them, or a .txt or .json file',
    )
    .register(flags, { value: 'list|file', group: data }),
  download: z
    .boolean()
    .default(false)
    .describe('fetch CIFAR from its official address into the folder of the data first, if it is not there')
    .register(flags, { group: data }),
};

/** What splits a text, for measurements of language models. */
export const tokenizerKey = {
  tokenizer: z
    .string()
    .optional()
    .describe(
      'tokenizer.json of a language model, which splits the text (default: words at blanks, numbered by the training split)',
    )
    .register(flags, { value: 'file', group: data }),
};

/** Where something is written: a name that is one. */
export const folderPath = z
  .string()
  .refine((text) => text.trim() !== '' && !text.includes('\0'), 'expected the name of a folder');

/** More threads than any machine has processors: the operating system would refuse them in the middle. */
export const mostThreads = 1024;

/** Where it runs. */
export const runtimeKeys = {
  device: z.string().default('cpu').describe('cpu, webgpu or cuda').register(flags, { value: 'name', group: machine }),
  threads: z
    .int()
    .min(1)
    .max(mostThreads)
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
