import { afterAll, describe, expect, it } from 'vitest';
import { RandomStream } from '../../../src/base/random.ts';
import { loadNetwork } from '../../../src/models/index.ts';
import { tensor } from '../../../src/onnx/index.ts';
import { normOf, Propagation } from '../../../src/stability/perturbations/index.ts';
import { activationsAt, activationsFrom } from '../../../src/stability/units/activations.ts';
import { findUnits } from '../../../src/stability/units/units.ts';

const inputShape = [3, 16, 16];
const network = await loadNetwork({ model: 'resnet8', weights: 'random', seed: 4, inputShape, classes: 4 });
const graph = network.graph(1);
const units = findUnits(graph);
const size = 3 * 16 * 16;
const count = 3;
const draw = (purpose: string, n: number) => new RandomStream({ seed: 6, purpose }).fillNormal(new Float32Array(n));
const clean = draw('images', count * size).map((v) => 0.5 + 0.2 * Math.tanh(v));

/** Clean images moved along fixed directions of the relative length `share`. */
function movedBy(share: number): Float32Array {
  const d = draw('directions', count * size);
  return clean.map((v, i) => {
    const item = Math.floor(i / size);
    return v + (share * normOf('l2', clean, item, size) * d[i]!) / normOf('l2', d, item, size);
  });
}

const propagation = new Propagation(network, { batch: 2 });
afterAll(() => propagation.dispose());

const norm = (a: ArrayLike<number>) => Math.sqrt(Array.from(a).reduce((s, v) => s + v * v, 0));
const image = (block: Float32Array, item: number) =>
  tensor('float32', [1, ...inputShape], block.slice(item * size, (item + 1) * size));

describe('propagation of perturbations', () => {
  it('has the norms of the states of two separate passes at every place', async () => {
    const moved = movedBy(0.05);
    const rows = await propagation.follow(clean, moved);
    expect(rows.map((r) => r.name)).toEqual(['image', 'stem', 'layer1.0', 'layer2.0', 'layer3.0', 'logits']);
    const places = [graph.inputs[0]!, units[0]!.input, ...units.map((u) => u.output), graph.outputs[0]!.value];
    for (let item = 0; item < count; item++) {
      const [before, after] = await activationsAt(graph, places.slice(1), [image(clean, item), image(moved, item)]);
      places.slice(1).forEach((place, p) => {
        const [x, y] = [before!.get(place)!.data as Float32Array, after!.get(place)!.data as Float32Array];
        const row = rows[p + 1]!;
        expect(row.size).toBe(x.length);
        expect(row.state[item]! / norm(x)).toBeCloseTo(1, 4);
        expect(row.perturbation[item]! / norm(x.map((v, i) => y[i]! - v))).toBeCloseTo(1, 3);
        expect(row.incoming![item]).toBeCloseTo(rows[p]!.perturbation[item]!, 4);
      });
    }
  });

  it('has gains equal to the predicted ones for infinitesimal perturbations, and errors that vanish with their size', async () => {
    const errors: number[] = [];
    for (const share of [0.1, 0.01, 0.0005]) {
      const rows = await propagation.follow(clean, movedBy(share));
      let worst = 0;
      for (const row of rows.slice(1)) {
        for (let item = 0; item < count; item++) {
          worst = Math.max(worst, row.error![item]! / row.perturbation[item]!);
          if (share !== 0.0005) continue;
          // A ReLU or two may still change sides, and differences of float32 passes have three digits left.
          for (const predicted of [row.predicted!, row.predictedFromEntry])
            expect(Math.abs(predicted[item]! / row.perturbation[item]! - 1), row.name).toBeLessThan(0.01);
        }
      }
      errors.push(worst);
    }
    expect(errors[1]!).toBeLessThan(0.6 * errors[0]!);
    expect(errors[2]!).toBeLessThan(0.6 * errors[1]!);
    expect(errors[0]!, 'the large perturbation is not linear').toBeGreaterThan(0.02);
  });

  it('begins at the input of any unit, with what follows the same as from there', async () => {
    const unit = units[1]!;
    const inner = new Propagation(network, { entry: unit.name });
    const [at] = await activationsAt(graph, [unit.input], [image(clean, 0)]);
    const x = at!.get(unit.input)!;
    const moved = (x.data as Float32Array).map((v, i) => v + (i % 7 === 0 ? 0.1 : 0));
    const rows = await inner.follow(x.data as Float32Array, moved);
    expect(rows.map((r) => r.name)).toEqual([`input of ${unit.name}`, 'layer2.0', 'layer3.0', 'logits']);
    const values = [units[1]!.output, units[2]!.output];
    const points = [x, tensor('float32', x.shape, moved)];
    const [before, after] = await activationsFrom(graph, unit.input, values, points);
    values.forEach((value, i) => {
      const [a, b] = [before!.get(value)!.data as Float32Array, after!.get(value)!.data as Float32Array];
      expect(rows[i + 1]!.perturbation[0]! / norm(a.map((v, k) => b[k]! - v))).toBeCloseTo(1, 3);
    });
    await inner.dispose();
  });
});
