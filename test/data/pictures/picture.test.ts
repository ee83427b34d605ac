import { crc32, deflateSync } from 'node:zlib';
import jpeg from 'jpeg-js';
import { describe, expect, it } from 'vitest';
import { FileError } from '../../../src/base/errors.ts';
import { RandomStream } from '../../../src/base/random.ts';
import { decodePicture } from '../../../src/data/pictures/picture.ts';
import { chunk, pngSignature as signature } from '../../support/png-files.ts';

interface Raw {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly colour: number;
  readonly interlaced?: boolean;
  readonly palette?: readonly (readonly number[])[];
  /** Sample c of the pixel in column x and row y. */
  readonly at: (x: number, y: number, c: number) => number;
}

const samplesOf = [1, 0, 3, 1, 2, 0, 4];
const header = ({ width, height, depth, colour, interlaced = false }: Raw): Buffer => {
  const out = Buffer.alloc(13);
  out.writeUInt32BE(width, 0);
  out.writeUInt32BE(height, 4);
  out.set([depth, colour, 0, 0, interlaced ? 1 : 0], 8);
  return out;
};

/** Rows without a filter, in the order of the specification: bits from the highest on, passes one after another. */
function scanlines({ width, height, depth, colour, interlaced = false, at }: Raw): Buffer {
  const passes = interlaced
    ? ['0 0 8 8', '4 0 8 8', '0 4 4 8', '2 0 4 4', '0 2 2 4', '1 0 2 2', '0 1 1 2'].map((p) => p.split(' ').map(Number))
    : [[0, 0, 1, 1]];
  const rows: Buffer[] = [];
  for (const [x0, y0, dx, dy] of passes as [number, number, number, number][]) {
    for (let y = y0; y < height && x0 < width; y += dy) {
      let bits = '';
      for (let x = x0; x < width; x += dx) {
        for (let c = 0; c < samplesOf[colour]!; c++) bits += at(x, y, c).toString(2).padStart(depth, '0');
      }
      const bytes = bits.match(/.{1,8}/g)!.map((byte) => Number.parseInt(byte.padEnd(8, '0'), 2));
      rows.push(Buffer.from([0, ...bytes]));
    }
  }
  return Buffer.concat(rows);
}

