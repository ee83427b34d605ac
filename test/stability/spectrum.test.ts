/** The spectrum instrument as a whole: linearizations and spectra of networks, own and foreign, against independent answers. */
import { describe, expect, it } from 'vitest';
import { RandomStream } from '../../src/base/random.ts';
import { loadDataset, shapesDataset, toFloat } from '../../src/data/index.ts';
import { loadNetwork, modelNamed, type Network, resnet, withValues } from '../../src/models/index.ts';
import { initialize } from '../../src/nn/index.ts';
import { extract, type Graph, GraphBuilder, staticShape, tensor, type Value } from '../../src/onnx/index.ts';
import { compareEmissions, compile } from '../../src/runtime/index.ts';
import { littleBetweenImages } from '../../src/stability/findings/little-between-images.ts';
import { plateauShares } from '../../src/stability/findings/most-are-one.ts';
import {
  activationsAt,
  BlockMeasurement,
  featureCount,
  findUnits,
  LinearizedMap,
  measureSpectra,
  probeDense,
  selectUnits,
  valuesNeeded,
} from '../../src/stability/index.ts';
import { realData } from '../support/real-data.ts';

/** The same computation in float64. */
function inDouble(graph: Graph): Graph {
  const b = new GraphBuilder(graph.name);
  const copies = new Map<Value, Value>();
  for (const v of graph.inputs) copies.set(v, b.input(v.name, 'float64', v.shape));
  for (const [v, t] of graph.constants) {
    const wide = t.dtype === 'float32' ? tensor('float64', t.shape, Float64Array.from(t.data as Float32Array)) : t;
    copies.set(v, b.constant(wide, v.name));
  }
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((v) => (v ? copies.get(v)! : null));
    const outputs = b.node(node.opType, inputs, node.attributes, { name: node.name, outputs: node.outputs.length });
    node.outputs.forEach((v, i) => {
      copies.set(v, outputs[i]!);
    });
  }
  for (const { name, value } of graph.outputs) b.output(name, copies.get(value)!);
  return b.build();
}

function smallNetwork(
  name: string,
  options: { shortcut?: 'A' | 'B'; preActivation?: boolean; width?: number } = {},
): Network {
  const model = resnet({ depth: 8, width: 4, ...options });
  const params = initialize(model.parameters, 7);
  return {
    ...withValues(model, params),
    name,
    weights: 'test',
  };
}

async function atImage(
  network: Network,
  unitName: string,
  image: Float32Array,
  finalRelu: boolean,
  method: 'auto' | 'dense' | 'structured',
) {
  const graph = network.graph(1);
  const [block] = selectUnits(findUnits(graph), unitName);
  const [at] = await activationsAt(graph, valuesNeeded(block!), [tensor('float32', [1, 3, 32, 32], image)]);
  const measurement = new BlockMeasurement(graph, block!, { finalRelu, method, top: 5, seed: 0, runtime: {} });
  return { graph, block: block!, at: at!, measurement };
}

const shapes = shapesDataset({ count: 4, seed: 1, split: 'test' });

describe('the two emissions', () => {
  it.each(['resnet20', 'resnet20b', 'preresnet20', 'preresnet20b', 'resnet56'])(
    'give the same numbers for %s',
    async (name) => {
      const model = modelNamed(name);
      const { error } = await compareEmissions(model.build(initialize(model.parameters, 3), 3));
      expect(error).toBeLessThan(1e-5);
    },
  );
});

