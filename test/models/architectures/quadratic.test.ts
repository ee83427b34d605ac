import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { grad } from '../../../src/autodiff/index.ts';
import { RandomStream } from '../../../src/base/random.ts';
import { quadratic } from '../../../src/models/architectures/quadratic.ts';
import { tensorOf, toNumbers } from '../../../src/onnx/index.ts';
import { compile } from '../../../src/runtime/index.ts';

describe('the noisy quadratic model', () => {
  it("has the gradient H theta + mean noise and the risk theta' H theta / 2", async () => {
    const spectrum = [3, 0.5, 1];
    const program = await compile(grad(quadratic({ spectrum }).trace(2), { wrt: ['theta'], of: 'loss' }));
    const out = await program.run({
      noise: tensorOf('float32', [2, 3], [1, 0, -2, 3, 0, 4]),
      theta: tensorOf('float32', [3], [1, -2, 4]),
    });
    await program.dispose();
    expect(toNumbers(out.theta_gradient!)).toEqual([3 + 2, -1 + 0, 4 + 1]);
    expect(toNumbers(out.loss!)[0]).toBe(0.5 * (3 + 2 + 16) + 2 + 0 + 4);
  });

  it.each([
    [0, 20],
    [0.8, 20],
  ])('has the expected risk that simulated SGD has (momentum %d)', (momentum, steps) => {
    const model = quadratic({ spectrum: [1, 0.3, 0.05], noise: [0.5, 0.2, 1] });
    const [runs, batch, learningRate] = [40_000, 4, 0.2];
    let total = 0;
    let squares = 0;
    const random = new RandomStream({ seed: 1, purpose: 'test/quadratic' });
    for (let r = 0; r < runs; r++) {
      let risk = 0;
      model.spectrum.forEach((h, i) => {
        let [theta, v] = [2, 0];
        for (let k = 0; k < steps; k++) {
          v = momentum * v + h * theta + (model.noiseScale[i]! / Math.sqrt(batch)) * random.normal();
          theta -= learningRate * v;
        }
        risk += 0.5 * h * theta ** 2;
      });
      total += risk;
      squares += risk ** 2;
    }
    const mean = total / runs;
    const error = Math.sqrt((squares / runs - mean ** 2) / runs);
    const expected = model.expectedRisk({ start: 2, learningRate, batch, steps, momentum });
    expect(Math.abs(mean - expected)).toBeLessThan(4 * error);
    expect(error / mean).toBeLessThan(0.01);
  });

  it('settles at lr c / (2 B (2 - lr h)) along each eigenvector without momentum', () => {
    const positive = fc.double({ min: 0.1, max: 1, noNaN: true });
    fc.assert(
      fc.property(positive, positive, positive, fc.integer({ min: 1, max: 64 }), (h, c, learningRate, batch) => {
        const risk = quadratic({ spectrum: [h], noise: [c] }).expectedRisk({
          start: 1,
          learningRate,
          batch,
          steps: 5000,
        });
        const settled = (learningRate * c) / (2 * batch * (2 - learningRate * h));
        expect(Math.abs(risk / settled - 1)).toBeLessThan(1e-6);
      }),
    );
  });

  it('refuses a spectrum that is none', () => {
    expect(() => quadratic({ spectrum: [] })).toThrow(/one or more positive numbers/);
    expect(() => quadratic({ spectrum: [1, -1] })).toThrow(/positive/);
    expect(() => quadratic({ spectrum: [1, 2], noise: [1] })).toThrow(/noise must be 2 numbers/);
  });
});
