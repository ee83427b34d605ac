/**
 * What WebGPU computes, where one starts: a GPU with its driver, or a software Vulkan (Debian's chromium brings SwiftShader:
 * `VK_ICD_FILENAMES=/usr/lib/chromium/vk_swiftshader_icd.json npm run test:slow -- webgpu`, which takes minutes).
 */
import { expect, it } from 'vitest';
import { loadData } from '../../src/data/index.ts';
import { GraphBuilder } from '../../src/onnx/index.ts';
import { compile, type Device } from '../../src/runtime/index.ts';
import { createTrainer, type PlannedConfig, planTraining } from '../../src/train/index.ts';
import { oneRate } from '../support/one-rate.ts';

async function starts(): Promise<boolean> {
  const b = new GraphBuilder('probe');
  b.output('y', b.relu(b.input('x', 'float32', [1])));
  try {
    await (await compile(b.build(), { device: 'webgpu' })).dispose();
    return true;
  } catch {
    return false;
  }
}

const able = await starts();
const steps = 3;

interface Case {
  readonly model: string;
  readonly dataset: 'shapes' | 'grammar';
  readonly batchSize: number;
}

/** Losses of the first steps on a device. */
async function losses({ model, dataset, batchSize }: Case, device: Device): Promise<number[]> {
  const train = await loadData({ name: dataset, split: 'test' });
  const text = dataset === 'grammar';
  const lr = text ? 1 : 0.01;
  const config: PlannedConfig = {
    ...oneRate,
    model,
    normalize: 'none',
    dataset,
    batchSize,
    ...(text ? { sequenceLength: 8, clipNorm: 5 } : {}),
    optimizer: 'momentum',
    lr,
    momentum: 0.9,
    weightDecay: 1e-4,
    baseBatch: batchSize,
  };
  const { task, ...plan } = planTraining(config, { train, valid: train });
  const trainer = await createTrainer({ task, ...plan }, { ...config, microBatch: batchSize }, { device });
  try {
    const found: number[] = [];
    for (let step = 0; step < steps; step++) {
      const batch = () => task.batch(step * batchSize, batchSize);
      found.push((await trainer.step({ batch, scalars: plan.optimizer.scalarsAt(step, lr), step })).loss);
    }
    return found;
  } finally {
    await trainer.dispose();
  }
}

it.skipIf(!able).each<Case>([
  { model: 'resnet8', dataset: 'shapes', batchSize: 8 },
  { model: 'alexnet', dataset: 'shapes', batchSize: 2 },
  { model: 'mlp', dataset: 'shapes', batchSize: 4 },
  { model: 'lstm1x32', dataset: 'grammar', batchSize: 2 },
])("three steps of $model have the CPU's losses to 1e-4", async (which) => {
  const expected = await losses(which, 'cpu');
  const found = await losses(which, 'webgpu');
  for (const [i, loss] of expected.entries()) expect(Math.abs(found[i]! / loss - 1), `step ${i}`).toBeLessThan(1e-4);
});
