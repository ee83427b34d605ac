import { describe, expect, it } from 'vitest';
import { grammarDataset, type ImageDataset, shapesDataset, toFloat } from '../../src/data/index.ts';
import { ModelEvaluator } from '../../src/evaluate/model-evaluator.ts';
import { evaluateNetwork, heldOutScore } from '../../src/evaluate/network.ts';
import { withOwnAnswers } from '../../src/evaluate/own-answers.ts';
import { ConfusionMatrix, meanIoU } from '../../src/evaluate/scores.ts';
import { loadNetwork, modelNamed, withValues } from '../../src/models/index.ts';
import { initialize } from '../../src/nn/index.ts';
import { tensor } from '../../src/onnx/index.ts';
import { compile } from '../../src/runtime/index.ts';

describe('scores of segmentation', () => {
  it('are hits over hits, misses and false alarms, and leave out classes that do not occur', () => {
    const confusion = new ConfusionMatrix(4);
    const pairs = [
      [0, 0],
      [0, 0],
      [0, 1],
      [1, 1],
      [2, 0],
    ];
    for (const [truth, predicted] of pairs) confusion.add(truth!, predicted!);
    const scores = confusion.scores(['a', 'b', 'c', 'd']);
    expect(scores).toEqual([
      { name: 'a', iou: 2 / 4, pixels: 3 },
      { name: 'b', iou: 1 / 2, pixels: 1 },
      { name: 'c', iou: 0, pixels: 1 },
      { name: 'd', iou: undefined, pixels: 0 },
    ]);
    expect(meanIoU(scores)).toBeCloseTo(1 / 3, 12);
    expect(confusion.accuracy).toBe(3 / 5);
  });
});

describe('evaluation', () => {
  it('of segmentation counts every pixel but the ignored ones', async () => {
    const shapes = shapesDataset({ split: 'test', count: 5, seed: 3 });
    const data: ImageDataset = { ...shapes, ignoreLabel: 10, maskClasses: shapes.maskClasses!.slice(0, 10) };
    const model = modelNamed('unet4', { inputShape: data.shape, classes: 10 });
    const network = withValues(model, initialize(model.parameters, 1));
    const result = await evaluateNetwork(network, data, { batchSize: 2 });
    // The same from the logits of all images at once.
    const program = await compile(network.graph(5));
    const image = tensor('float32', [5, ...data.shape], toFloat(data, [0, 1, 2, 3, 4]));
    const logits = (await program.run({ image })).logits!.data as Float32Array;
    await program.dispose();
    let [loss, count, hits] = [0, 0, 0];
    data.masks!.forEach((label, at) => {
      if (label === 10) return;
      const [i, p] = [Math.floor(at / 1024), at % 1024];
      const row = Array.from({ length: 10 }, (_, c) => logits[(i * 10 + c) * 1024 + p]!);
      loss += Math.log(row.reduce((s, z) => s + Math.exp(z), 0)) - row[label]!;
      if (row.indexOf(Math.max(...row)) === label) hits++;
      count++;
    });
    if (result.task !== 'segmentation') throw new Error(`evaluated as ${result.task}`);
    expect(count).toBeGreaterThan(500);
    expect(result.loss).toBeCloseTo(loss / count, 5);
    expect(result.pixelAccuracy).toBeCloseTo(hits / count, 3);
    expect(result.classes.reduce((n, c) => n + c.pixels, 0)).toBe(count);
  });

  it('of a recurrent language model carries the state: windows of any length give the same loss', async () => {
    const text = grammarDataset({ seed: 1, count: 200, split: 'valid' });
    const losses: number[] = [];
    for (const length of [7, 25, 66]) {
      const model = modelNamed('lstm1x12', { classes: text.vocabulary.length });
      const network = withValues(model, initialize(model.parameters, 2));
      const result = await evaluateNetwork({ ...network, inputShape: [length] }, text, { batchSize: 3 });
      if (result.task !== 'language') throw new Error(`evaluated as ${result.task}`);
      expect(result.count).toBe(3 * 65);
      expect(result.perplexity).toBeCloseTo(Math.exp(result.loss), 10);
      losses.push(result.loss);
    }
    for (const loss of losses) expect(loss).toBeCloseTo(losses[0]!, 5);
  });

  it('refuses data of another kind', async () => {
    const [shapes, text] = [
      shapesDataset({ split: 'test', count: 2, seed: 1 }),
      grammarDataset({ seed: 1, count: 50, split: 'test' }),
    ];
    const of = (name: string, classes?: number) => {
      const model = modelNamed(name, classes === undefined ? {} : { classes });
      return withValues(model, initialize(model.parameters, 1));
    };
    await expect(evaluateNetwork(of('resnet8'), text)).rejects.toThrow(
      'resnet8 is for classification, grammar is text',
    );
    await expect(evaluateNetwork(of('lstm1x8', 50), shapes)).rejects.toThrow(
      'lstm1x8 is a language model, shapes has images',
    );
    await expect(evaluateNetwork(of('lstm1x8', 9), text)).rejects.toThrow(
      'lstm1x8 knows 9 words, the vocabulary of grammar has',
    );
    const { masks: _, ...plain } = shapes;
    const model = modelNamed('unet4', { inputShape: shapes.shape });
    const network = withValues(model, initialize(model.parameters, 1));
    await expect(evaluateNetwork(network, plain)).rejects.toThrow('shapes has no masks');
  });

  it('refuses images of fewer classes than the network has, and images without labels', async () => {
    const shapes = shapesDataset({ split: 'test', count: 4, seed: 1 });
    const model = modelNamed('mlp4', { inputShape: shapes.shape });
    const network = withValues(model, initialize(model.parameters, 1));
    const two = { ...shapes, name: 'folder', classes: ['ant', 'dog'], labels: Int32Array.of(0, 1, 0, 1) };
    await expect(evaluateNetwork(network, two)).rejects.toThrow(
      'mlp4 knows 10 classes, folder has 2 (ant, dog); give the names of the network’s classes in their order to match them by name',
    );
    const flat = { ...shapes, classes: [], labels: new Uint8Array(0) };
    await expect(evaluateNetwork(network, flat)).rejects.toThrow('has no label for each image');
  });
});