function png(raw: Raw, data: Uint8Array = scanlines(raw)): Buffer {
  const { palette } = raw;
  return Buffer.concat([
    signature,
    chunk('IHDR', header(raw)),
    ...(palette ? [chunk('PLTE', Buffer.from(palette.flat())), chunk('tRNS', Buffer.from([0]))] : []),
    chunk('IDAT', deflateSync(data)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

const grey = (width: number, height: number): Raw => ({ width, height, depth: 8, colour: 0, at: (x, y) => 16 * y + x });

async function complaint(bytes: Uint8Array): Promise<string> {
  const error = await decodePicture(bytes, 'x.png').then(
    () => undefined,
    (cause: unknown) => cause,
  );
  if (error === undefined) return 'decoded';
  if (!(error instanceof FileError)) throw error;
  expect(error.message).toMatch(/^x\.png: [^\n]+$/);
  return error.message;
}

describe('a PNG', () => {
  it('of every colour type and depth, interlaced or not and of any size, has the values that were written', async () => {
    const kinds = [
      ...[1, 2, 4, 8, 16].map((depth) => [0, depth]),
      ...[1, 2, 4, 8].map((depth) => [3, depth]),
      ...[2, 4, 6].flatMap((colour) => [
        [colour, 8],
        [colour, 16],
      ]),
    ] as [number, number][];
    for (const [colour, depth] of kinds) {
      for (const interlaced of [false, true]) {
        for (const [width, height] of [
          [1, 1],
          [3, 2],
          [13, 9],
        ] as const) {
          const levels = 2 ** depth;
          const entry = (i: number) => [i % 256, (7 * i) % 256, (31 * i) % 256];
          const at = (x: number, y: number, c: number) => (37 * x + 1013 * y + 5003 * c) % levels;
          const palette = colour === 3 ? Array.from({ length: levels }, (_, i) => entry(i)) : undefined;
          const { rgba } = await decodePicture(
            png({ width, height, depth, colour, interlaced, at, ...(palette && { palette }) }),
            'x.png',
          );
          for (let p = 0; p < width * height; p++) {
            const [x, y] = [p % width, Math.floor(p / width)];
            const sample = (c: number) => Math.round((at(x, y, c) * 255) / (levels - 1));
            const rgb = palette ? palette[at(x, y, 0)]! : [0, 1, 2].map((c) => sample(colour & 2 ? c : 0));
            expect([...rgba.subarray(4 * p, 4 * p + 3)], `${colour} ${depth} ${interlaced} ${x},${y}`).toEqual(rgb);
          }
        }
      }
    }
  });

  it('whose data are short, even by a byte, or too long is refused: nothing is shown that is not in the file', async () => {
    const raw = grey(8, 8);
    const data = scanlines(raw);
    for (const interlaced of [false, true]) {
      const whole = scanlines({ ...raw, interlaced });
      for (const length of [1, 9, whole.length - 1]) {
        expect(await complaint(png({ ...raw, interlaced }, whole.subarray(0, length)))).toContain(
          `unpack to ${length} bytes, expected ${whole.length}`,
        );
      }
    }
    expect(await complaint(png(raw, Buffer.concat([data, Buffer.of(0)])))).toContain(
      'unpacks to more than the 72 bytes',
    );
    // Bytes after the end of the packed stream play no part in the picture.
    const packed = Buffer.concat([deflateSync(data), Buffer.alloc(40, 7)]);
    const padded = Buffer.concat([
      signature,
      chunk('IHDR', header(raw)),
      chunk('IDAT', packed),
      chunk('IEND', Buffer.alloc(0)),
    ]);
    const { rgba } = await decodePicture(padded, 'x.png');
    expect([...rgba.filter((_, i) => i % 4 === 0)]).toEqual(
      Array.from({ length: 64 }, (_, p) => 16 * (p >> 3) + (p & 7)),
    );
  });

  it('with a second header, a header of gigabytes or a bomb behind a small one is refused before it is unpacked', async () => {
    const small = grey(1, 1);
    const two = [chunk('IHDR', header(small)), chunk('IHDR', header(grey(20_000, 20_000)))];
    const rest = [chunk('IDAT', deflateSync(scanlines(small))), chunk('IEND', Buffer.alloc(0))];
    expect(await complaint(Buffer.concat([signature, ...two, ...rest]))).toContain('a chunk IHDR where none may be');
    expect(await complaint(png(grey(60_000, 60_000), Buffer.alloc(1)))).toContain('60000 x 60000 pixels');
    const bomb = Buffer.alloc(1 << 26);
    for (const interlaced of [false, true]) {
      expect(await complaint(png({ ...small, interlaced }, bomb))).toContain(
        'unpacks to more than the 2 bytes expected',
      );
    }
  });

  it('that is damaged anywhere or cut anywhere is refused or has the values that were written', async () => {
    const raw = grey(9, 7);
    const file = png(raw);
    const { rgba } = await decodePicture(file, 'x.png');
    for (let at = 0; at < file.length; at++) {
      expect(await complaint(file.subarray(0, at)), `cut at ${at}`).not.toBe('decoded');
      const flipped = Buffer.from(file);
      flipped[at]! ^= 1 << (at % 8);
      const found = await decodePicture(flipped, 'x.png').catch((cause: unknown) => cause);
      if (!(found instanceof FileError)) expect(found, `flipped at ${at}`).toEqual({ width: 9, height: 7, rgba });
    }
  });

  it('with a colour that the palette lacks, or none, is refused', async () => {
    const raw: Raw = { width: 2, height: 1, depth: 8, colour: 3, at: (x) => x };
    expect(await complaint(png({ ...raw, palette: [[1, 2, 3]] }))).toContain('index 1 not in palette');
    expect(await complaint(png(raw))).toContain('its palette is missing');
  });
});

/** Pictures of 24 x 16 pixels that Pillow 9.4 wrote (libjpeg-turbo, quality 60), and what it reads of them: each row's sum by channel. */
const jpegs: Readonly<
  Record<
    string,
    {
      readonly file: string;
      readonly rows: readonly (readonly number[])[];
      readonly pixels: Readonly<Record<number, readonly number[]>>;
    }
  >
> = {
  '4:2:0': {
    file: '/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAA0JCgsKCA0LCgsODg0PEyAVExISEyccHhcgLikxMC4pLSwzOko+MzZGNywtQFdBRkxOUlNSMj5aYVpQYEpRUk//2wBDAQ4ODhMREyYVFSZPNS01T09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT0//wAARCAAQABgDASIAAhEBAxEB/8QAFwABAQEBAAAAAAAAAAAAAAAABgADBf/EACoQAAEDAQYEBwEAAAAAAAAAAAECAxEABAUSExRRITFBkTIzQkRhcYHw/8QAFgEBAQEAAAAAAAAAAAAAAAAABAID/8QAJBEAAQMCBAcAAAAAAAAAAAAAAQIEEQBBAyFRgQUjMWFxwfD/2gAMAwEAAhEDEQA/AD92Nqaa0DhGY4cSVDkB89qT2NGPLj23jnrG3ajdgS4prNcB1YMIBEGPrvSa7jhykj1+cecbzt1qkcQjl4h8H62lJdERl09W3BzPau9YYS5qSDgXwA6/3CqsLxd0l0WpaZykohshWGFKITIVuJJ/Kq3w2hcSqaK2Z47kFSFgCb632r//2Q==',
    rows: [
      [3507, 2698, 4681],
      [3486, 2751, 4575],
      [3420, 2863, 4353],
      [3361, 3002, 4122],
      [3299, 3113, 3888],
      [3298, 3227, 3729],
      [3319, 3299, 3619],
      [3378, 3322, 3552],
      [3451, 3301, 3522],
      [3403, 3154, 3317],
      [3450, 3126, 3128],
      [3493, 3166, 2985],
      [3396, 3127, 2667],
      [3318, 3138, 2379],
      [3366, 3290, 2325],
      [3396, 3357, 2244],
    ],
    pixels: {
      5: [171, 68, 243],
      42: [125, 164, 193],
      79: [74, 41, 190],
      116: [117, 231, 179],
      153: [87, 88, 178],
      190: [104, 246, 200],
      227: [104, 140, 176],
      264: [57, 0, 59],
    },
  },
  '4:2:0, progressive': {
    file: '/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAA0JCgsKCA0LCgsODg0PEyAVExISEyccHhcgLikxMC4pLSwzOko+MzZGNywtQFdBRkxOUlNSMj5aYVpQYEpRUk//2wBDAQ4ODhMREyYVFSZPNS01T09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT0//wgARCAAQABgDASIAAhEBAxEB/8QAFwABAQEBAAAAAAAAAAAAAAAABQACBP/EABYBAQEBAAAAAAAAAAAAAAAAAAMBAv/aAAwDAQACEAMQAAABPTNTqd9i2X//xAAaEAACAwEBAAAAAAAAAAAAAAABAwACERIx/9oACAEBAAEFAljBSU9puLjDyr//xAAYEQADAQEAAAAAAAAAAAAAAAAAAQMCIf/aAAgBAwEBPwGpOO6dTP/EABsRAAIBBQAAAAAAAAAAAAAAAAACAQMEEyFC/9oACAECAQE/AYuOWFpZNn//xAAeEAACAQMFAAAAAAAAAAAAAAAAARICETEyQVFiof/aAAgBAQAGPwKDyxdSRd6helXGx//EAB0QAAICAgMBAAAAAAAAAAAAAAABESExUUFhgaH/2gAIAQEAAT8hd2QmJP0K6GK3glIbMnWC5RbrJ//aAAwDAQACAAMAAAAQdz//xAAdEQEAAAYDAAAAAAAAAAAAAAABABEhMUGBUWHB/9oACAEDAQE/EESpbzGxq9QWjCeec6j/xAAbEQACAQUAAAAAAAAAAAAAAAAAEQEhQVFx8P/aAAgBAgEBPxBVTU9bBKzH/8QAHxAAAgEEAwEBAAAAAAAAAAAAAREAITFBUXGBkWHw/9oACAEBAAE/EHODELAffJZu/K15EZBtgZ/UijFShIRXHsOi5rrb1mV9UpCgQMNgyep//9k=',
    rows: [
      [3507, 2698, 4681],
      [3486, 2751, 4575],
      [3420, 2863, 4353],
      [3361, 3002, 4122],
      [3299, 3113, 3888],
      [3298, 3227, 3729],
      [3319, 3299, 3619],
      [3378, 3322, 3552],
      [3451, 3301, 3522],
      [3403, 3154, 3317],
      [3450, 3126, 3128],
      [3493, 3166, 2985],
      [3396, 3127, 2667],
      [3318, 3138, 2379],
      [3366, 3290, 2325],
      [3396, 3357, 2244],
    ],
    pixels: {
      5: [171, 68, 243],
      42: [125, 164, 193],
      79: [74, 41, 190],
      116: [117, 231, 179],
      153: [87, 88, 178],
      190: [104, 246, 200],
      227: [104, 140, 176],
      264: [57, 0, 59],
    },
  },
  '4:2:2': {
    file: '/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAA0JCgsKCA0LCgsODg0PEyAVExISEyccHhcgLikxMC4pLSwzOko+MzZGNywtQFdBRkxOUlNSMj5aYVpQYEpRUk//2wBDAQ4ODhMREyYVFSZPNS01T09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT0//wAARCAAQABgDASEAAhEBAxEB/8QAFwABAQEBAAAAAAAAAAAAAAAABgAFB//EACoQAAEDAQYEBwEAAAAAAAAAAAECAxEABAUSExRRITFBkTIzQkRhcYHw/8QAFgEBAQEAAAAAAAAAAAAAAAAABQQD/8QAJhEAAQIGAQIHAAAAAAAAAAAAAQIDAAQRITFBgVGhBRITIpGi8f/aAAwDAQACEQMRAD8AP3Y2pprQOEZjhxJUOQHz2pPY0Y8uPbeOesbdqvamfVbvkfgiqaSU+zjkHzHtCCwwlzUkHAvgB1/uFVHuglUDqmktk13f5jndgS4prNcB1YMIBEGPrvSa7jhykj1+cecbzt1qRL4Zdro2413haaUopqc55wfrrWY17xd0l0WpaZykohshWGFKITIVuJJ/KqfkmwpJURW/SNfCpaVdbUp4A3oK9BiP/9k=',
    rows: [
      [3380, 2786, 4666],
      [3362, 2825, 4554],
      [3336, 2902, 4358],
      [3337, 3001, 4127],
      [3348, 3082, 3921],
      [3400, 3171, 3756],
      [3452, 3223, 3667],
      [3495, 3247, 3622],
      [3523, 3316, 3171],
      [3405, 3156, 3312],
      [3352, 3200, 2967],
      [3357, 3266, 2790],
      [3312, 3125, 2869],
      [3310, 3119, 2503],
      [3399, 3294, 2176],
      [3424, 3328, 2398],
    ],
    pixels: {
      5: [192, 65, 206],
      42: [121, 169, 181],
      79: [39, 62, 176],
      116: [160, 206, 193],
      153: [95, 87, 160],
      190: [105, 245, 200],
      227: [63, 157, 191],
      264: [7, 18, 48],
    },
  },
  '4:4:4': {
    file: '/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAA0JCgsKCA0LCgsODg0PEyAVExISEyccHhcgLikxMC4pLSwzOko+MzZGNywtQFdBRkxOUlNSMj5aYVpQYEpRUk//2wBDAQ4ODhMREyYVFSZPNS01T09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT0//wAARCAAQABgDAREAAhEBAxEB/8QAFgABAQEAAAAAAAAAAAAAAAAABgUH/8QAKhAAAQMBBgQHAQAAAAAAAAAAAQIDEQAEBRITFFEhMUGRMjNCRGFxgfD/xAAXAQEBAQEAAAAAAAAAAAAAAAAFBAID/8QALhEAAAMFBgMJAQAAAAAAAAAAAQIDAAQRIUESMTJRYfATM4EFI0JDYnGRscHR/9oADAMBAAIRAxEAPwA/djammtA4RmOHElQ5AfPaq3ftAAEOJhCW9Ppk1UTJpi6DiNPT+0yZPY0Y8uPbeOesbdqpUGEfUxyprdmHl39MvjRkFhhLmpIOBfADr/cKOVmFjJoVFQKcXgbhlruTZ3YEuKazXAdWDCARBj670eqIAMAws4dRQyYqH5oXZw9q1oya7jhykj1+cecbzt1rTs/We7VGQYR3TdzHrhCyJPFj/Y5VyaveLukui1LTOUlENkKwwpRCZCtxJP5SKJeIqUK16Tbg6pkVeypG5d4ZSnfWrf/Z',
    rows: [
      [3399, 2779, 4555],
      [3387, 2816, 4498],
      [3372, 2874, 4380],
      [3368, 2965, 4237],
      [3397, 3044, 4033],
      [3451, 3134, 3832],
      [3507, 3191, 3667],
      [3551, 3233, 3584],
      [3551, 3242, 3387],
      [3414, 3178, 3146],
      [3376, 3205, 2972],
      [3335, 3243, 2869],
      [3305, 3163, 2729],
      [3292, 3144, 2554],
      [3402, 3243, 2375],
      [3488, 3329, 2253],
    ],
    pixels: {
      5: [234, 36, 245],
      42: [101, 173, 211],
      79: [26, 56, 238],
      116: [139, 216, 200],
      153: [50, 106, 181],
      190: [100, 246, 209],
      227: [88, 140, 215],
      264: [36, 3, 50],
    },
  },
  grey: {
    file: '/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAA0JCgsKCA0LCgsODg0PEyAVExISEyccHhcgLikxMC4pLSwzOko+MzZGNywtQFdBRkxOUlNSMj5aYVpQYEpRUk//wAALCAAQABgBAREA/8QAFgABAQEAAAAAAAAAAAAAAAAABgUH/8QAKhAAAQMBBgQHAQAAAAAAAAAAAQIDEQAEBRITFFEhMUGRMjNCRGFxgfD/2gAIAQEAAD8AP3Y2pprQOEZjhxJUOQHz2pPY0Y8uPbeOesbdqQWGEuakg4F8AOv9wrO7AlxTWa4DqwYQCIMfXek13HDlJHr84843nbrVe8XdJdFqWmcpKIbIVhhSiEyFbiSfyv/Z',
    rows: [
      [3169, 3169, 3169],
      [3177, 3177, 3177],
      [3193, 3193, 3193],
      [3220, 3220, 3220],
      [3258, 3258, 3258],
      [3305, 3305, 3305],
      [3342, 3342, 3342],
      [3368, 3368, 3368],
      [3369, 3369, 3369],
      [3248, 3248, 3248],
      [3227, 3227, 3227],
      [3240, 3240, 3240],
      [3156, 3156, 3156],
      [3111, 3111, 3111],
      [3199, 3199, 3199],
      [3254, 3254, 3254],
    ],
    pixels: {
      5: [119, 119, 119],
      42: [156, 156, 156],
      79: [68, 68, 68],
      116: [191, 191, 191],
      153: [98, 98, 98],
      190: [198, 198, 198],
      227: [133, 133, 133],
      264: [18, 18, 18],
    },
  },
  '4:2:0, with an EXIF orientation': {
    file: '/9j/4AAQSkZJRgABAQAAAQABAAD/4QAiRXhpZgAATU0AKgAAAAgAAQESAAMAAAABAAYAAAAAAAD/2wBDAA0JCgsKCA0LCgsODg0PEyAVExISEyccHhcgLikxMC4pLSwzOko+MzZGNywtQFdBRkxOUlNSMj5aYVpQYEpRUk//2wBDAQ4ODhMREyYVFSZPNS01T09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT0//wAARCAAQABgDASIAAhEBAxEB/8QAFwABAQEBAAAAAAAAAAAAAAAABgADBf/EACoQAAEDAQYEBwEAAAAAAAAAAAECAxEABAUSExRRITFBkTIzQkRhcYHw/8QAFgEBAQEAAAAAAAAAAAAAAAAABAID/8QAJBEAAQMCBAcAAAAAAAAAAAAAAQIEEQBBAyFRgQUjMWFxwfD/2gAMAwEAAhEDEQA/AD92Nqaa0DhGY4cSVDkB89qT2NGPLj23jnrG3ajdgS4prNcB1YMIBEGPrvSa7jhykj1+cecbzt1qkcQjl4h8H62lJdERl09W3BzPau9YYS5qSDgXwA6/3CqsLxd0l0WpaZykohshWGFKITIVuJJ/Kq3w2hcSqaK2Z47kFSFgCb632r//2Q==',
    rows: [
      [3507, 2698, 4681],
      [3486, 2751, 4575],
      [3420, 2863, 4353],
      [3361, 3002, 4122],
      [3299, 3113, 3888],
      [3298, 3227, 3729],
      [3319, 3299, 3619],
      [3378, 3322, 3552],
      [3451, 3301, 3522],
      [3403, 3154, 3317],
      [3450, 3126, 3128],
      [3493, 3166, 2985],
      [3396, 3127, 2667],
      [3318, 3138, 2379],
      [3366, 3290, 2325],
      [3396, 3357, 2244],
    ],
    pixels: {
      5: [171, 68, 243],
      42: [125, 164, 193],
      79: [74, 41, 190],
      116: [117, 231, 179],
      153: [87, 88, 178],
      190: [104, 246, 200],
      227: [104, 140, 176],
      264: [57, 0, 59],
    },
  },
};

describe('a JPEG', () => {
  for (const [name, { file, rows, pixels }] of Object.entries(jpegs)) {
    it(`(${name}) has the values that libjpeg gives`, async () => {
      const { width, height, rgba } = await decodePicture(Buffer.from(file, 'base64'), 'x.jpg');
      expect([width, height]).toEqual([24, 16]);
      const sums = Array.from({ length: height }, (_, y) =>
        [0, 1, 2].map((c) =>
          Array.from({ length: width }, (_, x) => rgba[4 * (y * width + x) + c]!).reduce((a, b) => a + b),
        ),
      );
      expect(sums).toEqual(rows);
      for (const [p, rgb] of Object.entries(pixels))
        expect([...rgba.subarray(4 * Number(p), 4 * Number(p) + 3)]).toEqual(rgb);
    });
  }

  const { width, height } = { width: 16, height: 16 };
  const plain = () =>
    jpeg.encode(
      { width, height, data: Buffer.from(Array.from({ length: 4 * width * height }, (_, i) => (i * 7) % 256)) },
      80,
    ).data;

  it('that is cut anywhere is refused', async () => {
    const file = plain();
    for (let length = 0; length < file.length; length += 3) {
      expect(await complaint(file.subarray(0, length)), `cut at ${length}`).not.toBe('decoded');
    }
    // Cut inside its scan, with an end marker set behind it: libjpeg would fill the rest with grey.
    const ended = Buffer.concat([file.subarray(0, file.length - 60), Buffer.of(0xff, 0xd9)]);
    expect(await complaint(ended)).toContain('premature end of data segment');
    expect(await complaint(file)).toBe('decoded');
  });

  it('of thousands of scans, of gigapixels, with two frames, of print colours or a rare coding is refused before it is decoded', async () => {
    const file = plain();
    const sof = file.indexOf(Buffer.of(0xff, 0xc0));
    const sos = file.indexOf(Buffer.of(0xff, 0xda));
    const changed = (at: number, ...bytes: number[]) => {
      const out = Buffer.from(file);
      out.set(bytes, at);
      return out;
    };
    const scan = file.subarray(sos, file.length - 2);
    const many = Buffer.concat([file.subarray(0, sos), ...Array<Buffer>(101).fill(scan), Buffer.of(0xff, 0xd9)]);
    expect(await complaint(many)).toContain('more than 100 scans');
    expect(await complaint(changed(sof + 5, 0xff, 0xff, 0xff, 0xff))).toContain('65535 x 65535 pixels');
    expect(await complaint(changed(sof + 5, 0, 0))).toContain('16 x 0 pixels');
    expect(await complaint(changed(sof + 9, 4))).toContain('CMYK');
    expect(await complaint(changed(sof + 1, 0xc9))).toContain('arithmetic coding are not read');
    const frame = file.subarray(sof, sof + 2 + file.readUInt16BE(sof + 2));
    expect(await complaint(Buffer.concat([file.subarray(0, sof), frame, file.subarray(sof)]))).toContain('two frames');
  });
});

describe('a picture with bytes changed at random', () => {
  it('is decoded or refused in one line, whatever it is', async () => {
    const random = new RandomStream({ seed: 22, purpose: 'fuzz pictures' });
    const files = [
      png(grey(12, 10)),
      png({ ...grey(12, 10), interlaced: true }),
      png({
        width: 5,
        height: 5,
        depth: 2,
        colour: 3,
        at: (x) => x % 4,
        palette: [[1], [2], [3], [4]].map(([v]) => [v!, v!, v!]),
      }),
      ...Object.values(jpegs).map(({ file }) => Buffer.from(file, 'base64')),
    ];
    let decoded = 0;
    for (let round = 0; round < 600; round++) {
      const bytes = Buffer.from(files[round % files.length]!);
      for (let n = 1 + random.integer(4); n > 0; n--) bytes[random.integer(bytes.length)] = random.integer(256);
      // A file whose checksums are right again, so that what lies behind them is reached.
      const mended = bytes[0] === 0x89 && round % 2 ? withChecksums(bytes) : bytes;
      if ((await complaint(mended)) === 'decoded') decoded++;
    }
    expect(decoded).toBeGreaterThan(10);
    expect(decoded).toBeLessThan(590);
  });
});

function withChecksums(file: Buffer): Buffer {
  for (let at = 8; at + 12 <= file.length; ) {
    const end = at + 8 + file.readUInt32BE(at);
    if (end + 4 > file.length) break;
    file.writeUInt32BE(crc32(file.subarray(at + 4, end)), end);
    at = end + 4;
  }
  return file;
}
