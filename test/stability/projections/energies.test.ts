import { describe, expect, it } from 'vitest';
import { RandomStream } from '../../../src/base/random.ts';
import { smallSvd } from '../../../src/linalg/index.ts';
import { GraphBuilder, tensor, tensorOf } from '../../../src/onnx/index.ts';
import { BlockMaps, energiesOf, type PairedMaps, transposed } from '../../../src/stability/projections/index.ts';
import { activationsAt } from '../../../src/stability/units/activations.ts';
import { findUnits } from '../../../src/stability/units/units.ts';

const [channels, side, count] = [3, 5, 4];
const size = channels * side * side;
const draw = (purpose: string, n: number, scale = 1) =>
  new RandomStream({ seed: 8, purpose }).fillNormal(new Float32Array(n)).map((v) => scale * v);

/** [relu](x + conv(relu(conv(x) - offset))): the larger the offset, the fewer hidden units are active. */
function unitGraph(offset: number) {
  const b = new GraphBuilder('unit');
  const x = b.input('x', 'float32', [count, channels, side, side]);
  const weights = (name: string) =>
    b.constant(tensorOf('float32', [channels, channels, 3, 3], [...draw(name, 81, 0.3)]));
  const pads = [1, 1, 1, 1];
  const pre = b.sub(b.conv(x, weights('w1'), null, { pads }), b.constant(tensorOf('float32', [1, 1, 1, 1], [offset])));
  b.output('y', b.relu(b.add(x, b.conv(b.relu(pre), weights('w2'), null, { pads }))));
  return b.build();
}

/** Singular values and right singular vectors of every example's map, from its columns. */
async function dense(maps: PairedMaps) {
  const j = Array.from({ length: count }, () => new Float64Array(maps.rows * maps.cols));
  for (let c = 0; c < maps.cols; c++) {
    const e = new Float32Array(count * maps.cols);
    for (let i = 0; i < count; i++) e[i * maps.cols + c] = 1;
    const column = await maps.apply(e);
    for (let i = 0; i < count; i++)
      for (let r = 0; r < maps.rows; r++) j[i]![r * maps.cols + c] = column[i * maps.rows + r]!;
  }
  return j.map((a) => smallSvd(a, maps.rows, maps.cols));
}

const vectors = draw('d', count * size);

async function blockAt(offset: number, finalRelu = false) {
  const graph = unitGraph(offset);
  const [unit] = findUnits(graph);
  const block = new BlockMaps(graph, { name: 'unit', units: [unit!] }, { finalRelu });
  const point = tensor('float32', [count, channels, side, side], draw('x', count * size));
  const [values] = await activationsAt(graph, [...block.needed], [point]);
  return { block, ...(await block.at(values!)) };
}

/** Energies of each vector from the whole decomposition, with what lies within 1e-5 of 1 counted as plateau. */
async function expected(maps: PairedMaps) {
  return (await dense(maps)).map(({ values, v }, item) => {
    const d = Array.from(vectors.subarray(item * size, (item + 1) * size));
    const length = Math.hypot(...d);
    const shares = { above: 0, plateau: 0, below: 0, gain: 0 };
    values.forEach((sigma, i) => {
      const c2 = (v[i]!.reduce((s, x, k) => s + x * d[k]!, 0) / length) ** 2;
      shares[Math.abs(sigma - 1) < 1e-5 ? 'plateau' : sigma > 1 ? 'above' : 'below'] += c2;
      shares.gain += sigma ** 2 * c2;
    });
    return { ...shares, gain: Math.sqrt(shares.gain) };
  });
}

describe('energies on singular vectors', () => {
  for (const offset of [1.5, 0.6, -10]) {
    for (const side of ['right', 'left'] as const) {
      it(`are those of the whole decomposition, on ${side} vectors, hidden units cut off at ${offset}`, async () => {
        const { block, maps: own, factors } = await blockAt(offset);
        const maps = side === 'right' ? own : transposed(own);
        const found = await energiesOf(maps, vectors, { plateau: 1, factors, steps: 120 });
        const exact = await expected(maps);
        if (offset === 1.5) expect(exact[0]!.plateau, 'this unit has a plateau').toBeGreaterThan(0.1);
        for (const [i, e] of found.entries()) {
          expect(e.above + e.plateau + e.below).toBeCloseTo(1, 5);
          for (const key of ['above', 'plateau', 'below'] as const)
            expect(Math.abs(e[key] - exact[i]![key]), `${key} of ${i}`).toBeLessThan(e.uncertainty + 2e-3);
          expect(e.uncertainty).toBeLessThan(0.02);
          expect(e.gain).toBeCloseTo(exact[i]!.gain, 4);
          if (exact[i]!.plateau > 0.01) expect(e.plateauResidual!).toBeLessThan(1e-2);
        }
        await block.dispose();
      });
    }
  }

  it('without known factors, the plateau is bounded from above and the sides from below, and all sum to 1', async () => {
    const { block, maps } = await blockAt(1.5, true);
    const exact = await expected(maps);
    for (const steps of [5, 20, 60]) {
      const found = await energiesOf(maps, vectors, { plateau: 1, steps });
      for (const [i, e] of found.entries()) {
        expect(e.above + e.plateau + e.below).toBeCloseTo(1, 5);
        expect(e.plateau).toBeGreaterThan(exact[i]!.plateau - 1e-3);
        expect(e.above).toBeLessThan(exact[i]!.above + 1e-3);
        expect(e.below).toBeLessThan(exact[i]!.below + 1e-3);
      }
    }
    await block.dispose();
  });

  it('of a zero vector are not a number, and do not disturb the others', async () => {
    const { block, maps, factors } = await blockAt(0.6);
    const some = vectors.slice();
    some.fill(0, size, 2 * size);
    const all = await energiesOf(maps, vectors, { plateau: 1, factors, steps: 40 });
    const found = await energiesOf(maps, some, { plateau: 1, factors, steps: 40 });
    expect(found[1]!.above).toBeNaN();
    expect(found[0]!.above).toBeCloseTo(all[0]!.above, 4);
    await block.dispose();
  });
});
