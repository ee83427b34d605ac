import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RandomStream } from '../../../src/base/random.ts';
import { modelNamed, type Network, networkIdentity, resnet, withValues } from '../../../src/models/index.ts';
import { initialize } from '../../../src/nn/index.ts';
import { GraphBuilder, readModel, staticShape, tensor, writeModel } from '../../../src/onnx/index.ts';
import { compareEmissions, compile } from '../../../src/runtime/index.ts';
import { intervene, intervenedNetwork } from '../../../src/stability/interventions/intervention.ts';
import { probeDense } from '../../../src/stability/spectra/probing.ts';
import { activationsAt } from '../../../src/stability/units/activations.ts';
import { BlockMeasurement } from '../../../src/stability/units/block.ts';
import { valuesNeeded } from '../../../src/stability/units/block-ends.ts';
import type { MethodChoice } from '../../../src/stability/units/block-plan.ts';
import { findUnits } from '../../../src/stability/units/units.ts';

const built = (name: string, batch = 1) => {
  const model = modelNamed(name);
  return model.build(initialize(model.parameters, 0), batch);
};

/** A small network; `bias` below 0 leaves few inner units active. */
function smallNetwork(options: { shortcut?: 'A' | 'B'; preActivation?: boolean; bias?: number } = {}): Network {
  const { bias = -0.8, ...shape } = options;
  const model = resnet({ depth: 8, width: 4, inputShape: [3, 8, 8], ...shape });
  const params = new Map(initialize(model.parameters, 7));
  for (const [name, value] of params) {
    const inner = options.preActivation ? /bn2\.bias$/ : /layer.*bn1\.bias$/;
    if (inner.test(name)) params.set(name, { ...value, data: (value.data as Float32Array).map(() => bias) });
  }
  return { ...withValues(model, params), weights: 'test' };
}

const image = tensor(
  'float32',
  [1, 3, 8, 8],
  new RandomStream({ seed: 5, purpose: 'test' }).fillNormal(new Float32Array(192)).map((x) => 0.5 + 0.3 * x),
);

async function measured(network: Network, name: string, method: MethodChoice, finalRelu = false) {
  const graph = network.graph(1);
  const unit = findUnits(graph).find((u) => u.name === name)!;
  const block = { name, units: [unit] };
  const [at] = await activationsAt(graph, valuesNeeded(block), [image]);
  const measurement = new BlockMeasurement(graph, block, { finalRelu, method, top: 5, seed: 0, runtime: {} });
  try {
    const { matrix, rows, cols, transposed } = await probeDense(await measurement.operator(at!), 64);
    const jacobian = (i: number, j: number) => (transposed ? matrix[j * rows + i]! : matrix[i * cols + j]!);
    return { spectrum: await measurement.measure(at!), jacobian, n: rows };
  } finally {
    await measurement.dispose();
  }
}

