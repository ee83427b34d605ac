import { describe, expect, it } from 'vitest';
import { shapesDataset, toFloat } from '../../src/data/index.ts';
import { smallSvd } from '../../src/linalg/small-svd.ts';
import { mlp, resnet, withValues } from '../../src/models/index.ts';
import { initialize } from '../../src/nn/index.ts';
import { tensor } from '../../src/onnx/index.ts';
import { compile } from '../../src/runtime/index.ts';
import { measureSpectra } from '../../src/stability/index.ts';

const dataset = shapesDataset({ seed: 3, split: 'test', count: 4 });
const settings = {
  ...{ dataset, images: [0, 3], stages: false, finalRelu: false, whole: true },
  ...({ method: 'auto', top: 3 } as const),
};

describe('the Jacobian from the pixels to the logits', () => {
  it('has the singular values of W2 D W1 for a perceptron, D the active ones of the hidden ReLU', async () => {
    const model = mlp({ hidden: 24, normalization: { mean: [0, 0, 0], std: [1, 1, 1] } });
    const values = initialize(model.parameters, 5);
    const network = { ...withValues(model, values), weights: 'test' };
    const result = await measureSpectra({ ...settings, network, units: 'all' });
    const of = (name: string) => values.get(name)!.data as Float32Array;
    for (const { index, network: found, units } of result.images) {
      const x = toFloat(dataset, [index]);
      const product = Array.from({ length: 10 }, () => new Float64Array(3072));
      for (let h = 0; h < 24; h++) {
        const row = of('fc1.weight').subarray(3072 * h, 3072 * (h + 1));
        if (row.reduce((sum, w, i) => sum + w * x[i]!, of('fc1.bias')[h]!) <= 0) continue;
        for (let c = 0; c < 10; c++)
          for (let i = 0; i < 3072; i++) product[c]![i]! += of('fc2.weight')[24 * c + h]! * row[i]!;
      }
      const matrix = new Float64Array(30_720);
      for (let c = 0; c < 10; c++) for (let i = 0; i < 3072; i++) matrix[10 * i + c] = product[c]![i]!;
      const expected = [...smallSvd(matrix, 3072, 10).values];
      expect(units).toEqual([]);
      expect(found).toMatchObject({ name: 'network', shape: [10, 3072], complete: true, plateau: null });
      found!.singularValues.forEach((s, i) => {
        expect(Math.abs(s - expected[i]!)).toBeLessThan(1e-5 * expected[0]!);
      });
    }
  });

  it('foretells how far the logits of a ResNet move, in every direction of the pixels', async () => {
    const model = resnet({ depth: 8, width: 4 });
    const network = { ...withValues(model, initialize(model.parameters, 2)), weights: 'test' };
    const result = await measureSpectra({ ...settings, network, units: 'layer3.0' });
    const program = await compile(network.graph(1));
    const logitsAt = async (x: Float32Array) =>
      Object.values(await program.run({ image: tensor('float32', [1, 3, 32, 32], x) }))[0]!.data as Float32Array;
    const [first, second] = result.images;
    const [largest, ...others] = first!.network!.singularValues;
    expect(others).toHaveLength(9);
    expect([...others].sort((a, b) => b - a)).toEqual(others);
    expect(second!.network!.singularValues[0]).not.toBe(largest);
    const x = toFloat(dataset, [0]);
    const at = await logitsAt(x);
    for (const seed of [1, 2, 3]) {
      const d = Float32Array.from({ length: 3072 }, (_, i) => 1e-3 * Math.sin(seed * 997 * (i + 1)));
      const moved = await logitsAt(x.map((v, i) => v + d[i]!));
      const gain = Math.hypot(...moved.map((l, c) => l - at[c]!)) / Math.hypot(...d);
      expect(gain).toBeLessThan(1.02 * largest!);
      expect(gain).toBeGreaterThan(0);
    }
    await program.dispose();
  });
});
