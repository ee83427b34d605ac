/** Twenty steps of training follow PyTorch's from the same weights on the same data, where a Python has PyTorch. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { pythonWithTorch } from '../../bench/harness.ts';
import { deviation, type PeerSteps, prepare, workloads } from '../../bench/training.ts';
import { realData } from '../support/real-data.ts';

const steps = 20;
const able = pythonWithTorch() !== null && realData('cifar10') !== undefined;

it.skipIf(!able).each(Object.entries(workloads))(
  "%s: the losses are PyTorch's, most to 1e-3",
  async (name, { apart = 1e-3 }) => {
    const folder = mkdtempSync(join(tmpdir(), 'ballast-trajectory-'));
    const training = await prepare(name, folder);
    const peer = training.peer('nchw')!;
    try {
      const ours: number[] = [];
      for (let i = 0; i < steps; i++) ours.push(await training.step());
      const { losses } = await peer.ask<PeerSteps>({ repeats: steps });
      expect(losses.length).toBe(steps);
      expect(losses.at(-1)).toBeLessThan(losses[0]!);
      expect(deviation(ours, losses)).toBeLessThan(apart);
    } finally {
      peer.stop();
      await training.trainer.dispose();
      rmSync(folder, { recursive: true, force: true });
    }
  },
);
