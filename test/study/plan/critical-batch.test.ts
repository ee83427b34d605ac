/** B_crit from the noise scale, on the noisy quadratic model, where everything has a closed form. */
import { describe, expect, it } from 'vitest';
import { RandomStream } from '../../../src/base/random.ts';
import { type QuadraticModel, quadratic } from '../../../src/models/index.ts';
import { tensor } from '../../../src/onnx/index.ts';
import { criticalBatchOf } from '../../../src/study/plan/critical-batch.ts';
import { type NoiseRecord, noiseRecords } from '../../../src/study/plan/noise-record.ts';
import { noiseOfStep, optimizerNamed, Trainer } from '../../../src/train/index.ts';

const [batchSize, microBatch] = [64, 16];
const sum = (values: readonly number[]) => values.reduce((s, v) => s + v, 0);
const square = (vector: readonly number[]) => sum(vector.map((v) => v * v));
const trace = (model: QuadraticModel) => square(model.noiseScale);
const gradientAt = (model: QuadraticModel, theta: readonly number[]) => model.spectrum.map((h, i) => h * theta[i]!);

interface Walk {
  readonly records: readonly NoiseRecord[];
  /** Mean of N over progress along the very path that was walked. */
  readonly truth: number;
}

/** SGD on the quadratic from (1, ..., 1), with exactly drawn micro-batches. */
function walk(model: QuadraticModel, rate: number, steps: number, seed: number): Walk {
  const random = new RandomStream({ seed, purpose: 'test/walk' });
  let theta = model.spectrum.map(() => 1);
  const records: NoiseRecord[] = [];
  let [progress, examples] = [0, 0];
  for (let step = 1; step <= steps; step++) {
    const gradient = gradientAt(model, theta);
    const micros = Array.from({ length: batchSize / microBatch }, () =>
      gradient.map((g, i) => g + (model.noiseScale[i]! / Math.sqrt(microBatch)) * random.normal()),
    );
    const whole = gradient.map((_, i) => sum(micros.map((m) => m[i]!)) / micros.length);
    const squares = { gradSquare: square(whole), microSquare: sum(micros.map(square)) / micros.length };
    records.push({ step, steps: 1, ...noiseOfStep(squares, { batchSize, microBatch })!, square: squares.gradSquare });
    const expected = square(gradient) + trace(model) / batchSize;
    progress += square(gradient) / expected;
    examples += trace(model) / expected;
    theta = theta.map((t, i) => t - rate * whole[i]!);
  }
  return { records, truth: examples / progress };
}

const spectrum = Array.from({ length: 60 }, (_, i) => 1 / (1 + 0.1 * i));