describe('the changed graph', () => {
  it.each(['resnet20', 'resnet20b', 'preresnet20', 'preresnet20b'])(
    'has the units of %s, with their scale, identity shortcuts and hidden layers',
    (name) => {
      const graph = built(name);
      const before = findUnits(graph);
      const changes = before.map((u, i) => ({ unit: u.name, skipScale: i % 2 ? 0.5 : -2, weightScale: 3 }));
      const after = findUnits(intervene(graph, changes));
      expect(after.map((u) => [u.name, u.skipScale])).toEqual(changes.map((c) => [c.unit, c.skipScale]));
      after.forEach((u, i) => {
        expect(u.shortcut === u.input).toBe(before[i]!.shortcut === before[i]!.input);
        expect(u.hidden?.post.name).toBe(before[i]!.hidden?.post.name);
        expect(u.sum.name).toBe(before[i]!.sum.name);
        expect(u.output.shape).toEqual(before[i]!.output.shape);
      });
      expect(before.every((u) => u.skipScale === 1)).toBe(true);
    },
  );

  it('multiplies scales of one intervention after another', () => {
    const once = intervene(built('resnet8'), [{ unit: 'layer2.0', skipScale: 0.5, weightScale: 1 }]);
    const twice = intervene(once, [{ unit: 'layer2.0', skipScale: 3, weightScale: 2 }]);
    expect(findUnits(twice).map((u) => u.skipScale)).toEqual([1, 1.5, 1]);
  });

  it('keeps its scales in an ONNX file', () => {
    const changed = intervene(built('resnet8'), [{ unit: 'layer1.0', skipScale: 0.25, weightScale: 2 }]);
    expect(findUnits(readModel(writeModel(changed))).map((u) => u.skipScale)).toEqual([0.25, 1, 1]);
  });

  it('is the graph itself when all scales are 1, and the network then the network', () => {
    const network = smallNetwork();
    const nothing = [{ unit: 'layer1.0', skipScale: 1, weightScale: 1 }];
    const graph = network.graph(1);
    expect(intervene(graph, nothing)).toBe(graph);
    expect(intervenedNetwork(network, nothing)).toBe(network);
  });

  it('changes the identity of a network with its scales', () => {
    const network = smallNetwork();
    const of = (skipScale: number) =>
      networkIdentity(intervenedNetwork(network, [{ unit: 'layer1.0', skipScale, weightScale: 1 }]));
    expect(new Set([networkIdentity(network), of(0), of(2)]).size).toBe(3);
  });

  it('gives the same numbers in both emissions, for any batch', async () => {
    const graph = built('resnet20', 3);
    const changes = findUnits(graph).map(({ name: unit }) => ({ unit, skipScale: 0.5, weightScale: 2 }));
    expect((await compareEmissions(intervene(graph, changes))).error).toBeLessThan(1e-5);
  });

  it('tells what is wrong with an intervention in one line', () => {
    const graph = built('resnet8');
    const change = { unit: 'layer1.0', skipScale: 1, weightScale: 2 };
    expect(() => intervene(graph, [{ ...change, unit: 'layer1.7' }])).toThrow(
      /no unit "layer1\.7"; nearest: layer1\.0/,
    );
    expect(() => intervene(graph, [{ ...change, skipScale: Number.NaN }])).toThrow(
      'intervention: expected a finite skip scale for layer1.0, got NaN',
    );
    expect(() => intervene(graph, [{ ...change, weightScale: 1e39 }])).toThrow(/finite weight scale/);
    expect(() => intervene(graph, [change, change])).toThrow(/named twice/);
  });
});

describe('the output of a unit', () => {
  it('is a S x + c F(x)', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.double({ min: -3, max: 3, noNaN: true }),
        fc.double({ min: -3, max: 3, noNaN: true }),
        fc.constantFrom('layer1.0', 'layer2.0'),
        async (skipScale, weightScale, name) => {
          const at = async (a: number, c: number) => {
            const network = intervenedNetwork(smallNetwork(), [{ unit: name, skipScale: a, weightScale: c }]);
            const graph = network.graph(1);
            const { sum } = findUnits(graph).find((u) => u.name === name)!;
            return (await activationsAt(graph, [sum], [image]))[0]!.get(sum)!.data as Float32Array;
          };
          const [changed, shortcut, branch] = [await at(skipScale, weightScale), await at(1, 0), await at(0, 1)];
          changed.forEach((y, i) => {
            expect(Math.abs(y - (skipScale * shortcut[i]! + weightScale * branch[i]!))).toBeLessThan(1e-4);
          });
        },
      ),
      { numRuns: 8, seed: 2 },
    );
  });

  it('leaves the logits as they are with scales of 1', async () => {
    const graph = smallNetwork().graph(1);
    const same = intervene(graph, [{ unit: 'layer1.0', skipScale: 1, weightScale: 1 }]);
    const logits = async (g: typeof graph) => {
      const program = await compile(g);
      const found = (await program.run({ image })).logits!.data;
      await program.dispose();
      return found;
    };
    expect(await logits(same)).toEqual(await logits(graph));
  });
});