describe('a model whose values change', () => {
  const shapes = shapesDataset({ split: 'test', count: 5, seed: 3 });
  const text = (split: 'valid' | 'test') => grammarDataset({ seed: 1, count: 200, split });
  const words = { classes: text('valid').vocabulary.length };
  const images = [shapes, shapesDataset({ split: 'train', count: 3, seed: 3 })] as const;
  it.each([
    ['resnet8', {}, images],
    ['unet4', { inputShape: shapes.shape, classes: shapes.maskClasses!.length }, images],
    ['lstm1x12', words, [text('valid'), text('test')]],
    ['transformer1x16', words, [text('valid'), text('test')]],
  ] as const)('is judged as its network with those values is: %s', async (name, request, data) => {
    const model = modelNamed(name, request);
    const evaluator = new ModelEvaluator(model);
    for (const seed of [1, 2]) {
      const fresh = initialize(model.parameters, seed);
      // Running statistics that a normalization has to heed.
      const values = new Map(
        [...fresh].map(([key, t]) => [
          key,
          key.includes('running')
            ? tensor(
                'float32',
                t.shape,
                Float32Array.from(t.data as Float32Array, (v) => 0.3 + seed * v),
              )
            : t,
        ]),
      );
      for (const set of data) {
        const expected = await evaluateNetwork(withValues(model, values), set);
        const found = await evaluator.evaluate(values, set);
        expect(found.count).toBe(expected.count);
        expect(found.loss).toBeCloseTo(expected.loss, 5);
        expect(heldOutScore(found).metric).toBeCloseTo(
          heldOutScore(expected).metric,
          expected.task === 'language' ? 3 : 6,
        );
      }
    }
    await evaluator.dispose();
  });
});

describe('images that a measurement takes', () => {
  it('have the network’s own answers for labels where they have none of its classes, which name and notes say', async () => {
    const shapes = shapesDataset({ split: 'test', count: 40, seed: 1 });
    const network = await loadNetwork({ model: 'mlp4', weights: 'random', inputShape: shapes.shape, seed: 3 });
    const plain = await withOwnAnswers(network, shapes);
    expect(plain).toBe(shapes);
    for (const classes of [[], ['ant', 'dog']]) {
      const labels = classes.length ? Int32Array.from({ length: 40 }, (_, i) => i % 2) : new Uint8Array(0);
      const own = await withOwnAnswers(network, { ...shapes, classes, labels });
      expect(own.name).toBe('shapes, labelled by the network itself');
      expect(own.notes!.at(-1)).toMatch(/the network’s own answers are taken for labels$/);
      expect(own.classes).toHaveLength(10);
      // Judged by its own answers it is always right.
      expect(await evaluateNetwork(network, own)).toMatchObject({ task: 'classification', accuracy: 1, count: 40 });
    }
  });
});
