import { InputError } from '../base/errors.ts';
import { didYouMean } from '../base/names.ts';
import { parameterCount } from '../nn/index.ts';
import { summarize } from '../onnx/index.ts';
import { addModelFamily, type builtInFamilies, type ModelFamily, modelFamilies } from '../schema/index.ts';
import { alexnet } from './architectures/alexnet.ts';
import { drn } from './architectures/drn.ts';
import { lstm } from './architectures/lstm.ts';
import { mlp } from './architectures/mlp.ts';
import { mobilenetv2 } from './architectures/mobilenetv2.ts';
import { resnet } from './architectures/resnet.ts';
import { transformer } from './architectures/transformer.ts';
import { unet } from './architectures/unet.ts';
import { type VggDepth, vgg } from './architectures/vgg.ts';
import type { Model, Normalization, Task } from './model.ts';

/** How a built-in model is to fit data. */
export interface ModelRequest {
  /** Number of classes, or of words of the vocabulary. Each family has its own default. */
  readonly classes?: number;
  /** Of image models. */
  readonly normalization?: Normalization;
  /** Channels, height, width, for the image models that take other sizes than their default. */
  readonly inputShape?: readonly number[];
  /** Ratio of the Dropout nodes of the models that have some. */
  readonly dropout?: number;
}

/** All that a family of built-in models says of itself. */
export interface ModelDescription extends ModelFamily {
  /** Matches the names of its members; its groups go to `make`. */
  readonly name: RegExp;
  /** Largest of its first number, where that is a depth: a graph has nodes for every layer. */
  readonly deepest?: number;
  /** Throws InputError for a member that cannot be. */
  readonly make: (match: RegExpExecArray, request: ModelRequest) => Model;
}

/** `{ vocabulary }` where the request has a number of classes. */
const vocabularyOf = ({ classes }: ModelRequest) => (classes === undefined ? {} : { vocabulary: classes });

/** How the members of the families that Ballast brings along are told apart and made. */
const makers: Readonly<Record<keyof typeof builtInFamilies, Omit<ModelDescription, keyof ModelFamily>>> = {
  'resnet<6n+2>[b]': {
    name: /^resnet(\d+)(b)?$/,
    deepest: 2000,
    make: ([, depth, b], request) => resnet({ depth: Number(depth), shortcut: b ? 'B' : 'A', ...request }),
  },
  'preresnet<6n+2>[b]': {
    name: /^preresnet(\d+)(b)?$/,
    deepest: 2000,
    make: ([, depth, b], request) =>
      resnet({ depth: Number(depth), preActivation: true, shortcut: b ? 'B' : 'A', ...request }),
  },
  'vgg<11|13|16|19>': {
    name: /^vgg(11|13|16|19)$/,
    make: ([, depth], request) => vgg({ depth: Number(depth) as VggDepth, ...request }),
  },
  alexnet: {
    name: /^alexnet$/,
    make: (_, request) => alexnet(request),
  },
  mobilenetv2: {
    name: /^mobilenetv2$/,
    make: (_, request) => mobilenetv2(request),
  },
  'mlp[<hidden>]': {
    name: /^mlp(\d+)?$/,
    make: ([, hidden = '512'], request) => mlp({ hidden: Number(hidden), ...request }),
  },
  'unet[<channels>]': {
    name: /^unet(\d+)?$/,
    make: ([, base = '16'], request) => unet({ base: Number(base), ...request }),
  },
  drn22: {
    name: /^drn22$/,
    make: (_, request) => drn(request),
  },
  'lstm[<layers>x<hidden>][tied]': {
    name: /^lstm(?:(\d+)x(\d+))?(tied)?$/,
    deepest: 64,
    make: ([, layers = '2', hidden = '200', tied], request) =>
      lstm({
        layers: Number(layers),
        hidden: Number(hidden),
        tied: tied !== undefined,
        ...vocabularyOf(request),
        ...request,
      }),
  },
  'transformer[<layers>x<width>]': {
    name: /^transformer(?:(\d+)x(\d+))?$/,
    deepest: 256,
    make: ([, layers = '4', width = '128'], request) =>
      transformer({ layers: Number(layers), width: Number(width), ...vocabularyOf(request), ...request }),
  },
};

const own = new Map<string, ModelDescription>();

/** All families, in the order of the lists. */
const families = (): ModelDescription[] =>
  modelFamilies.map(
    (family) => own.get(family.pattern) ?? { ...family, ...makers[family.pattern as keyof typeof makers] },
  );

/** Makes a family of models known: to `modelNamed`, lists, help and messages, trainings and studies. Throws InputError where one of its members is another's. */
export function registerModel(family: ModelDescription): void {
  for (const member of [family.pattern, ...family.members]) {
    const other = families().find((f) => f.pattern === member || f.name.test(member));
    if (other) throw new InputError('model', `"${member}" is taken by ${other.pattern}: ${other.what}`);
  }
  own.set(family.pattern, family);
  const { pattern, what, members } = family;
  addModelFamily({ pattern, what, members });
}

/** Of a layer. */
const widest = 1e6;

function familyOf(name: string): { readonly family: ModelDescription; readonly match: RegExpExecArray } {
  for (const family of families()) {
    const match = family.name.exec(name);
    if (!match) continue;
    const numbers = match.slice(1).flatMap((part) => (/^\d+$/.test(part ?? '') ? [Number(part)] : []));
    numbers.forEach((number, i) => {
      const most = i === 0 ? (family.deepest ?? widest) : widest;
      if (number > most)
        throw new InputError(
          'model',
          `${name.slice(0, 60)}: ${number} is more than any network has; expected at most ${most}`,
        );
    });
    return { family, match };
  }
  const known = families()
    .map((f) => f.pattern)
    .join(', ');
  const members = families().flatMap((f) => f.members);
  throw new InputError(
    'model',
    `unknown model "${name.slice(0, 200)}"; expected ${known}, or a path to an .onnx file${didYouMean(name, members)}`,
  );
}

/** The built-in model of this name. Throws InputError for an unknown one. */
export function modelNamed(name: string, request: ModelRequest = {}): Model {
  const { family, match } = familyOf(name);
  return family.make(match, request);
}

/** What a built-in model is, in numbers. */
export interface ModelListing {
  readonly name: string;
  /** Pattern of its family. */
  readonly family: string;
  readonly task: Task;
  readonly inputShape: readonly number[];
  readonly classes: number;
  /** Number of trained values. */
  readonly parameters: number;
  /** Floating-point operations of one example (a whole sequence for language) in evaluation: see `flopsOf`. */
  readonly flops: number;
}

/** A built-in model with its sizes. Throws InputError for an unknown one. */
export function modelListing(name: string): ModelListing {
  const model = modelNamed(name);
  const { task, inputShape, classes } = model;
  return {
    name,
    family: familyOf(name).family.pattern,
    task,
    inputShape,
    classes,
    parameters: parameterCount(model.parameters),
    flops: summarize(model.trace(1)).flops!,
  };
}

/** The common members of every family, with their sizes. */
export function modelList(): ModelListing[] {
  return families().flatMap(({ members }) => members.map(modelListing));
}
