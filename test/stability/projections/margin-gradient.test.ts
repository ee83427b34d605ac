/** Energies of the margin's gradient where they are known: a unit that is linear, with one singular value above the plateau. */
import { describe, expect, it } from 'vitest';
import type { Network } from '../../../src/models/index.ts';
import { type Dim, GraphBuilder, tensorOf } from '../../../src/onnx/index.ts';
import { withControls } from '../../../src/stability/perturbations/index.ts';
import { leadingEnergyAt } from '../../../src/stability/perturbations/leading-energy.ts';
import { projectPerturbations } from '../../../src/stability/projections/index.ts';

const channels = 64;

/** y = x + 2 e₁ (x₁ + 10), whose hidden units are all active: J has the singular values 3, 1, 1, ... The margin is 3 y₁ + 4 y₂ and a constant. */
const network: Network = {
  name: 'linear unit',
  weights: 'none',
  task: 'classification',
  inputShape: [channels, 1, 1],
  classes: 3,
  graph: (batch: Dim) => {
    const b = new GraphBuilder('linear');
    const x = b.input('image', 'float32', [batch, channels, 1, 1]);
    const square = (at: (i: number, j: number) => number) =>
      b.constant(
        tensorOf(
          'float32',
          [channels, channels, 1, 1],
          Array.from({ length: channels ** 2 }, (_, k) => at(Math.floor(k / channels), k % channels)),
        ),
      );
    const pre = b.add(
      b.conv(
        x,
        square((i, j) => (i === j ? 1 : 0)),
        null,
        {},
      ),
      b.constant(tensorOf('float32', [1, 1, 1, 1], [10])),
    );
    const branch = b.conv(
      b.relu(pre),
      square((i, j) => (i === 0 && j === 0 ? 2 : 0)),
      null,
      {},
    );
    const flat = b.reshape(b.add(x, branch), [batch as number, channels]);
    const weights = Array.from({ length: channels * 3 }, (_, k) => (k === 0 ? 3 : k === 3 ? 4 : 0));
    const logits = b.matMul(flat, b.constant(tensorOf('float32', [channels, 3], weights)));
    b.output('logits', b.add(logits, b.constant(tensorOf('float32', [1, 3], [0, 0, -100]))));
    return b.build();
  },
};

describe('the gradient of the margin on the leading singular vectors', () => {
  it('is known for a linear unit, and so are perturbations along known directions', async () => {
    const ids = [0, 1, 2];
    const origin = new Float32Array(ids.length * channels).fill(0.5);
    // Between the leading vector and one of the others, a little to either side.
    const along = [
      [0.1, 0.1],
      [0.1, 0.09],
      [0.09, 0.1],
    ] as const;
    const attacked = origin.slice();
    along.forEach(([first, second], i) => {
      attacked[i * channels]! += first;
      attacked[i * channels + 1]! += second;
    });
    const gradients = origin.map((_, k) => (k % channels === 0 ? 9 : k % channels === 1 ? 4 : 0));
    const controls = withControls(origin, attacked, {
      ...{ noise: 'gaussian', channels, pixels: true, gradients, answers: [0, 0, 0], ids, seed: 0 },
    });
    const found = await projectPerturbations(network, controls, ids, {
      ...{ steps: 10, top: 1, finalRelu: false, seed: 0, runtime: {} },
    });
    const [unit] = found.blocks;
    expect(unit!.top!.values[0]).toBeCloseTo(3, 4);
    // Into the unit comes Jᵀ (3, 4) = (9, 4), out of it (3, 4).
    expect(unit!.gradient!.energyTop).toBeCloseTo(81 / 97, 4);
    const { energyAbove, energyPlateau, energyBelow, uncertainty } = unit!.gradient!;
    expect(energyAbove + energyPlateau + energyBelow).toBeCloseTo(1, 5);
    // All hidden units are active, so that the rule alone tells the plateau, and shares out what it cannot tell.
    expect(Math.abs(energyAbove - 81 / 97)).toBeLessThan(uncertainty + 1e-4);
    expect(unit!.gradient!.outgoing.energyTop).toBeCloseTo(9 / 25, 4);
    expect(unit!.gradient!.predictedGain).toBeCloseTo(Math.sqrt((9 * 81 + 16) / 97), 4);
    const images = found.images.get(unit!.name)!;
    for (const [i, energy] of [1 / 2, 100 / 181, 81 / 181].entries())
      expect(images[i]!.kinds.adversarial.incoming.top).toBeCloseTo(energy, 4);
    const leading = leadingEnergyAt(network, 1, found, undefined)!;
    expect(leading).toMatchObject({ units: [unit!.name], count: 1, isotropic: 1 / channels, untrained: null });
    expect(leading.trained.gradient!.share).toBeCloseTo(81 / 97, 4);
    const { share, low, high } = leading.trained.adversarial!;
    expect(share).toBeCloseTo(0.5, 4);
    // Student's t: the deviation is 19 / 362, the quantile 4.3027.
    const half = (4.3027 * 19) / 362 / Math.sqrt(3);
    expect([low, high]).toEqual([expect.closeTo(0.5 - half, 3), expect.closeTo(0.5 + half, 3)]);
  });
});
