import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { RandomStream } from '../../../src/base/random.ts';
import { type Csr, smallSvd } from '../../../src/linalg/index.ts';
import type { Network } from '../../../src/models/index.ts';
import { type Graph, GraphBuilder, type PlainAttributes, sizeOf, tensor } from '../../../src/onnx/index.ts';
import { circularSingularValues } from '../../../src/stability/convolutions/circular.ts';
import { type ConvolutionLayer, findConvolutions, volume } from '../../../src/stability/convolutions/layers.ts';
import { convolutionMatrix } from '../../../src/stability/convolutions/matrix.ts';
import {
  ConvolutionsMeasurement,
  type ConvolutionsRequest,
  convolutionsCache,
  measureConvolutions,
} from '../../../src/stability/convolutions/measure.ts';
import { LinearizedMap } from '../../../src/stability/spectra/jacobian.ts';
import { pixelMajorOrder, probeDense } from '../../../src/stability/spectra/probing.ts';

const folder = mkdtempSync(join(tmpdir(), 'ballast-convolutions-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Case {
  readonly image: readonly number[];
  readonly weight: readonly number[];
  readonly attributes: PlainAttributes;
}

const random = (shape: readonly number[], seed = 1) =>
  tensor('float32', shape, new RandomStream({ seed, purpose: 'test' }).fillNormal(new Float32Array(sizeOf(shape))));

function graphOf({ image, weight, attributes }: Case, norm = false): Graph {
  const b = new GraphBuilder('one');
  const x = b.input('image', 'float32', [1, ...image]);
  const y = b.conv(x, b.constant(random(weight), 'features.0.weight'), null, attributes);
  const filters = weight[0]!;
  const each = (value: (i: number) => number) =>
    b.constant(
      tensor(
        'float32',
        [filters],
        Float32Array.from({ length: filters }, (_, i) => value(i)),
      ),
    );
  const four = [each((i) => 1 + i), each(() => 0.3), each(() => 1), each(() => 4)];
  b.output('y', norm ? b.op('BatchNormalization', [y, ...four], { epsilon: 0 }) : y);
  return b.build();
}

const layerOf = (c: Case): ConvolutionLayer => findConvolutions(graphOf(c), false).layers[0]!;

const networkOf = (graph: Graph): Network => ({
  name: 'one',
  weights: 'made up',
  task: 'classification',
  inputShape: graph.inputs[0]!.shape.slice(1) as number[],
  classes: 1,
  graph: () => graph,
});

const measured = async (graph: Graph, more: Partial<ConvolutionsRequest> = {}) => {
  const request: ConvolutionsRequest = {
    network: networkOf(graph),
    layers: 'all',
    foldNorm: false,
    method: 'auto',
    top: 5,
    ...more,
  };
  return (await measureConvolutions(request)).layers;
};

const same = { pads: [1, 1, 1, 1] };
const cases: Readonly<Record<string, Case>> = {
  'with zero padding': { image: [3, 7, 6], weight: [4, 3, 3, 3], attributes: same },
  'strided, padded on one side': {
    image: [2, 8, 7],
    weight: [5, 2, 3, 2],
    attributes: { strides: [2, 1], pads: [0, 1, 1, 0] },
  },
  'dilated, no padding': { image: [2, 8, 8], weight: [2, 2, 3, 3], attributes: { dilations: [2, 2] } },
  'in groups': { image: [6, 5, 5], weight: [4, 3, 3, 3], attributes: { ...same, group: 2, strides: [2, 2] } },
  'of single channels': { image: [4, 6, 6], weight: [4, 1, 3, 3], attributes: { ...same, group: 4 } },
  'with automatic padding': {
    image: [2, 6, 6],
    weight: [3, 2, 3, 3],
    attributes: { auto_pad: 'SAME_UPPER', strides: [2, 2] },
  },
  'in one dimension': { image: [3, 11], weight: [2, 3, 4], attributes: { pads: [2, 1], strides: [3] } },
};

/** Largest error relative to the largest value. */
function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  let worst = 0;
  for (let i = 0; i < a.length; i++) worst = Math.max(worst, Math.abs(a[i]! - b[i]!));
  return worst / b[0]!;
}

/** What ONNX Runtime computes for the convolution, column by column, as a dense matrix. */
async function denseOf(c: Case) {
  const { graph, layers } = findConvolutions(graphOf(c), false);
  const { input, output } = layers[0]!;
  const map = new LinearizedMap(graph, input, output, { vectors: 16 });
  try {
    const operator = await map.at(tensor('float32', [1, ...c.image], new Float32Array(volume(c.image))));
    return { ...(await probeDense(operator, 16)), input, output };
  } finally {
    await map.dispose();
  }
}

