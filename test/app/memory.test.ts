/** What does not fit into memory is refused by estimate, before it is taken, with the number and what to change: by every measurement. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PNG } from 'pngjs';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { measure } from '../../src/app/index.ts';
import { GraphBuilder } from '../../src/onnx/index.ts';
import { compile } from '../../src/runtime/index.ts';

/** As in a container that leaves so many bytes. */
const leave = (free: number) =>
  vi.spyOn(process, 'constrainedMemory').mockImplementation(() => process.memoryUsage.rss() + free);
afterEach(() => {
  vi.restoreAllMocks();
});

const folder = mkdtempSync(join(tmpdir(), 'ballast-memory-'));
for (const name of ['ant', 'dog']) {
  mkdirSync(join(folder, name));
  const picture = new PNG({ width: 16, height: 16 });
  picture.data.fill(200);
  for (const i of [0, 1]) writeFileSync(join(folder, name, `${i}.png`), PNG.sync.write(picture));
}
afterAll(() => rmSync(folder, { recursive: true }));

const subject = { model: 'resnet8', weights: 'random', dataset: 'folder', data: folder };
const refused = /takes? about [\d.]+ [MGT]B of memory, [\d.]+ [MG]B are free; (take|choose|ask for) /;

describe('too little memory', () => {
  it.each([
    ['eval', subject, 1e5, /^a call of resnet8/],
    ['spectrum', { ...subject, units: 'layer3.0' }, 1e8, /^top: 10 leading values of layer3\.0/],
    ['spectrum', { ...subject, images: '0-3' }, 1e5, /^what is inside resnet8 at 4 images/],
    ['intervene', { ...subject, unit: 'layer3.0', weightScale: [2] }, 1e8, /^top: 10 leading values of layer3\.0/],
    [
      'perturb',
      { ...subject, images: '0-3', eps: [0.01, 0.02], untrained: false },
      1e5,
      /^perturbing 4 images of folder at 2 radii/,
    ],
    ['curvature', { ...subject, images: '0-3', density: true }, 1e6, /^(a call of|the Hessian of) /],
    [
      'convolutions',
      { model: 'resnet8', weights: 'random', layers: 'conv1' },
      1e7,
      /^the largest convolution of resnet8/,
    ],
    ['eigenvalues', { ...subject, method: 'exact' }, 2e7, /^the largest branch of resnet8/],
    ['alignment', { ...subject, model: 'resnet14', images: '0' }, 1e7, /^the singular vectors of resnet14/],
  ] as const)('of %s is refused with the number and what to change', async (name, request, free, what) => {
    leave(free);
    const { message } = await measure(name, request as never).then(
      () => expect.fail(),
      (error: Error) => error,
    );
    expect(message).toMatch(refused);
    expect(message).toMatch(what);
  });

  it('of a graph that one call would hold is known before anything of it is taken', async () => {
    leave(1e9);
    const b = new GraphBuilder('vast');
    const x = b.input('x', 'float32', [1 << 15, 1 << 15]);
    b.output('y', b.relu(x));
    await expect(compile(b.build())).rejects.toThrow('a call of vast takes about 4.29 GB of memory');
  });
});