describe.skipIf(!realData('checkpoints'))('on the published ResNet-56 at a CIFAR-10 test image', () => {
  const load = async () => {
    const dataset = await loadDataset({ name: 'cifar10', dir: realData('cifar10')!, split: 'test' });
    return {
      network: await loadNetwork({ model: 'resnet56', weights: realData('checkpoints/resnet56-4bfd9763.th')! }),
      image: toFloat(dataset, [0]),
    };
  };

  it.each(['layer1.0', 'layer2.0', 'layer3.8'])(
    'J v equals central differences in float64, and <J v, u> = <v, Jᵀ u>, to 1e-5 (%s)',
    async (name) => {
      const { network, image } = await load();
      const { graph, block, at, measurement } = await atImage(network, name, image, true, 'auto');
      const unit = block.units[0]!;
      const operator = await measurement.operator(at);
      const draw = new RandomStream({ seed: 3, purpose: 'test' });
      const v = draw.fillNormal(new Float32Array(operator.cols));
      const u = draw.fillNormal(new Float32Array(operator.rows));
      const jv = await operator.apply(v, 1);
      const jtu = await operator.applyTranspose(u, 1);

      const part = inDouble(extract(graph, { inputs: [unit.input], outputs: [{ name: 'y', value: unit.output }] }));
      const program = await compile(part);
      const x = Float64Array.from(at.get(unit.input)!.data as Float32Array);
      const h = 1e-6;
      const valueAt = async (sign: number) => {
        const moved = x.map((a, i) => a + sign * h * v[i]!);
        return (await program.run({ [unit.input.name]: tensor('float64', staticShape(unit.input), moved) })).y!
          .data as Float64Array;
      };
      const [plus, minus] = [await valueAt(1), await valueAt(-1)];
      let [error, size] = [0, 0];
      for (let i = 0; i < plus.length; i++) {
        const difference = (plus[i]! - minus[i]!) / (2 * h);
        error += (jv[i]! - difference) ** 2;
        size += difference ** 2;
      }
      expect(Math.sqrt(error / size)).toBeLessThan(1e-5);
      const inner = (a: ArrayLike<number>, b: ArrayLike<number>) => Array.from(a).reduce((s, y, i) => s + y * b[i]!, 0);
      const scale = Math.sqrt(inner(jv, jv) * inner(u, u));
      expect(Math.abs(inner(jv, u) - inner(v, jtu)) / scale).toBeLessThan(1e-5);
      await program.dispose();
      await measurement.dispose();
    },
  );

  it('layer3.4 has 656 active inner units, 656 values above 1, 656 below and 2784 on the plateau', async () => {
    const { network, image } = await load();
    const { at, measurement } = await atImage(network, 'layer3.4', image, false, 'structured');
    const result = await measurement.measure(at);
    expect(result).toMatchObject({
      shape: [4096, 4096],
      method: 'structured',
      activeHidden: 656,
      bound: 2784,
      plateau: { value: 1, count: 2784 },
      above: 656,
      below: 656,
      zero: 0,
    });
    // Computed once with numpy.linalg.svd in float64 from PyTorch's Jacobian of this unit.
    expect(result.singularValues[0]).toBeCloseTo(3.1481, 4);
    expect(result.singularValues.at(-1)).toBeCloseTo(0.10327, 4);
    expect(result.maxResidual).toBeLessThan(1e-6);
    await measurement.dispose();
  });

  it('predicts the test images as PyTorch does', async () => {
    const { network } = await load();
    const dataset = await loadDataset({ name: 'cifar10', dir: realData('cifar10')!, split: 'test' });
    const result = await measureSpectra({
      network,
      dataset,
      images: [0, 7],
      units: 'layer3.5',
      stages: false,
      finalRelu: false,
      method: 'lanczos',
      top: 2,
    });
    expect(result.images.map((i) => [i.label, i.predicted])).toEqual([
      [3, 3],
      [6, 6],
    ]);
  });
});

describe('spectra of a small ResNet', () => {
  it.each([
    ['post-activation, shortcut A', {}, 'layer3.0', false],
    ['post-activation, shortcut A, final ReLU', {}, 'layer3.0', true],
    ['post-activation, shortcut B', { shortcut: 'B' as const }, 'layer3.0', false],
    ['pre-activation, shortcut B', { shortcut: 'B' as const, preActivation: true }, 'layer3.0', false],
  ])('have the second and fourth moments of their Jacobian (%s)', async (name, options, unit, finalRelu) => {
    const network = smallNetwork(name, options);
    const { at, measurement } = await atImage(network, unit, toFloat(shapes, [0]), finalRelu, 'auto');
    const result = await measurement.measure(at);
    const operator = await measurement.operator(at);
    const { matrix, rows, cols } = await probeDense(operator, 128);
    // ||J||_F² and ||J Jᵀ||_F² are the sums of squares and of fourth powers of the singular values.
    let second = 0;
    const gram = new Float64Array(rows * rows);
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j <= i; j++) {
        let sum = 0;
        for (let k = 0; k < cols; k++) sum += matrix[i * cols + k]! * matrix[j * cols + k]!;
        gram[i * rows + j] = sum;
        if (i === j) second += sum;
      }
    }
    let fourth = 0;
    for (let i = 0; i < rows; i++) for (let j = 0; j <= i; j++) fourth += (i === j ? 1 : 2) * gram[i * rows + j]! ** 2;
    const moment = (p: number) => result.singularValues.reduce((s, x) => s + x ** p, 0);
    expect(result.singularValues.length).toBe(Math.min(rows, cols));
    expect(moment(2) / second).toBeCloseTo(1, 5);
    expect(moment(4) / fourth).toBeCloseTo(1, 5);
    await measurement.dispose();
  });

  it('are the same by the structured and by the dense method, and by Golub-Kahan at the top', async () => {
    const network = smallNetwork('methods');
    const image = toFloat(shapes, [1]);
    const structured = await atImage(network, 'layer3.0', image, false, 'auto');
    const a = await structured.measurement.measure(structured.at);
    const dense = await atImage(network, 'layer3.0', image, false, 'dense');
    const b = await dense.measurement.measure(dense.at);
    expect(b.singularValues.length).toBe(a.singularValues.length);
    a.singularValues.forEach((x, i) => {
      expect(Math.abs(x - b.singularValues[i]!)).toBeLessThan(1e-4 * a.singularValues[0]!);
    });
    const top = await measureSpectra({
      network,
      dataset: shapes,
      images: [1],
      units: 'layer3.0',
      stages: false,
      finalRelu: false,
      method: 'lanczos',
      top: 3,
    });
    top.images[0]!.units[0]!.singularValues.forEach((x, i) => {
      expect(x / a.singularValues[i]!).toBeCloseTo(1, 4);
    });
    await structured.measurement.dispose();
    await dense.measurement.dispose();
  });

  it('of a run are those of the product of its units, and a stage norm is at most the product of unit norms', async () => {
    const network = smallNetwork('runs', { preActivation: true });
    const result = await measureSpectra({
      network,
      dataset: shapes,
      images: [0],
      units: 'all',
      stages: true,
      finalRelu: false,
      method: 'lanczos',
      top: 1,
    });
    for (const image of result.images) {
      for (const stage of image.stages) {
        expect(stage.singularValues[0]!).toBeLessThanOrEqual(stage.productOfUnitNorms! * (1 + 1e-4));
      }
    }
  });
});

