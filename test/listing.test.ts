/** `ballast models` and `ballast datasets`: what there is, and whether a user's data is read rightly. */
import { describe, expect, it } from 'vitest';
import { ballast, expectFailure } from './ballast.ts';

const json = (...args: string[]) => {
  const run = ballast(...args, '--json');
  expect(run.status).toBe(0);
  return JSON.parse(run.stdout);
};

describe('ballast models', () => {
  it('lists the models of each task and how families are called', () => {
    const { models, families } = json('models');
    expect(models).toContainEqual(
      expect.objectContaining({
        name: 'resnet20',
        family: 'resnet<6n+2>[b]',
        task: 'classification',
        inputShape: [3, 32, 32],
        classes: 10,
        parameters: 269_722,
      }),
    );
    expect(new Set(models.map((m: { task: string }) => m.task))).toEqual(
      new Set(['classification', 'segmentation', 'language']),
    );
    const patterns = families.map((f: { pattern: string }) => f.pattern);
    for (const { family } of models) expect(patterns).toContain(family);
    const { stdout } = ballast('models');
    expect(stdout).toMatch(/unet +3 x 96 x 128 +11 +1,942,747/);
    expect(stdout).toMatch(/lstm +35 tokens +10,000 +4,653,200/);
    expect(stdout).toMatch(/resnet<6n\+2>\[b\] +CIFAR ResNet/);
  });

  it('describes any member of a family by its groups of parameters, which add up', () => {
    const resnet = json('models', 'resnet110');
    expect(resnet).toMatchObject({ parameters: 1_727_962, residualUnits: 54 });
    expect(resnet.groups.map((g: { name: string }) => g.name)).toEqual([
      'conv1',
      'bn1',
      'layer1',
      'layer2',
      'layer3',
      'linear',
    ]);
    // 36 convolutions in layer1 of 16 x 16 x 3 x 3 weights and as many batch norms.
    expect(resnet.groups[2]).toEqual({ name: 'layer1', tensors: 108, parameters: 36 * (2304 + 32), running: 36 * 32 });
    for (const { groups, parameters } of [resnet, json('models', 'vgg13')])
      expect(groups.reduce((n: number, g: { parameters: number }) => n + g.parameters, 0)).toBe(parameters);
    expect(ballast('models', 'lstm1x650').stdout).toMatch(/million for a sequence of 35 tokens/);
  });

  it.each([
    ['resnet21', /6n \+ 2/],
    ['resnet', /unknown model "resnet"; expected resnet<6n\+2>/],
    ['net.onnx', /net\.onnx: .*built-in models/],
  ])('refuses %s with one line', (name, what) => {
    expectFailure(ballast('models', name, '--json'), 2, what);
  });
});