function entryOf({ rowPtr, colIdx, values }: Csr, i: number, j: number): number {
  for (let p = rowPtr[i]!; p < rowPtr[i + 1]!; p++) if (colIdx[p] === j) return values[p]!;
  return 0;
}

describe('a convolution', () => {
  it.each(Object.entries(cases))('%s is the matrix that ONNX Runtime multiplies by', async (_, c) => {
    const layer = layerOf(c);
    if (layer.groups > 1) return;
    const { matrix, transposed, cols, input, output } = await denseOf(c);
    const mine = convolutionMatrix(layer, 0);
    const [toInput, toOutput] = [pixelMajorOrder(input), pixelMajorOrder(output)];
    for (let i = 0; i < mine.rows; i++) {
      for (let j = 0; j < mine.cols; j++) {
        const [row, col] = [toOutput[i]!, toInput[j]!];
        const theirs = transposed ? matrix[col * cols + row]! : matrix[row * cols + col]!;
        expect(Math.abs(entryOf(mine, i, j) - theirs)).toBeLessThan(1e-5);
      }
    }
  });

  it.each(Object.entries(cases))('%s has the singular values of that matrix', async (_, c) => {
    const { matrix, rows, cols } = await denseOf(c);
    const [spectrum] = await measured(graphOf(c));
    expect(spectrum!.method).toBe('exact');
    expect(spectrum!.complete).toBe(true);
    expect(distance(spectrum!.singularValues, smallSvd(Float64Array.from(matrix), rows, cols).values)).toBeLessThan(
      1e-5,
    );
    expect(spectrum!.maxResidual).toBeLessThan(1e-5);
  });

  it('has the same leading values by products alone', async () => {
    const graph = graphOf(cases['with zero padding']!);
    const [all] = await measured(graph);
    const [leading] = await measured(graph, { method: 'lanczos' });
    expect(leading!.complete).toBe(false);
    expect(leading!.singularValues.length).toBe(5);
    expect(distance(leading!.singularValues, all!.singularValues.slice(0, 5))).toBeLessThan(1e-5);
    expect(leading!.circular!.relativeDifference).toBe(null);
    expect(leading!.circular!.normError).toBeCloseTo(all!.circular!.normError!, 5);
  });

  it('is multiplied by the scale of its batch norm where that is asked for', async () => {
    const graph = graphOf({ image: [2, 4, 4], weight: [2, 2, 1, 1], attributes: {} }, true);
    const [bare] = await measured(graph);
    const [folded] = await measured(graph, { foldNorm: true });
    expect([bare!.name, folded!.name]).toEqual(['features.0', 'features.0']);
    expect([bare!.normalized, folded!.normalized]).toEqual([false, true]);
    // A 1 x 1 convolution: the values of its weight, each for every pixel. Batch norm scales the filters by 1/2 and 1.
    const w = Float64Array.from(random([2, 2]).data as Float32Array);
    const scaled = smallSvd(
      Float64Array.from(w, (x, i) => (i < 2 ? x / 2 : x)),
      2,
      2,
    ).values;
    expect(
      distance(
        bare!.singularValues,
        [...smallSvd(w, 2, 2).values].flatMap((s) => Array(16).fill(s)),
      ),
    ).toBeLessThan(1e-6);
    expect(
      distance(
        folded!.singularValues,
        [...scaled].flatMap((s) => Array(16).fill(s)),
      ),
    ).toBeLessThan(1e-6);
  });
});

/** The convolution with circular padding as a dense matrix, by its definition. */
function circularMatrix({ image, weight, attributes }: Case) {
  const [channels, height, width] = image as [number, number, number];
  const [filters, perGroup, kh, kw] = weight as [number, number, number, number];
  const [sh, sw] = (attributes.strides as number[] | undefined) ?? [1, 1];
  const groups = (attributes.group as number | undefined) ?? 1;
  const w = random(weight).data;
  const [oh, ow] = [height / sh!, width / sw!];
  const [rows, cols] = [filters * oh * ow, channels * height * width];
  const a = new Float64Array(rows * cols);
  for (let f = 0; f < filters; f++)
    for (let y = 0; y < oh; y++)
      for (let x = 0; x < ow; x++)
        for (let c = 0; c < perGroup; c++)
          for (let i = 0; i < kh; i++)
            for (let j = 0; j < kw; j++) {
              const channel = Math.floor(f / (filters / groups)) * perGroup + c;
              const column = (channel * height + ((y * sh! + i) % height)) * width + ((x * sw! + j) % width);
              a[((f * oh + y) * ow + x) * cols + column]! += Number(w[((f * perGroup + c) * kh + i) * kw + j]!);
            }
  return { a, rows, cols };
}

