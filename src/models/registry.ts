import { UsageError } from '../errors.ts';
import { parameterCount } from '../nn/index.ts';
import { summarize } from '../onnx/index.ts';
import { lstm } from './lstm.ts';
import type { Model, Normalization, Task } from './model.ts';
import { resnet } from './resnet.ts';

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

interface Family {
  readonly pattern: string;
  readonly what: string;
  readonly name: RegExp;
  /** Members to list. */
  readonly members: readonly string[];
  readonly make: (match: RegExpExecArray, request: ModelRequest) => Model;
}

/** `{ vocabulary }` where the request has a number of classes. */
const vocabularyOf = ({ classes }: ModelRequest) => (classes === undefined ? {} : { vocabulary: classes });

const families: readonly Family[] = [
  {
    pattern: 'resnet<6n+2>[b]',
    what: 'CIFAR ResNet, shortcut A or (b) 1x1 convolutions',
    name: /^resnet(\d+)(b)?$/,
    members: ['resnet20', 'resnet32', 'resnet44', 'resnet56', 'resnet110'],
    make: ([, depth, b], request) => resnet({ depth: Number(depth), shortcut: b ? 'B' : 'A', ...request }),
  },
  {
    pattern: 'preresnet<6n+2>[b]',
    what: 'pre-activation ResNet',
    name: /^preresnet(\d+)(b)?$/,
    members: ['preresnet56'],
    make: ([, depth, b], request) =>
      resnet({ depth: Number(depth), preActivation: true, shortcut: b ? 'B' : 'A', ...request }),
  },
  {
    pattern: 'lstm[<layers>x<hidden>][tied]',
    what: 'LSTM language model, 2x200 unless told',
    name: /^lstm(?:(\d+)x(\d+))?(tied)?$/,
    members: ['lstm', 'lstm2x200tied'],
    make: ([, layers = '2', hidden = '200', tied], request) =>
      lstm({
        layers: Number(layers),
        hidden: Number(hidden),
        tied: tied !== undefined,
        ...vocabularyOf(request),
        ...request,
      }),
  },
];

/** Families of built-in models, for messages and listings. */
export const modelFamilies: readonly { readonly pattern: string; readonly what: string }[] = families;

/** The built-in model of this name. Throws UsageError for an unknown one. */
export function modelNamed(name: string, request: ModelRequest = {}): Model {
  for (const family of families) {
    const match = family.name.exec(name);
    if (match) return family.make(match, request);
  }
  const known = families.map((f) => f.pattern).join(', ');
  throw new UsageError(`unknown model "${name}"; expected ${known}, or a path to an .onnx file`);
}

export interface ModelListing {
  readonly name: string;
  readonly task: Task;
  readonly inputShape: readonly number[];
  readonly classes: number;
  /** Number of trained values. */
  readonly parameters: number;
  /** Floating-point operations of one example (a whole sequence for language) in evaluation: see `flopsOf`. */
  readonly flops: number;
}

/** The common members of every family, with their sizes. */
export function modelList(): ModelListing[] {
  return families.flatMap(({ members }) =>
    members.map((name) => {
      const model = modelNamed(name);
      const { task, inputShape, classes } = model;
      return {
        name,
        task,
        inputShape,
        classes,
        parameters: parameterCount(model.parameters),
        flops: summarize(model.trace(1)).flops!,
      };
    }),
  );
}
