import { suggestedNames } from './open-names.ts';

/** Built-in models of one kind: the pattern of their names, what they are, and some of them. */
export interface ModelFamily {
  /** How its members are called: `resnet<6n+2>[b]`. */
  readonly pattern: string;
  readonly what: string;
  /** Members to list. */
  readonly members: readonly string[];
}

/** The families that Ballast brings along, by pattern. */
export const builtInFamilies = {
  'resnet<6n+2>[b]': {
    what: 'CIFAR ResNet, shortcut A or (b) 1x1 convolutions',
    members: ['resnet20', 'resnet32', 'resnet44', 'resnet56', 'resnet110'],
  },
  'preresnet<6n+2>[b]': { what: 'pre-activation ResNet', members: ['preresnet56'] },
  'vgg<11|13|16|19>': { what: 'VGG with batch norm for 32x32 images', members: ['vgg11', 'vgg16'] },
  alexnet: { what: 'AlexNet for 32x32 images', members: ['alexnet'] },
  mobilenetv2: { what: 'MobileNetV2 for 32x32 images', members: ['mobilenetv2'] },
  'mlp[<hidden>]': { what: 'two linear layers, 512 hidden units unless told', members: ['mlp'] },
  'unet[<channels>]': { what: 'U-Net for segmentation, 16 channels unless told', members: ['unet', 'unet32'] },
  drn22: { what: 'DRN-D-22, dilated residual network for segmentation', members: ['drn22'] },
  'lstm[<layers>x<hidden>][tied]': {
    what: 'LSTM language model, 2x200 unless told',
    members: ['lstm', 'lstm2x200tied'],
  },
  'transformer[<layers>x<width>]': {
    what: 'decoder-only language model, 4x128 unless told',
    members: ['transformer'],
  },
} as const satisfies Readonly<Record<string, Omit<ModelFamily, 'pattern'>>>;

const families: ModelFamily[] = Object.entries(builtInFamilies).map(([pattern, rest]) => ({ pattern, ...rest }));

/** The families of built-in models, for requests, messages and listings; `registerModel` adds to them. */
export const modelFamilies: readonly ModelFamily[] = families;

/** Adds a family. */
export const addModelFamily = (family: ModelFamily): void => void families.push(family);

/** A member of a family, or the path of an ONNX file: which of them there are is told where the network is loaded. */
export const modelName = suggestedNames(
  () => families.map((f) => f.pattern),
  () => families.flatMap((f) => f.members),
);