describe('the circular formula', () => {
  it.each([
    { image: [3, 6, 5], weight: [4, 3, 3, 3], attributes: same },
    { image: [4, 5, 4], weight: [2, 4, 3, 2], attributes: same },
    { image: [2, 8, 6], weight: [5, 2, 3, 3], attributes: { ...same, strides: [2, 3] } },
    { image: [6, 4, 4], weight: [4, 3, 3, 3], attributes: { ...same, group: 2, strides: [2, 2] } },
    { image: [2, 2, 2], weight: [2, 2, 3, 3], attributes: same },
  ])('gives exactly the singular values of the circular convolution: $image, $weight, $attributes', async (c) => {
    const { a, rows, cols } = circularMatrix(c);
    const values = await circularSingularValues(layerOf(c));
    expect(distance(values!, smallSvd(a, rows, cols).values)).toBeLessThan(1e-12);
  });

  it('is exact for 1 x 1 kernels, which need no padding, with a stride too', async () => {
    const [layer] = await measured(
      graphOf({ image: [5, 6, 6], weight: [3, 5, 1, 1], attributes: { strides: [2, 2] } }),
    );
    expect(layer!.circular!.relativeDifference).toBeLessThan(1e-6);
    expect(Math.abs(layer!.circular!.normError!)).toBeLessThan(1e-6);
  });

  it('differs from the truth at a border of zeros, and does not apply where a stride leaves a rest', async () => {
    const [padded] = await measured(graphOf(cases['with zero padding']!));
    expect(padded!.circular!.relativeDifference).toBeGreaterThan(0.01);
    const [rest] = await measured(graphOf(cases['strided, padded on one side']!));
    expect(rest!.circular).not.toBe(null);
    const [odd] = await measured(graphOf({ image: [2, 7, 7], weight: [2, 2, 3, 3], attributes: { strides: [2, 2] } }));
    expect(odd!.circular).toBe(null);
  });
});

describe('the name of a convolution', () => {
  it('is that of its weight, else of its scopes as PyTorch exports them, else its place; repeated names are numbered', () => {
    const b = new GraphBuilder('names');
    let x = b.input('image', 'float32', [1, 1, 4, 4]);
    for (const [weight, node] of [
      ['module.layer1.0.conv1.weight', 'a'],
      ['onnx::Conv_12', '/layer1/layer1.0/conv2/Conv'],
      ['onnx::Conv_13', '/stem/conv/Conv'],
      ['onnx::Conv_14', '/stem/conv/Conv_1'],
      ['w', 'Conv_5'],
    ] as const)
      x = b.op('Conv', [x, b.constant(random([1, 1, 1, 1]), weight)], {}, { name: node });
    b.output('y', x);
    expect(findConvolutions(b.build(), false).layers.map((l) => l.name)).toEqual([
      'layer1.0.conv1',
      'layer1.0.conv2',
      'stem.conv',
      'stem.conv#2',
      'conv5',
    ]);
  });
});

describe('a measurement of convolutions', () => {
  it('takes finished layers from the folder, but not those of other settings', async () => {
    const graph = graphOf(cases['with zero padding']!);
    const request: ConvolutionsRequest = {
      network: networkOf(graph),
      layers: 'all',
      foldNorm: false,
      method: 'auto',
      top: 5,
    };
    const cache = convolutionsCache(folder, request);
    const [first] = await measured(graph, { cache });
    const [again] = await measured(graph, { cache });
    expect(again).toEqual(first);
    expect(await convolutionsCache(folder, { ...request, foldNorm: true }).read('features.0')).toBe(undefined);
    expect(
      await convolutionsCache(folder, { ...request, network: networkOf(graphOf(cases['in groups']!)) }).read(
        'features.0',
      ),
    ).toBe(undefined);
  });

  it('names the nearest layers for one that is not there', () => {
    const request = {
      network: networkOf(graphOf(cases['in groups']!)),
      foldNorm: false,
      method: 'auto',
      top: 5,
    } as const;
    expect(() => new ConvolutionsMeasurement({ ...request, layers: 'features.1' })).toThrow(
      'layers: there is no convolution "features.1"; nearest: features.0',
    );
  });
});
