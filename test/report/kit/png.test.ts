import { PNG } from 'pngjs';
import { describe, expect, it } from 'vitest';
import { pngDataUrl } from '../../../src/report/kit/png.ts';

describe('pngDataUrl', () => {
  it('repeats each pixel of a channels-first picture and keeps its colours', () => {
    const bytes = Uint8Array.from([10, 20, 30, 40, 50, 60]); // red of two pixels, then green, then blue
    const url = pngDataUrl({ width: 2, height: 1, bytes }, 3);
    const png = PNG.sync.read(Buffer.from(url.replace('data:image/png;base64,', ''), 'base64'));
    expect([png.width, png.height]).toEqual([6, 3]);
    const pixel = (x: number, y: number) => [...png.data.subarray(4 * (y * 6 + x), 4 * (y * 6 + x) + 4)];
    expect(pixel(2, 2)).toEqual([10, 30, 50, 255]);
    expect(pixel(3, 0)).toEqual([20, 40, 60, 255]);
  });

  it('refuses bytes that do not fill the picture', () => {
    expect(() => pngDataUrl({ width: 2, height: 2, bytes: new Uint8Array(11) })).toThrow(/12 bytes, got 11/);
  });
});