describe('the critical batch from the noise scale', () => {
  it('has an interval that covers the truth about as often as it says, at rest and in motion', () => {
    const model = quadratic({ spectrum, noise: spectrum.map((h) => 60 * h) });
    for (const rate of [0, 0.003]) {
      const runs = 60;
      const covered = Array.from({ length: runs }, (_, seed) => {
        const { records, truth } = walk(model, rate, 160, seed);
        const { low, high } = criticalBatchOf(records, { seed, draws: 200 });
        return low <= truth && (high === null || truth <= high);
      }).filter(Boolean).length;
      // 95 % nominal; blocks of a short run are a little too sure of themselves.
      expect(covered / runs).toBeGreaterThan(0.8);
    }
  });

  it('is near tr Σ / |G|² at rest', () => {
    const model = quadratic({ spectrum, noise: spectrum.map((h) => 20 * h) });
    const { records, truth } = walk(model, 0, 400, 7);
    expect(truth).toBeCloseTo(trace(model) / square(spectrum), 9);
    const found = criticalBatchOf(records);
    expect(Math.abs(found.value / truth - 1)).toBeLessThan(0.1);
    expect(found.high! / found.low).toBeLessThan(1.5);
    expect(found.unweighted!.value / truth).toBeCloseTo(1, 1);
  });

  it('is the B_crit of steps to a target: with rates tuned to the batch, S = Smin (1 + B_crit / B)', () => {
    // All eigenvalues alike: here B_simple has no bias. Risk falls from r0 to r1 at a small share of the best rate 1 / (h (1 + N/B)).
    const [h, c, d, share] = [0.5, 40, 100, 0.02];
    const model = quadratic({ spectrum: Array<number>(d).fill(h), noise: Array<number>(d).fill(c) });
    const noiseAt = (moment: number) => c / (h * h * moment);
    const stepsTo = (batch: number, target: number) => {
      let [moment, steps] = [1, 0];
      // E theta² of one coordinate: (1 - rate h)² moment + rate² c / B.
      while (moment > target) {
        const rate = share / (h * (1 + noiseAt(moment) / batch));
        moment = (1 - rate * h) ** 2 * moment + (rate ** 2 * c) / batch;
        steps++;
      }
      return steps;
    };
    const target = 0.2;
    const closed = ((c / h ** 2) * (1 / target - 1)) / Math.log(1 / target);
    // The hyperbola through two batch sizes gives B_crit; others lie on it.
    const [small, large] = [stepsTo(50, target), stepsTo(5000, target)];
    const fitted = (small - large) / (large / 50 - small / 5000);
    expect(Math.abs(fitted / closed - 1)).toBeLessThan(0.05);
    for (const b of [100, 400, 1600]) {
      const minSteps = large / (1 + fitted / 5000);
      expect(Math.abs(stepsTo(b, target) / (minSteps * (1 + fitted / b)) - 1)).toBeLessThan(0.03);
    }
    // One run at one batch size, tuned alike, foretells it from its gradients alone.
    const random = new RandomStream({ seed: 4, purpose: 'test/tuned' });
    let theta: number[] = model.spectrum.map(() => 1);
    const records: NoiseRecord[] = [];
    const total = stepsTo(batchSize, target);
    for (let step = 1; step <= total; step++) {
      const gradient = gradientAt(model, theta);
      const micros = Array.from({ length: 4 }, () =>
        gradient.map((g) => g + Math.sqrt(c / microBatch) * random.normal()),
      );
      const whole = gradient.map((_, i) => sum(micros.map((m) => m[i]!)) / 4);
      const squares = { gradSquare: square(whole), microSquare: sum(micros.map(square)) / 4 };
      records.push({ step, steps: 1, ...noiseOfStep(squares, { batchSize, microBatch })!, square: squares.gradSquare });
      const rate = share / (h * (1 + noiseAt(square(theta) / d) / batchSize));
      theta = theta.map((t, i) => t - rate * whole[i]!);
    }
    const found = criticalBatchOf(records);
    expect(found.low).toBeLessThan(closed);
    expect(found.high!).toBeGreaterThan(closed);
    expect(Math.abs(found.value / closed - 1)).toBeLessThan(0.12);
    // The noise scale grows fivefold on the way.
    expect(found.late.scale!.value).toBeGreaterThan(2 * found.early.scale!.value);
    expect(found.early.scale!.value).toBeLessThan(found.value);
  });

  it('comes out of a real trainer as out of the formulas', async () => {
    const model = quadratic({ spectrum, noise: spectrum.map((h) => 60 * h) });
    const random = new RandomStream({ seed: 2, purpose: 'test/trainer' });
    const rule = optimizerNamed('sgd', { weightDecay: 0 });
    const trainer = await Trainer.create({
      objective: (batch) => ({ graph: model.trace(batch), loss: (_, outputs) => outputs.get('loss')! }),
      parameters: model.parameters,
      initial: new Map([['theta', tensor('float32', [60], new Float32Array(60).fill(1))]]),
      rule,
      batchSize,
      microBatch,
    });
    const rows = () => {
      const data = new Float32Array(microBatch * 60);
      for (let i = 0; i < data.length; i++) data[i] = model.noiseScale[i % 60]! * random.normal();
      return { inputs: { noise: tensor('float32', [microBatch, 60], data) }, targets: 1 };
    };
    const metrics = [];
    let [square2, micro2] = [0, 0];
    for (let step = 0; step < 200; step++) {
      const result = await trainer.step({ batch: rows, scalars: rule.scalarsAt(step, 0), step });
      square2 += result.gradSquare / 2;
      micro2 += result.microSquare! / 2;
      if (step % 2 === 0) continue;
      const line = { step: step + 1, epoch: 0, examples: 0, seconds: 0, trainLoss: 0, lr: 0, batchSize };
      metrics.push({ ...line, gradNorm: Math.sqrt(square2), microGradNorm: Math.sqrt(micro2) });
      [square2, micro2] = [0, 0];
    }
    await trainer.dispose();
    const records = noiseRecords(metrics, microBatch);
    expect(records.map((r) => r.steps)).toEqual(Array(100).fill(2));
    const { low, high } = criticalBatchOf(records);
    const truth = trace(model) / square(spectrum);
    expect(low).toBeLessThan(truth);
    expect(high!).toBeGreaterThan(truth);
  });

  it('says when the signal is lost, or may be', () => {
    const record = (signal: number, i: number): NoiseRecord => ({
      step: i + 1,
      steps: 1,
      signal,
      noise: 10,
      square: Math.max(0.1, signal + 1),
    });
    const lost = Array.from({ length: 40 }, (_, i) => record(i % 2 ? -3 : 1, i));
    expect(() => criticalBatchOf(lost)).toThrow(/lost in its noise over 40 steps/);
    const doubtful = Array.from({ length: 40 }, (_, i) => record(i % 8 < 4 ? -3 : 3.05, i));
    expect(criticalBatchOf(doubtful).high).toBeNull();
    expect(() => criticalBatchOf(lost.slice(0, 5))).toThrow(/expected at least 16/);
  });
});
