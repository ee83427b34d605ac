/** A picture as a network takes it. Nothing leaves the page. */
export interface Picture {
  /** Channels first, from 0 to 1. */
  readonly pixels: Float32Array<ArrayBuffer>;
  /** To be shown. */
  readonly url: string;
}

/** Reads a picture in the size of a network's input; of one channel its brightness. Throws for a file that the browser cannot draw. */
export async function readPicture(
  file: Blob,
  [channels, height, width]: readonly [number, number, number],
): Promise<Picture> {
  const bitmap = await createImageBitmap(file);
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d', { willReadFrequently: true })!;
  context.drawImage(bitmap, 0, 0, width, height);
  bitmap.close();
  const { data } = context.getImageData(0, 0, width, height);
  const plane = width * height;
  const pixels = new Float32Array(channels * plane);
  for (let i = 0; i < plane; i++) {
    const [r, g, b] = [data[4 * i]!, data[4 * i + 1]!, data[4 * i + 2]!];
    if (channels === 1) pixels[i] = (0.299 * r + 0.587 * g + 0.114 * b) / 255;
    else
      [r, g, b].slice(0, channels).forEach((value, c) => {
        pixels[c * plane + i] = value / 255;
      });
  }
  return { pixels, url: canvas.toDataURL() };
}
