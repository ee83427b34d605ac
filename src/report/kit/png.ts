import { PNG } from 'pngjs';

/** A picture with channels first, red green blue, each byte 0 .. 255 (the layout of CIFAR's files). */
export interface RgbPicture {
  readonly width: number;
  readonly height: number;
  /** 3 x height x width. */
  readonly bytes: Uint8Array;
}

/**
 * The picture as a `data:` URL that an `<img>` shows without fetching anything.
 *
 * @param scale Whole factor by which each pixel is repeated in both directions (nearest neighbour); 1 leaves it as it is.
 */
export function pngDataUrl({ width, height, bytes }: RgbPicture, scale = 1): string {
  const plane = width * height;
  if (bytes.length !== 3 * plane) {
    throw new RangeError(`a ${width} x ${height} picture has ${3 * plane} bytes, got ${bytes.length}`);
  }
  const png = new PNG({ width: width * scale, height: height * scale });
  for (let y = 0; y < png.height; y++) {
    for (let x = 0; x < png.width; x++) {
      const from = Math.floor(y / scale) * width + Math.floor(x / scale);
      const to = 4 * (y * png.width + x);
      for (let c = 0; c < 3; c++) png.data[to + c] = bytes[c * plane + from]!;
      png.data[to + 3] = 255;
    }
  }
  return `data:image/png;base64,${PNG.sync.write(png).toString('base64')}`;
}