describe('the spectrum of a changed unit', () => {
  it.each([0, 0.5, 1, 2, -1])(
    'has its plateau at |a| for a = %d, the same by the structured and the dense method',
    async (skipScale) => {
      for (const [name, options, finalRelu] of [
        ['layer1.0', {}, false],
        ['layer1.0', { bias: -3 }, true],
        ['layer1.0', { preActivation: true }, false],
      ] as const) {
        const network = intervenedNetwork(smallNetwork(options), [{ unit: name, skipScale, weightScale: 1.5 }]);
        const { spectrum: structured } = await measured(network, name, 'structured', finalRelu);
        const { spectrum: dense } = await measured(network, name, 'dense', finalRelu);
        expect([structured.method, dense.method]).toEqual(['structured', 'dense']);
        const k = structured.activeHidden!;
        const n = structured.shape[0];
        const dead = skipScale === 0 ? 0 : finalRelu ? structured.zero! : 0;
        expect(k).toBeGreaterThan(0);
        expect(2 * k).toBeLessThan(n - dead);
        for (const spectrum of [structured, dense]) {
          expect(spectrum.plateau!.value).toBe(Math.abs(skipScale));
          expect(spectrum.plateau!.count).toBeGreaterThanOrEqual(n - dead - 2 * k);
          expect(spectrum.plateau!.count).toBeGreaterThanOrEqual(spectrum.bound!);
          expect(spectrum.above! + spectrum.plateau!.count + spectrum.below!).toBe(n);
        }
        expect([structured.plateau, structured.above, structured.below, structured.zero]).toEqual([
          dense.plateau,
          dense.above,
          dense.below,
          dense.zero,
        ]);
        structured.singularValues.forEach((value, i) => {
          expect(Math.abs(value - dense.singularValues[i]!)).toBeLessThan(1e-5 * structured.singularValues[0]!);
        });
      }
    },
  );

  it('has nothing above or below |a| without a branch', async () => {
    const network = intervenedNetwork(smallNetwork(), [{ unit: 'layer1.0', skipScale: -3, weightScale: 0 }]);
    for (const method of ['structured', 'dense'] as const) {
      const { spectrum } = await measured(network, 'layer1.0', method);
      expect(spectrum).toMatchObject({ plateau: { value: 3, count: 256 }, above: 0, below: 0, zero: 0 });
    }
  });

  it('counts no zero as below, and at least n - k zeros, without a shortcut', async () => {
    for (const name of ['layer1.0', 'layer2.0']) {
      const network = intervenedNetwork(smallNetwork(), [{ unit: name, skipScale: 0, weightScale: 1 }]);
      const { spectrum } = await measured(network, name, 'auto');
      expect(spectrum.bound).toBe(Math.max(0, spectrum.singularValues.length - spectrum.activeHidden!));
      expect(spectrum.plateau!.count).toBeGreaterThanOrEqual(spectrum.bound!);
      expect(spectrum).toMatchObject({ below: 0, zero: spectrum.plateau!.count });
    }
  });

  it.each(['A', 'B'] as const)("is that of a S + c F' across a change of size, shortcut %s", async (shortcut) => {
    const network = smallNetwork({ shortcut });
    const at = (skipScale: number, weightScale: number) =>
      measured(intervenedNetwork(network, [{ unit: 'layer2.0', skipScale, weightScale }]), 'layer2.0', 'auto');
    const [both, skip, branch] = [await at(-0.5, 3), await at(1, 0), await at(0, 1)];
    let [sumOfSquares, error] = [0, 0];
    const [rows, cols] = both.spectrum.shape;
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < cols; j++) {
        const expected = -0.5 * skip.jacobian(i, j) + 3 * branch.jacobian(i, j);
        error = Math.max(error, Math.abs(both.jacobian(i, j) - expected));
        sumOfSquares += expected ** 2;
      }
    }
    expect(error).toBeLessThan(1e-5);
    expect(both.spectrum.singularValues.reduce((s, x) => s + x * x, 0) / sumOfSquares).toBeCloseTo(1, 5);
  });
});

describe('units of foreign graphs', () => {
  it('have their own constant scales', () => {
    const b = new GraphBuilder('scaled');
    const x = b.input('x', 'float32', [1, 2, 4, 4]);
    const w = b.constant(tensor('float32', [2, 2, 1, 1], new Float32Array(4).fill(0.3)));
    const branch = b.conv(b.relu(b.conv(x, w, null)), w, null);
    b.output('y', b.add(b.scale(b.scale(x, 0.5), 0.5), branch));
    const [unit] = findUnits(b.build());
    expect(unit).toMatchObject({ skipScale: 0.25 });
    expect(unit!.shortcut).toBe(unit!.input);
    expect(staticShape(unit!.sum)).toEqual([1, 2, 4, 4]);
  });
});
