/** The control that has the attack's length and its component along the gradient of the margin, and nothing else of it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RandomStream } from '../../../src/base/random.ts';
import { type Graph, GraphBuilder, tensor, tensorOf, type Value } from '../../../src/onnx/index.ts';
import {
  marginGradients,
  movedAlong,
  movedTo,
  noiseDirection,
  shuffledPixels,
  withControls,
} from '../../../src/stability/perturbations/index.ts';
import { activationsFrom } from '../../../src/stability/units/activations.ts';

const size = 24;
const draw = (purpose: string, n = size) => new RandomStream({ seed: 2, purpose }).fillNormal(new Float32Array(n));
const dot = (a: ArrayLike<number>, b: ArrayLike<number>) => Array.from(a).reduce((s, v, i) => s + v * b[i]!, 0);
const norm = (a: ArrayLike<number>) => Math.sqrt(dot(a, a));
const less = (a: Float32Array, b: Float32Array) => Float64Array.from(a, (v, i) => v - b[i]!);

describe('the directed control', () => {
  it('without a box is the component along the gradient plus noise orthogonal to it, in closed form', () => {
    const [origin, like, along, noise] = ['x', 'd', 'g', 'r'].map((purpose) => draw(purpose)) as [
      Float32Array,
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    const moved = less(movedAlong(origin, noise, { like, along, box: null }), origin);
    const g = Array.from(along, (v) => v / norm(along));
    const rest = Array.from(noise, (v, i) => v - dot(noise, g) * g[i]!);
    const c = dot(like, g);
    const factor = Math.sqrt(dot(like, like) - c * c) / norm(rest);
    moved.forEach((v, i) => {
      expect(v).toBeCloseTo(c * g[i]! + factor * rest[i]!, 5);
    });
  });

  it('in a box has the length and the component after clipping, as far as the box lets it', () => {
    const vector = (min: number, max: number) =>
      fc.array(fc.double({ min, max, noNaN: true }), { minLength: 6, maxLength: 6 });
    // Of one whose only free pixels lie almost across it the component is that of rounding.
    const slope = fc.oneof(fc.constant(0), fc.double({ min: 0.01, max: 1 }), fc.double({ min: -1, max: -0.01 }));
    fc.assert(
      fc.property(
        vector(0, 1),
        vector(0, 1),
        fc.array(slope, { minLength: 6, maxLength: 6 }),
        fc.integer({ min: 0, max: 1e6 }),
        (x, to, slope, index) => {
          const [origin, attacked, along] = [x, to, slope].map((v) => Float32Array.from(v)) as [
            Float32Array,
            Float32Array,
            Float32Array,
          ];
          const like = attacked.map((v, i) => v - origin[i]!);
          fc.pre(norm(like) > 1e-3 && norm(along) > 1e-3);
          const noise = noiseDirection('gaussian', 6, { seed: 0, index }, 'directed');
          const found = movedAlong(origin, noise, { like, along, box: { low: 0, high: 1 } });
          for (const v of found) expect(v >= 0 && v <= 1).toBe(true);
          const moved = less(found, origin);
          const length = norm(like);
          expect(Math.abs(dot(moved, along) - dot(like, along)) / norm(along)).toBeLessThan(1e-5 * length + 1e-6);
          expect(norm(moved)).toBeLessThan(length * (1 + 1e-5) + 1e-6);
          // Stuck in a corner of what the box leaves of the component's plane.
          const free = found.filter((v) => v > 1e-6 && v < 1 - 1e-6).length;
          if (free > 1) expect(norm(moved)).toBeGreaterThan(length * (1 - 1e-3) - 1e-6);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('is plain noise where the gradient is zero', () => {
    const [origin, like, noise] = [draw('x'), draw('d'), draw('r')];
    const limits = { norm: 'l2', box: null } as const;
    const found = movedAlong(origin, noise, { like, along: new Float32Array(size), box: null });
    expect(found).toEqual(movedTo(origin, noise, norm(like), limits));
  });

  it('leaves the other kinds as they were, draw by draw, and has draws of its own', () => {
    const ids = [4, 9];
    const origin = draw('images', 2 * size).map((v) => 0.5 + 0.2 * Math.tanh(v));
    const attacked = origin.map((v, i) => Math.min(1, Math.max(0, v + (i % 3 ? 0.03 : -0.03))));
    const gradients = draw('gradients', 2 * size);
    const found = withControls(origin, attacked, {
      ...{ noise: 'gaussian', channels: 3, pixels: true, gradients, answers: [1, 0], ids, seed: 5 },
    });
    expect(found.answers).toEqual([1, 0]);
    ids.forEach((index, i) => {
      const item = (block: Float32Array) => block.subarray(i * size, (i + 1) * size);
      const x = item(origin);
      const d = item(attacked).map((v, k) => v - x[k]!);
      const limits = { norm: 'l2', box: { low: 0, high: 1 } } as const;
      const key = { seed: 5, index };
      // The stream that the random control has had since the first version.
      const gaussian = new RandomStream({ ...key, purpose: 'perturbation/gaussian' }).fillNormal(
        new Float32Array(size),
      );
      const length = Math.sqrt(d.reduce((s, v) => s + v * v, 0));
      expect(item(found.perturbed.adversarial)).toEqual(item(attacked));
      expect(item(found.perturbed.random)).toEqual(movedTo(x, gaussian, length, limits));
      expect(item(found.perturbed.shuffled)).toEqual(movedTo(x, shuffledPixels(d, 3, key), length, limits));
      const directed = less(item(found.perturbed.directed), x);
      expect(norm(directed) / norm(d)).toBeCloseTo(1, 5);
      expect(dot(directed, item(gradients)) / dot(d, item(gradients))).toBeCloseTo(1, 4);
      const drawn = noiseDirection('gaussian', size, key, 'directed');
      expect(Math.abs(dot(drawn, gaussian)) / norm(drawn) / norm(gaussian)).toBeLessThan(0.9);
    });
  });
});

describe('the gradient of the margin', () => {
  /** Two layers that bend smoothly, for central differences. */
  function smooth(): { graph: Graph; inner: Value; image: Value; logits: Value } {
    const b = new GraphBuilder('smooth');
    const image = b.input('image', 'float32', [2, 6]);
    const weights = (name: string, rows: number, columns: number) =>
      b.constant(
        tensorOf(
          'float32',
          [rows, columns],
          [...draw(name, rows * columns)].map((v) => 0.5 * v),
        ),
      );
    const inner = b.op('Tanh', [b.matMul(image, weights('w1', 6, 8))]);
    const logits = b.matMul(b.op('Tanh', [b.matMul(inner, weights('w2', 8, 8))]), weights('w3', 8, 3));
    b.output('logits', logits);
    return { graph: b.build(), inner, image, logits };
  }

  it('is that of central differences, at the image and inside of the network, for each example its own', async () => {
    const { graph, inner, image, logits } = smooth();
    const images = tensor('float32', [2, 6], draw('images', 12));
    const [at] = await activationsFrom(graph, image, [inner, logits], [images]);
    const z = at!.get(logits)!.data as Float32Array;
    const answers = [0, 1].map((i) => [0, 1, 2].reduce((best, c) => (z[3 * i + c]! > z[3 * i + best]! ? c : best), 0));
    const margins = (values: Float32Array) =>
      answers.map((answer, i) => {
        const others = [0, 1, 2].filter((c) => c !== answer).map((c) => values[3 * i + c]!);
        return values[3 * i + answer]! - Math.max(...others);
      });
    const found = await marginGradients(graph, [image, inner], images, { answers });
    for (const from of [image, inner]) {
      const point = at!.get(from)!.data as Float32Array;
      const gradient = found.get(from)!;
      const width = point.length / 2;
      const step = 0.01;
      for (let k = 0; k < width; k++) {
        const shifted = (by: number) =>
          tensor(
            'float32',
            [2, width],
            point.map((v, i) => (i % width === k ? v + by : v)),
          );
        const [up, down] = await activationsFrom(graph, from, [logits], [shifted(step), shifted(-step)]);
        const [above, below] = [up!, down!].map((a) => margins(a.get(logits)!.data as Float32Array));
        for (const i of [0, 1]) {
          const slope = (above![i]! - below![i]!) / (2 * step);
          // The other sign: what the attacks raise.
          expect(-gradient[i * width + k]!, `${from.name}, example ${i}, value ${k}`).toBeCloseTo(slope, 2);
        }
      }
    }
  });
});
