import { describe, expect, it } from 'vitest';
import { grad } from '../../src/autodiff/index.ts';
import { drn } from '../../src/models/architectures/drn.ts';
import { mlp } from '../../src/models/architectures/mlp.ts';
import { unet } from '../../src/models/architectures/unet.ts';
import { modelList, modelNamed } from '../../src/models/registry.ts';
import { parameterCount } from '../../src/nn/index.ts';
import { compareEmissions } from '../../src/runtime/index.ts';
import { randomParams, withLoss } from './training.ts';

describe('the image models', () => {
  it.each([
    // bearpaw/pytorch-classification: 2.47M.
    ['alexnet', 2_472_266],
    // kuangliu/pytorch-cifar.
    ['vgg11', 9_231_114],
    ['vgg16', 14_728_266],
    ['mobilenetv2', 2_296_922],
    ['mlp', 3073 * 512 + 513 * 10],
  ])('%s has the published number of parameters, %i', (name, count) => {
    expect(parameterCount(modelNamed(name).parameters)).toBe(count);
  });

  it('drn22 with 1000 classes has the 16.4 million parameters of DRN-D-22 (fyu/drn)', () => {
    expect(parameterCount(drn({ classes: 1000 }).parameters)).toBe(16_393_752);
  });

  it('unet with 64 channels and 2 classes has the 31 037 698 parameters of milesial/Pytorch-UNet', () => {
    expect(parameterCount(unet({ base: 64, classes: 2 }).parameters)).toBe(31_037_698);
    expect(parameterCount(unet().parameters)).toBe(1_942_747);
  });

  it.each([
    ['vgg11', 'features.1.running_var', 'classifier.bias'],
    ['alexnet', 'features.8.weight', 'classifier.bias'],
    ['mobilenetv2', 'layers.0.shortcut.1.weight', 'linear.bias'],
    ['unet', 'down4.maxpool_conv.1.double_conv.4.running_mean', 'outc.conv.bias'],
    ['drn22', 'base.5.0.downsample.0.weight', 'seg.bias'],
  ])('%s names its parameters as its PyTorch original does', (name, one, last) => {
    const names = modelNamed(name).parameters.map((p) => p.name);
    expect(names).toContain(one);
    expect(names.at(-1)).toBe(last);
  });

  it.each([
    ['vgg', 'vgg11', [4, 10]],
    ['segmentation', 'unet', [4, 11, 96, 128]],
    ['dilated', 'drn22', [4, 11, 96, 128]],
  ] as const)('are laid out with open and fixed batches (%s)', (_, name, shape) => {
    const model = modelNamed(name);
    expect(model.trace(4).outputs[0]!.value.shape).toEqual(shape);
    expect(model.trace('batch').outputs[0]!.value.shape).toEqual(['batch', ...shape.slice(1)]);
  });

  it('take images of other sizes and channels where they can', () => {
    const gray = modelNamed('resnet20', { inputShape: [1, 28, 28], classes: 10 });
    expect(gray.trace(1).inputs[0]!.shape).toEqual([1, 1, 28, 28]);
    expect(modelNamed('unet', { inputShape: [3, 32, 64], classes: 5 }).trace(1).outputs[0]!.value.shape).toEqual([
      1, 5, 32, 64,
    ]);
    expect(modelNamed('mlp', { inputShape: [1, 28, 28] }).parameters[0]!.shape).toEqual([512, 784]);
  });

  it('refuse sizes that do not fit, in one line', () => {
    expect(() => modelNamed('unet', { inputShape: [3, 30, 32] })).toThrow(
      /unet: height and width must be divisible by 16, got 30x32/,
    );
    expect(() => modelNamed('drn22', { inputShape: [3, 30, 32] })).toThrow(/divisible by 8/);
    expect(() => modelNamed('vgg16', { inputShape: [3, 16, 16] })).toThrow(/32 to 63 pixels a side/);
    expect(() => modelNamed('alexnet', { inputShape: [3, 28, 28] })).toThrow(/29 to 60 pixels a side/);
    expect(() => mlp({ inputShape: [1, 8, 8], normalization: { mean: [0, 0, 0], std: [1, 1, 1] } })).toThrow(
      /the normalization is for 3 channels, images have 1/,
    );
  });
});

describe('every listed model', () => {
  const list = modelList();

  it('is named, sized and counted', () => {
    const row = list.find((m) => m.name === 'resnet20')!;
    expect(row).toMatchObject({ task: 'classification', inputShape: [3, 32, 32], classes: 10, parameters: 269_722 });
    // He et al.: 0.041 GFLOPs as multiply-adds, of which we count two operations, and what else there is.
    expect(row.flops / 2 / 1e6).toBeGreaterThan(40);
    expect(row.flops / 2 / 1e6).toBeLessThan(43);
    for (const m of list) expect(m.flops, m.name).toBeGreaterThan(2 * m.inputShape.reduce((p, d) => p * d, 1));
    expect(new Set(list.map((m) => m.name)).size).toBe(list.length);
  });

  it.each(list.map((m) => m.name))('%s has a gradient in all of its parameters', (name) => {
    const model = modelNamed(name);
    const trained = model.parameters.filter((p) => p.trainable);
    const loss = withLoss(model.task === 'language' ? model.trace(2, 3) : model.trace(2));
    const backward = grad(loss, { wrt: trained.map((p) => p.name), of: 'loss' });
    const shapes = backward.outputs.slice(1).map((o) => [o.name, o.value.shape]);
    expect(shapes).toEqual(trained.map((p) => [`${p.name}_gradient`, p.shape]));
    // A parameter that nothing depends on would get expanded zeros.
    const expanded = new Set(backward.nodes.filter((n) => n.opType === 'Expand').map((n) => n.outputs[0]));
    for (const o of backward.outputs) expect(expanded.has(o.value), o.name).toBe(false);
  });

  it.each(['vgg11', 'alexnet', 'mobilenetv2', 'mlp', 'unet', 'drn22'])(
    '%s gives the same numbers in both emissions',
    async (name) => {
      const model = modelNamed(name);
      const { error } = await compareEmissions(model.build(randomParams(model, 0.05), 2));
      expect(error).toBeLessThan(1e-4);
    },
  );
});
