/** `ballast models` and `ballast datasets`: what there is, and whether a user's data is read rightly. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PNG } from 'pngjs';
import { afterAll, describe, expect, it } from 'vitest';
import { ballast, ballastProcess, expectFailure, resultOf } from '../support/ballast.ts';
import { realData } from '../support/real-data.ts';

const folder = mkdtempSync(join(tmpdir(), 'ballast-listing-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const json = async (...args: string[]) => {
  const run = await ballast(...args, '--json');
  expect(run.status).toBe(0);
  // biome-ignore lint/suspicious/noExplicitAny: tests look at what is in it.
  return resultOf(run.stdout) as any;
};

describe('ballast models', () => {
  it('lists the models of each task and how families are called', async () => {
    const { models, families } = await json('models');
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
    const { stdout } = ballastProcess('models');
    expect(stdout).toMatch(/unet +3 x 96 x 128 +11 +1,942,747/);
    expect(stdout).toMatch(/lstm +35 tokens +10,000 +4,653,200/);
    expect(stdout).toMatch(/resnet<6n\+2>\[b\] +CIFAR ResNet/);
  });

  it('describes any member of a family by its groups of parameters, which add up', async () => {
    const resnet = await json('models', 'resnet110');
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
    for (const { groups, parameters } of [resnet, await json('models', 'vgg13')])
      expect(groups.reduce((n: number, g: { parameters: number }) => n + g.parameters, 0)).toBe(parameters);
    expect((await ballast('models', 'lstm1x650')).stdout).toMatch(/million for a sequence of 35 tokens/);
  });

  it.each([
    ['resnet21', /6n \+ 2/],
    ['resnet', /unknown model "resnet"; expected resnet<6n\+2>/],
    ['net.onnx', /net\.onnx: .*built-in models/],
  ])('refuses %s with one line', async (name, what) => {
    expectFailure(await ballast('models', name, '--json'), 2, what);
  });
});

/** Writes one grey picture of 2 x 2 pixels for each path. */
function writePictures(root: string, pictures: Readonly<Record<string, number>>): string {
  for (const [path, grey] of Object.entries(pictures)) {
    const picture = new PNG({ width: 2, height: 2 });
    picture.data.fill(grey);
    mkdirSync(join(folder, root, path, '..'), { recursive: true });
    writeFileSync(join(folder, root, path), PNG.sync.write(picture));
  }
  return join(folder, root);
}

