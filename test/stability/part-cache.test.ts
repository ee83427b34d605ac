/** Finished parts are served by content: never to other pictures, another network, other settings or another revision of what computes them. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PNG } from 'pngjs';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { loadDataset, shapesDataset } from '../../src/data/index.ts';
import { makeFolder } from '../../src/formats/index.ts';
import { type PartOrigin, partCache } from '../../src/instrument/part-cache.ts';
import { loadNetwork, resnet, withValues } from '../../src/models/index.ts';
import { initialize } from '../../src/nn/index.ts';
import { folderCache, measureSpectra, type SpectrumRequest } from '../../src/stability/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'ballast-parts-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** One picture of 32 x 32 pixels of one grey. */
function pictures(name: string, grey: number): string {
  const dir = join(folder, name);
  mkdirSync(join(dir, 'thing'), { recursive: true });
  const png = new PNG({ width: 32, height: 32 });
  png.data.fill(grey);
  writeFileSync(join(dir, 'thing', '0.png'), PNG.sync.write(png));
  return dir;
}

describe('spectra that are there already', () => {
  it('of black pictures are not handed out for the white ones of another folder', async () => {
    const parts = join(folder, 'spectra');
    await makeFolder(parts);
    const model = resnet({ depth: 8, width: 4, classes: 1 });
    const network = { ...withValues(model, initialize(model.parameters, 7)), weights: 'test' };
    const spectraOf = async (dir: string, fresh: boolean) => {
      const dataset = await loadDataset({ name: 'folder', dir, split: 'test' });
      const request: SpectrumRequest = {
        ...{ network, dataset, images: [0], units: 'layer3.0', stages: false, finalRelu: false },
        ...({ method: 'auto', top: 3 } as const),
      };
      const result = await measureSpectra(fresh ? request : { ...request, cache: folderCache(parts, request) });
      return result.images[0]!.units[0]!.singularValues;
    };
    const [black, white] = [pictures('black', 0), pictures('white', 255)];
    const ofBlack = await spectraOf(black, false);
    expect(await spectraOf(white, false)).toEqual(await spectraOf(white, true));
    expect(await spectraOf(black, false)).toEqual(ofBlack);
    expect(ofBlack).toHaveLength(1024);
  });
});

describe('a finished part', () => {
  it('is served to the same content alone', async () => {
    const data = shapesDataset({ seed: 1, split: 'test', count: 4 });
    const network = await loadNetwork({ model: 'mlp8', weights: 'random' });
    const origin: PartOrigin = { measurement: 'made up', revision: 1, network, data, settings: { top: 3 } };
    await partCache(folder, z.number(), origin).write('unit@0', 42);
    const read = (change: Partial<PartOrigin>) =>
      partCache(folder, z.number(), { ...origin, ...change }).read('unit@0');
    const copies = {
      data: { ...data, name: 'elsewhere', pixels: data.pixels.slice() },
      network: await loadNetwork({ model: 'mlp8', weights: 'random' }),
    };
    for (const same of [{}, copies, { runtime: { threads: 7 } }]) expect(await read(same)).toBe(42);
    const others: readonly Partial<PartOrigin>[] = [
      { measurement: 'another' },
      { revision: 2 },
      { settings: { top: 4 } },
      { runtime: { device: 'webgpu' } },
      { runtime: { emission: 'plain' } },
      { network: await loadNetwork({ model: 'mlp8', weights: 'random', normalize: 'cifar10' }) },
      { data: { ...data, pixels: data.pixels.with(5, data.pixels[5]! ^ 1) } },
      { data: { ...data, labels: data.labels.with(0, (data.labels[0]! + 1) % 10) } },
    ];
    for (const other of others) expect(await read(other), JSON.stringify(Object.keys(other))).toBeUndefined();
    // Nor where it is of another form than one expects.
    expect(await partCache(folder, z.object({ of: z.number() }), origin).read('unit@0')).toBeUndefined();
  });
});
