import { UsageError } from '../errors.ts';
import type { Model } from './model.ts';
import { type ResnetOptions, resnet } from './resnet.ts';

/** Families of built-in models, for messages and listings. */
export const modelFamilies: readonly { readonly pattern: string; readonly what: string }[] = [
  {
    pattern: 'resnet<6n+2>',
    what: 'CIFAR ResNet, shortcut A (resnet20, resnet32, resnet44, resnet56, resnet110, ...)',
  },
  { pattern: 'resnet<6n+2>b', what: 'the same with 1x1 convolution shortcuts (B)' },
  { pattern: 'preresnet<6n+2>[b]', what: 'pre-activation ResNet' },
];

/** The built-in model of this name. Throws UsageError for an unknown one. */
export function modelNamed(name: string, options: Pick<ResnetOptions, 'classes' | 'normalization'> = {}): Model {
  const match = /^(pre)?resnet(\d+)(b)?$/.exec(name);
  if (!match) {
    const known = modelFamilies.map((f) => f.pattern).join(', ');
    throw new UsageError(`unknown model "${name}"; expected ${known}, or a path to an .onnx file`);
  }
  return resnet({
    depth: Number(match[2]),
    preActivation: match[1] !== undefined,
    shortcut: match[3] ? 'B' : 'A',
    ...options,
  });
}
