/** The Hessian of the loss against closed forms, and against differences of float64 gradients. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RandomStream } from '../../src/base/random.ts';
import { eigenvalueDensity, extremeEigenpairs, symmetricEigenvalues, traceOfDensity } from '../../src/linalg/index.ts';
import { defineModel, type Model, mlp, modelNamed, quadratic } from '../../src/models/index.ts';
import { flattened, linear, type Params, type Scope } from '../../src/nn/index.ts';
import { type TensorData, tensor, tensorOf, type Value } from '../../src/onnx/index.ts';
import { HessianOperator } from '../../src/stability/index.ts';
import { classificationObjective } from '../../src/train/index.ts';
import { inFloat64, toFloat64 } from '../graphs/float64.ts';
import { calibratedParams, randomParams } from '../models/training.ts';

function pixelsOf(model: Model, count: number): Float64Array {
  const size = model.inputShape.reduce((n, d) => n * d, 1);
  const stream = new RandomStream({ seed: 11, purpose: 'test/images' });
  return Float64Array.from({ length: count * size }, () => stream.uniform());
}

const labelsOf = (model: Model, count: number) => Array.from({ length: count }, (_, i) => (7 * i + 3) % model.classes);

/** A classifier over `examples` random images, in float64 unless told. */
function hessianOf(
  model: Model,
  params: Params,
  {
    examples = 5,
    microBatch = examples,
    double = true,
  }: { examples?: number; microBatch?: number; double?: boolean } = {},
): HessianOperator {
  const size = model.inputShape.reduce((n, d) => n * d, 1);
  const [pixels, labels] = [pixelsOf(model, examples), labelsOf(model, examples)];
  return new HessianOperator({
    objective: (batch) => {
      const objective = classificationObjective(model, batch);
      return double ? { ...objective, graph: inFloat64(objective.graph) } : objective;
    },
    parameters: model.parameters,
    values: double ? new Map([...params].map(([name, t]) => [name, toFloat64(t)])) : params,
    examples,
    microBatch,
    batch: (first, n) => ({
      inputs: {
        image: tensorOf(
          double ? 'float64' : 'float32',
          [n, ...model.inputShape],
          [...pixels.subarray(first * size, (first + n) * size)],
        ),
        label: tensor('int64', [n], BigInt64Array.from(labels.slice(first, first + n), BigInt)),
      },
      targets: n,
    }),
    runtime: { threads: 1 },
  });
}

/** All columns, row-major. */
async function denseHessian(operator: HessianOperator): Promise<Float64Array> {
  const n = operator.rows;
  const identity = new Float64Array(n * n);
  for (let i = 0; i < n; i++) identity[i * n + i] = 1;
  return operator.apply(identity, n);
}

function normal(n: number, seed: number): Float64Array {
  return new RandomStream({ seed, purpose: 'test/direction' }).fillNormal(new Float64Array(n));
}

const dot = (a: Float64Array, b: Float64Array) => a.reduce((s, x, i) => s + x * b[i]!, 0);
const relative = (a: Float64Array, b: Float64Array) =>
  Math.sqrt(a.reduce((s, x, i) => s + (x - b[i]!) ** 2, 0) / dot(b, b));

/** Parameters moved along a flat direction. */
function moved(operator: HessianOperator, params: Params, step: number, direction: Float64Array): Params {
  const next = new Map([...params].map(([name, t]) => [name, toFloat64(t)] as const));
  for (const { name, offset } of operator.layout.entries) {
    const t = next.get(name)!;
    const data = Float64Array.from(t.data as Float64Array, (x, i) => x + step * direction[offset + i]!);
    next.set(name, { ...t, data } as TensorData);
  }
  return next;
}

/** H v by the five-point formula on float64 gradients. */
async function differences(model: Model, params: Params, v: Float64Array, h: number): Promise<Float64Array> {
  const at = hessianOf(model, params);
  const weights = [1 / 12, -2 / 3, 2 / 3, -1 / 12];
  const out = new Float64Array(v.length);
  for (const [i, s] of [-2, -1, 1, 2].entries()) {
    const there = hessianOf(model, moved(at, params, s * h, v));
    const { gradient } = await there.gradient();
    gradient.forEach((g, j) => {
      out[j]! += (weights[i]! * g) / h;
    });
    await there.dispose();
  }
  return out;
}

const small = mlp({ hidden: 6, classes: 3, inputShape: [1, 3, 3] });

