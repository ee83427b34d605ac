import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { RandomStream } from '../../src/base/random.ts';
import { crossEntropy } from '../../src/evaluate/losses.ts';
import { resnet } from '../../src/models/index.ts';
import { initialize, type ParameterSpec, type Params } from '../../src/nn/index.ts';
import { GraphBuilder, tensor } from '../../src/onnx/index.ts';
import { compile } from '../../src/runtime/index.ts';
import { flatLayout, packed, unpacked } from '../../src/train/flat.ts';
import { type Optimizer, optimizerNamed } from '../../src/train/optimizers/index.ts';
import type { Objective } from '../../src/train/step.ts';
import { classificationObjective } from '../../src/train/tasks/index.ts';
import { type Batch, Trainer } from '../../src/train/trainer.ts';

const open: Trainer[] = [];
afterAll(async () => {
  for (const trainer of open) await trainer.dispose();
});

async function trainerOf(options: Parameters<typeof Trainer.create>[0]): Promise<Trainer> {
  const trainer = await Trainer.create(options);
  open.push(trainer);
  return trainer;
}

const draw = new RandomStream({ seed: 3, purpose: 'test' });
const normal = (...shape: number[]) =>
  tensor('float32', shape, draw.fillNormal(new Float32Array(shape.reduce((n, d) => n * d, 1))));

/** Two linear layers with tanh between them: smooth, no batch norm, so that batches can be taken apart. */
function perceptron(batch: number): Objective {
  const b = new GraphBuilder('perceptron');
  const x = b.input('x', 'float32', [batch, 6]);
  const [w1, w2] = [b.input('w1', 'float32', [6, 5]), b.input('w2', 'float32', [5, 3])];
  b.output('logits', b.matMul(b.op('Tanh', [b.matMul(x, w1)]), w2));
  return {
    graph: b.build(),
    loss: (builder, outputs) => crossEntropy(builder, outputs.get('logits')!, builder.input('label', 'int64', [batch])),
  };
}
const specs: readonly ParameterSpec[] = [
  { name: 'w1', shape: [6, 5], init: 'kaimingNormal', trainable: true },
  { name: 'w2', shape: [5, 3], init: 'kaimingNormal', trainable: true },
];
const initial = initialize(specs, 1);
const x = normal(24, 6);
const labels = Array.from({ length: 24 }, (_, i) => BigInt((i * 7) % 3));
const rows = (from: number, count: number): Batch => ({
  inputs: {
    x: tensor('float32', [count, 6], (x.data as Float32Array).slice(from * 6, (from + count) * 6)),
    label: tensor('int64', [count], BigInt64Array.from(labels.slice(from, from + count))),
  },
  targets: count,
});

