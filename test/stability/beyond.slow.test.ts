/** Convolutions and branch eigenvalues of the published ResNet-56 against PyTorch, LAPACK and numpy in float64, where a Python has them. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Peer, pythonWithTorch } from '../../bench/harness.ts';
import { loadDataset, toFloat } from '../../src/data/index.ts';
import { loadNetwork } from '../../src/models/index.ts';
import { measureConvolutions, measureEigenvalues } from '../../src/stability/index.ts';
import { realData } from '../support/real-data.ts';

const folder = mkdtempSync(join(tmpdir(), 'ballast-beyond-slow-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const weights = realData('checkpoints/resnet56-4bfd9763.th');
const file = (name: string) => join(folder, name);

function readDoubles(path: string): Float64Array {
  const bytes = readFileSync(path);
  return new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}

/** Largest error relative to the largest value. */
const distance = (a: ArrayLike<number>, b: Float64Array) =>
  b.reduce((worst, y, i) => Math.max(worst, Math.abs(y - a[i]!)), 0) / b[0]!;

describe.skipIf(!weights || !pythonWithTorch())('against PyTorch in float64', () => {
  it.each([
    ['layer3.4.conv1', 8, 1],
    ['layer3.0.conv1', 16, 2],
  ])('all singular values of %s agree to 1e-5 of the largest, and the circular ones', async (layer, side, stride) => {
    const network = await loadNetwork({ model: 'resnet56', weights: weights! });
    const request = { network, layers: layer, foldNorm: false, method: 'exact', top: 1 } as const;
    const [found] = (await measureConvolutions(request)).layers;
    const peer = Peer.start('convolution.py', [weights!])!;
    const { values, circular } = await peer.ask<{ values: number; circular: number }>({
      layer,
      side,
      stride,
      out: file('values'),
    });
    peer.stop();
    const reference = readDoubles(file('values'));
    expect(found!.singularValues.length).toBe(values);
    expect(distance(found!.singularValues, reference.subarray(0, values))).toBeLessThan(1e-5);
    if (stride > 1) return;
    expect(found!.circular!.singularValues.length).toBe(circular);
    expect(distance(found!.circular!.singularValues, reference.subarray(values))).toBeLessThan(1e-9);
  });

  it('all eigenvalues of the branch of layer3.4 agree, and Arnoldi’s leading ones with them', async () => {
    const network = await loadNetwork({ model: 'resnet56', weights: weights! });
    const dataset = await loadDataset({ name: 'cifar10', dir: realData('cifar10')!, split: 'test' });
    const request = { network, dataset, images: [0], units: 'layer3.4', top: 10 } as const;
    const measured = async (method: 'exact' | 'arnoldi') =>
      (await measureEigenvalues({ ...request, method })).branches[0]!;
    const [exact, leading] = [await measured('exact'), await measured('arnoldi')];
    writeFileSync(file('image'), toFloat(dataset, [0]));
    const peer = Peer.start('branch.py', ['56', weights!])!;
    const { active } = await peer.ask<{ active: number }>({
      unit: 'layer3.4',
      image: file('image'),
      out: file('eigenvalues'),
    });
    peer.stop();
    const flat = readDoubles(file('eigenvalues'));
    const reference = Array.from({ length: active }, (_, i) => [flat[2 * i]!, flat[2 * i + 1]!] as const);
    expect(exact.activeHidden).toBe(active);
    expect(exact.eigenvalues.length).toBe(active);
    // Each has a partner of its own: the nearest one that is not taken yet.
    const nearest = (value: readonly [number, number], among: readonly (readonly [number, number])[]) =>
      among.reduce(
        (best, v, i) => {
          const d = Math.hypot(v[0] - value[0], v[1] - value[1]);
          return d < best.d ? { d, i } : best;
        },
        { d: Number.POSITIVE_INFINITY, i: -1 },
      );
    const left = [...reference];
    let worst = 0;
    for (const value of exact.eigenvalues) {
      const { d, i } = nearest(value, left);
      worst = Math.max(worst, d);
      left.splice(i, 1);
    }
    // The branch is far from normal: float32 products of 1e-7 move small eigenvalues by more than that.
    expect(worst).toBeLessThan(1e-3 * exact.radius!);
    for (const value of leading.eigenvalues) expect(nearest(value, reference).d).toBeLessThan(1e-3 * exact.radius!);
    expect(leading.unitRadius).toBeCloseTo(exact.unitRadius!, 4);
  });
});