describe('ballast datasets', () => {
  it('lists every data set with its files, sizes and splits', async () => {
    const { datasets } = await json('datasets');
    const of = (name: string) => datasets.find((d: { name: string }) => d.name === name);
    expect(of('cifar100')).toMatchObject({
      tasks: ['classification'],
      needsFiles: true,
      splits: ['train', 'test'],
      counts: { train: 50_000, test: 10_000 },
      shape: [3, 32, 32],
      classes: 100,
    });
    expect(of('cifar10').files).toMatch(/cifar-10-binary\.tar\.gz; or the Python version, in cifar-10-batches-py/);
    expect(of('camvid')).toMatchObject({ splits: ['train', 'valid', 'test'], classes: 11, shape: null });
    expect(of('shapes')).toMatchObject({ needsFiles: false, files: null });
    expect(of('folder')).toMatchObject({ counts: null, classes: null });
    const { stdout } = ballastProcess('datasets');
    expect(stdout).toMatch(/cifar10 +classification +3 x 32 x 32 +10 +50,000 +- +10,000/);
    expect(stdout).toMatch(/ptb .*ptb\.train\.txt, ptb\.valid\.txt, ptb\.test\.txt/);
  });

  it('counts what procedural data has, which is what the list says', async () => {
    const { counts, classes, found } = await json('datasets', 'grammar', '--split', 'valid');
    expect(found.valid).toMatchObject({ tokens: counts.valid, vocabulary: classes, unknown: 0 });
    expect(found.valid.entropy).toBeCloseTo(1.969, 3);
    const shapes = (await json('datasets', 'shapes', '--split', 'test')).found.test;
    expect(shapes).toMatchObject({ images: 2000, shape: [3, 32, 32] });
    expect(shapes.classes[0]).toEqual({ name: 'disc', value: 200 });
    expect(shapes.pixels.reduce((sum: number, c: { value: number }) => sum + c.value, 0)).toBeCloseTo(1, 12);
  });

  it("reads a user's images and says what is odd about them", async () => {
    const one = writePictures('one', { 'cat/1.png': 51, 'cat/2.png': 51, 'dog/1.png': 204 });
    const { test } = (await json('datasets', 'folder', '--data', one)).found;
    expect(test).toMatchObject({ images: 3, shape: [3, 2, 2], sameAs: 'train' });
    expect(test.classes).toEqual([
      { name: 'cat', value: 2 },
      { name: 'dog', value: 1 },
    ]);
    for (const mean of test.mean) expect(mean).toBeCloseTo((0.2 + 0.2 + 0.8) / 3, 12);
    expect((await ballast('datasets', 'folder', '--data', one)).stdout).toMatch(/test and train are the same images/);
    const two = writePictures('two', { 'train/cat/1.png': 1, 'train/dog/1.png': 2, 'test/dog/1.png': 3 });
    const { stdout } = await ballast('datasets', 'folder', '--data', two);
    // Classes are those of training by name, in whatever other split they are.
    expect(stdout).toMatch(/cat +1 +0 +0\ndog +1 +1 +1\n/);
    expect(stdout).toMatch(/there are no valid images of their own: those of .*test stand for them/);
  });

  it('counts the words of a text', async () => {
    const dir = join(folder, 'text');
    mkdirSync(dir);
    writeFileSync(join(dir, 'train.txt'), 'a b a\nc\n');
    writeFileSync(join(dir, 'valid.txt'), 'a d\n');
    writeFileSync(join(dir, 'test.txt'), 'a\n');
    // a, b, c, <eos> and <unk>, which d is.
    expect((await json('datasets', 'text', '--data', dir)).found).toEqual({
      train: { tokens: 6, lines: 2, vocabulary: 5, unknown: 0 },
      valid: { tokens: 3, lines: 1, vocabulary: 5, unknown: 1 / 3 },
      test: { tokens: 2, lines: 1, vocabulary: 5, unknown: 0 },
    });
  });

  it.each([
    [['imagenet'], 2, /unknown data set "imagenet"; expected cifar10, .*grammar$/],
    [['cifar10', '--split', 'valid'], 2, /cifar10 has no split "valid"; expected train, test$/],
    [['shapes', '--data', folder], 2, /shapes is procedural/],
    [['--data', folder], 2, /go with the name of a data set/],
    [['mnist', '--data', folder], 1, /expected train-images-idx3-ubyte .*MNIST\/raw/],
    [['ptb', '--data', join(folder, 'none')], 1, /expected ptb\.train\.txt/],
  ])('refuses %j with one line', async (args, status, what) => {
    expectFailure(await ballast('datasets', ...args), status, what);
  });
});

describe.skipIf(!realData('cifar10'))('ballast datasets on real data', () => {
  it('finds 5,000 and 1,000 CIFAR-10 images of each class, of the known mean', async () => {
    const { train, test } = (await json('datasets', 'cifar10', '--data', realData('cifar10')!)).found;
    expect(train.classes.map((c: { value: number }) => c.value)).toEqual(Array(10).fill(5000));
    expect(test.classes.map((c: { value: number }) => c.value)).toEqual(Array(10).fill(1000));
    [0.49139968, 0.48215841, 0.44653091].forEach((mean, i) => {
      expect(train.mean[i]).toBeCloseTo(mean, 7);
    });
  });

  it('finds the pixels of the classes of CamVid, and those without', async () => {
    const { train } = (await json('datasets', 'camvid', '--data', realData('camvid')!, '--split', 'train')).found;
    expect(train.images).toBe(367);
    expect(train.classes).toBeUndefined();
    const share = (name: string) => train.pixels.find((c: { name: string }) => c.name === name).value;
    expect(share('sky')).toBeCloseTo(760_018 / 4_509_696, 12);
    expect(share('bicyclist')).toBeCloseTo(13_120 / 4_509_696, 12);
    expect(train.ignored).toBeCloseTo(178_601 / 4_509_696, 12);
  });

  it('finds as many tokens and words in the Penn Treebank as are known', async () => {
    const { counts, classes, found } = await json('datasets', 'ptb', '--data', realData('ptb')!);
    for (const split of ['train', 'valid', 'test'])
      expect(found[split]).toMatchObject({ tokens: counts[split], vocabulary: classes });
    expect(found.train.lines).toBe(42_068);
  });
});