describe('a trainer', () => {
  const make = (rule: Optimizer, microBatch: number) =>
    trainerOf({ objective: perceptron, parameters: specs, initial, rule, batchSize: 24, microBatch });

  it('does with an accumulated batch what it does with the whole one', async () => {
    const rule = optimizerNamed('momentum', { weightDecay: 1e-2 });
    const [whole, parts] = [await make(rule, 24), await make(rule, 8)];
    for (let step = 0; step < 5; step++) {
      const a = await whole.step({ batch: () => rows(0, 24), scalars: rule.scalarsAt(step, 0.5), step });
      const c = await parts.step({ batch: (micro) => rows(8 * micro, 8), scalars: rule.scalarsAt(step, 0.5), step });
      expect(Math.abs(a.loss - c.loss)).toBeLessThan(1e-6);
      expect(c.gradSquare / a.gradSquare).toBeCloseTo(1, 5);
      // Gradients of smaller batches are larger: |g_b|² has the variance of the rows on top.
      expect(c.microSquare).toBeGreaterThan(c.gradSquare);
      expect(a.microSquare).toBeUndefined();
    }
    for (const [name, t] of whole.parameters()) {
      const other = parts.parameters().get(name)!.data as Float32Array;
      (t.data as Float32Array).forEach((v, i) => {
        expect(Math.abs(v - other[i]!)).toBeLessThan(1e-5);
      });
    }
  });

  it('goes on from its state bit for bit', async () => {
    const rule = optimizerNamed('adam');
    const [straight, first, second] = [await make(rule, 24), await make(rule, 24), await make(rule, 24)];
    const losses: number[] = [];
    for (let step = 0; step < 8; step++)
      losses.push((await straight.step({ batch: () => rows(0, 24), scalars: rule.scalarsAt(step, 0.05), step })).loss);
    for (let step = 0; step < 3; step++)
      await first.step({ batch: () => rows(0, 24), scalars: rule.scalarsAt(step, 0.05), step });
    second.restore(new Map([...first.state()].map(([name, t]) => [name, { ...t, data: t.data.slice() }])));
    for (let step = 3; step < 8; step++)
      expect((await second.step({ batch: () => rows(0, 24), scalars: rule.scalarsAt(step, 0.05), step })).loss).toBe(
        losses[step],
      );
    expect([...second.state()]).toEqual([...straight.state()]);
  });

  it('refuses a micro-batch that does not divide the batch, and a state of another model', async () => {
    await expect(make(optimizerNamed('sgd'), 7)).rejects.toThrow('7 does not divide the batch size 24');
    const trainer = await make(optimizerNamed('sgd'), 24);
    expect(() => trainer.restore(new Map([['w1', normal(2, 2)]]))).toThrow('w1 has 4 values, expected 30');
  });

  it('lets running statistics follow the batches as PyTorch does: a tenth of the new mean and unbiased variance', async () => {
    const model = resnet({ depth: 8, width: 4 });
    const rule = optimizerNamed('sgd');
    const start = initialize(model.parameters, 2);
    const trainer = await trainerOf({
      objective: (batch) => classificationObjective(model, batch),
      parameters: model.parameters,
      initial: start,
      rule,
      batchSize: 4,
      microBatch: 4,
    });
    const image = normal(4, 3, 32, 32);
    const label = tensor('int64', [4], new BigInt64Array(4));
    await trainer.step({ batch: () => ({ inputs: { image, label }, targets: 4 }), scalars: { lr: 0 }, step: 0 });
    // The first normalization's statistics, from the convolution's output in evaluation.
    const graph = model.build(start, 4);
    const conv = graph.nodes.find((n) => n.opType === 'Conv')!;
    const program = await compile({ ...graph, outputs: [{ name: 'y', value: conv.outputs[0]! }] });
    const y = (await program.run({ image })).y!.data as Float32Array;
    await program.dispose();
    const [mean, variance] = ['bn1.running_mean', 'bn1.running_var'].map(
      (name) => trainer.parameters().get(name)!.data,
    );
    for (let c = 0; c < 4; c++) {
      const values = Array.from({ length: 4 * 1024 }, (_, i) => y[(Math.floor(i / 1024) * 4 + c) * 1024 + (i % 1024)]!);
      const average = values.reduce((s, v) => s + v, 0) / values.length;
      const spread = values.reduce((s, v) => s + (v - average) ** 2, 0) / (values.length - 1);
      expect(Number(mean![c])).toBeCloseTo(0.1 * average, 5);
      expect(Number(variance![c])).toBeCloseTo(0.9 + 0.1 * spread, 4);
    }
  });
});

describe('flat vectors', () => {
  it('hold the tensors one after another, and give them back', () => {
    const shapes = fc.array(fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 3 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(shapes, (list) => {
        const params: Params = new Map(list.map((shape, i) => [`p${i}`, normal(...shape)]));
        const layout = flatLayout(list.map((shape, i) => ({ name: `p${i}`, shape })));
        expect(layout.length).toBe(list.reduce((n, s) => n + s.reduce((a, d) => a * d, 1), 0));
        expect([...unpacked(layout, packed(layout, params))]).toEqual([...params]);
      }),
    );
  });

  it('refuse a tensor that is missing', () => {
    const layout = flatLayout([{ name: 'a', shape: [2] }]);
    expect(() => packed(layout, new Map())).toThrow('parameter a has no values, expected 2');
  });
});