describe('the Hessian of the loss', () => {
  it('of a quadratic is its matrix', async () => {
    const spectrum = [4, 2, 0.5, 0.125];
    const model = quadratic({ spectrum });
    const operator = new HessianOperator({
      objective: (batch) => ({ graph: model.trace(batch), loss: (_, outputs) => outputs.get('loss')! }),
      parameters: model.parameters,
      values: new Map([['theta', tensorOf('float32', [4], [1, -2, 3, 0])]]),
      examples: 3,
      microBatch: 2,
      batch: (first, n) => ({
        inputs: { noise: tensorOf('float32', [n, 4], [...normal(12, 1)].slice(4 * first, 4 * (first + n))) },
        targets: n,
      }),
    });
    const dense = await denseHessian(operator);
    expect([...dense]).toEqual(Array.from({ length: 16 }, (_, k) => (k % 5 === 0 ? spectrum[k / 5] : 0)));
    await operator.dispose();
  });

  it('of logistic regression is X ⊗ (diag p - p pᵀ)', async () => {
    const [inputs, classes, examples] = [3, 4, 6];
    const model = defineModel({
      name: 'logistic',
      inputShape: [1, 1, inputs],
      classes,
      normalization: { mean: [0], std: [1] },
      body: (scope: Scope, x: Value) => linear(scope, 'fc', flattened(scope, x), classes, { bias: 'zeros' }),
    });
    const params = randomParams(model, 0.7);
    const operator = hessianOf(model, params, { examples });
    const dense = await denseHessian(operator);
    const [w, c] = [params.get('fc.weight')!.data as Float32Array, params.get('fc.bias')!.data as Float32Array];
    const x = pixelsOf(model, examples);
    const n = classes * (inputs + 1);
    // Parameter (class, input) where input `inputs` is the bias, at its place in the flat vector.
    const at = (k: number, i: number) => (i < inputs ? k * inputs + i : classes * inputs + k);
    const expected = new Float64Array(n * n);
    for (let e = 0; e < examples; e++) {
      const features = [...x.subarray(e * inputs, (e + 1) * inputs), 1];
      const scores = Array.from({ length: classes }, (_, k) =>
        Math.exp(features.reduce((s, f, i) => s + f * (i < inputs ? w[k * inputs + i]! : c[k]!), 0)),
      );
      const sum = scores.reduce((s, z) => s + z, 0);
      const p = scores.map((z) => z / sum);
      for (let k = 0; k < classes; k++)
        for (let l = 0; l < classes; l++)
          for (let i = 0; i <= inputs; i++)
            for (let j = 0; j <= inputs; j++)
              expected[at(k, i) * n + at(l, j)]! +=
                (features[i]! * features[j]! * ((k === l ? p[k]! : 0) - p[k]! * p[l]!)) / examples;
    }
    expect(relative(dense, expected)).toBeLessThan(1e-12);
    await operator.dispose();
  });

  it('of a multi-layer perceptron equals differences of float64 gradients, column by column', async () => {
    const params = randomParams(small, 0.4);
    const operator = hessianOf(small, params);
    const dense = await denseHessian(operator);
    const n = operator.rows;
    for (const i of [0, 5, 17, 53, 54, 59, 60, 71, 77, 78, 80]) {
      const unit = new Float64Array(n);
      unit[i] = 1;
      const expected = await differences(small, params, unit, 1e-4);
      expect(relative(dense.slice(i * n, (i + 1) * n), expected), `column ${i}`).toBeLessThan(1e-7);
    }
    await operator.dispose();
  });

  it('in float32 is that of float64 to single precision, whatever the micro-batch', async () => {
    const params = randomParams(small, 0.4);
    const double = hessianOf(small, params, { examples: 7 });
    const v = normal(double.rows, 3);
    const expected = await double.apply(v, 1);
    const { loss, gradient } = await double.gradient();
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 8 }), async (microBatch) => {
        const single = hessianOf(small, params, { examples: 7, microBatch, double: false });
        expect(relative(await single.apply(v, 1), expected)).toBeLessThan(1e-5);
        const found = await single.gradient();
        expect(Math.abs(found.loss - loss)).toBeLessThan(1e-6 * loss);
        expect(relative(found.gradient, gradient)).toBeLessThan(1e-5);
        await single.dispose();
      }),
      { numRuns: 8 },
    );
    await double.dispose();
  });
});

// The larger ones are in curvature.slow.test.ts.
const families = ['resnet8', 'resnet8b', 'preresnet8', 'mobilenetv2'];

describe('second derivatives exist for the built-in classifiers', () => {
  it.each(families)('%s: the product is symmetric', async (name) => {
    const model = modelNamed(name);
    const operator = hessianOf(model, calibratedParams(model), { examples: 2, double: false });
    const [u, v] = [normal(operator.rows, 1), normal(operator.rows, 2)];
    const [hu, hv] = [await operator.apply(u, 1), await operator.apply(v, 1)];
    const size = Math.sqrt(dot(u, u) * dot(hv, hv));
    expect(size).toBeGreaterThan(1e-3);
    expect(Math.abs(dot(u, hv) - dot(v, hu)) / size).toBeLessThan(1e-4);
    await operator.dispose();
  });

  it('resnet8: it equals differences of float64 gradients', async () => {
    const model = modelNamed('resnet8', { inputShape: [3, 8, 8] });
    const params = calibratedParams(model);
    const operator = hessianOf(model, params);
    const v = normal(operator.rows, 4);
    const found = await operator.apply(v, 1);
    // Small enough that no ReLU changes its side.
    expect(relative(await differences(model, params, v, 1e-7), found)).toBeLessThan(1e-5);
    await operator.dispose();
  });
});

describe('its eigenvalues', () => {
  it('for small perceptrons are those of the dense matrix', async () => {
    const operator = hessianOf(small, randomParams(small, 0.4));
    const n = operator.rows;
    const { values } = await symmetricEigenvalues(await denseHessian(operator), n);
    const found = await extremeEigenpairs(operator, { largest: 4, smallest: 2, tolerance: 1e-8 });
    expect(found.largest.length).toBe(4);
    expect(found.smallest.length).toBe(2);
    const deviation = (value: number, i: number) => Math.abs(value - values[i]!) / values[0]!;
    found.largest.forEach((p, i) => {
      expect(deviation(p.value, i)).toBeLessThan(1e-8);
    });
    found.smallest.forEach((p, i) => {
      expect(deviation(p.value, n - 1 - i)).toBeLessThan(1e-8);
    });
    const density = await eigenvalueDensity(operator, { probes: 20, steps: 30 });
    const trace = values.reduce((s, x) => s + x, 0);
    const estimated = traceOfDensity(density, { known: found.largest });
    expect(Math.abs(estimated.value - trace)).toBeLessThan(4 * estimated.standardError);
    expect(estimated.standardError).toBeLessThan(0.2 * trace);
    await operator.dispose();
  });
});