describe('a linearized map', () => {
  it('takes any number of vectors, whatever its batch', async () => {
    const network = smallNetwork('batches');
    const graph = network.graph(1);
    const unit = findUnits(graph)[2]!;
    const [at] = await activationsAt(graph, [unit.input], [tensor('float32', [1, 3, 32, 32], toFloat(shapes, [0]))]);
    const map = new LinearizedMap(graph, unit.input, unit.sum, { vectors: 4 });
    const operator = await map.at(at!.get(unit.input)!);
    const n = featureCount(unit.input);
    const block = new RandomStream({ seed: 1, purpose: 'test' }).fillNormal(new Float32Array(6 * n));
    const together = await operator.apply(block, 6);
    const alone = await operator.apply(block.subarray(5 * n), 1);
    expect(together.length).toBe(6 * operator.rows);
    alone.forEach((y, i) => {
      expect(y).toBeCloseTo(together[5 * operator.rows + i]!, 5);
    });
    await map.dispose();
  });
});

describe('a unit that is to have its complete spectrum once', () => {
  it('has it at the first image, its leading values at the others, and is not compared between images', async () => {
    const request = {
      network: smallNetwork('once', { width: 2 }),
      dataset: shapesDataset({ count: 2, seed: 1, split: 'test' }),
      ...{
        images: [0, 1],
        units: 'layer2.0,layer3.0',
        stages: false,
        finalRelu: false,
        method: 'auto' as const,
        top: 3,
      },
    };
    const [all, once] = [
      await measureSpectra(request),
      await measureSpectra({ ...request, completeOnce: ['layer2.0'] }),
    ];
    const of = (result: typeof all, name: string) =>
      result.images.map((image) => image.units.find((u) => u.name === name)!);
    expect(of(once, 'layer2.0').map((u) => u.complete)).toEqual([true, false]);
    expect(of(once, 'layer2.0')[0]!.singularValues).toEqual(of(all, 'layer2.0')[0]!.singularValues);
    for (const [i, { singularValues }] of of(once, 'layer2.0').entries())
      singularValues.slice(0, 3).forEach((value, k) => {
        expect(value).toBeCloseTo(of(all, 'layer2.0')[i]!.singularValues[k]!, 3);
      });
    expect(of(once, 'layer3.0')).toEqual(of(all, 'layer3.0').map((u) => ({ ...u, seconds: expect.anything() })));
    expect(all.spread.map((s) => s.name)).toContain('layer2.0');
    expect(once.spread.map((s) => s.name)).toEqual(all.spread.map((s) => s.name).filter((n) => n !== 'layer2.0'));
    const { numbers } = littleBetweenImages(once);
    expect(numbers.missing).toEqual(['layer2.0']);
    expect(plateauShares(once).find((u) => u.name === 'layer2.0')).toMatchObject({ images: 1 });
  });
});
