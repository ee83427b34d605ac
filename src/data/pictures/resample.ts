/** A window of an image, enlarged to the image's size. */
export interface Window {
  /** Row and column of its corner, in pixels of the image; it may begin outside. */
  readonly top: number;
  readonly left: number;
  /** How many pixels become of one, in either direction. */
  readonly factor: number;
  readonly mirrored: boolean;
}

/** Where the pixels of a row (or column) come from: the two nearest, inside the image, and the share of the second. */
interface Places {
  readonly first: Int32Array;
  readonly second: Int32Array;
  readonly share: Float64Array;
  /** The nearest one of all; -1 where that lies outside. */
  readonly nearest: Int32Array;
}

/** Of `size` pixels from `start` on, whose centres are 1 / factor apart. */
function placesOf(size: number, start: number, factor: number, mirrored: boolean): Places {
  const places: Places = {
    first: new Int32Array(size),
    second: new Int32Array(size),
    share: new Float64Array(size),
    nearest: new Int32Array(size),
  };
  const inside = (i: number) => Math.min(size - 1, Math.max(0, i));
  for (let i = 0; i < size; i++) {
    const at = mirrored ? size - 1 - i : i;
    const place = start + (at + 0.5) / factor - 0.5;
    const below = Math.floor(place);
    const near = Math.floor(place + 0.5);
    places.first[i] = inside(below);
    places.second[i] = inside(below + 1);
    places.share[i] = place - below;
    places.nearest[i] = near >= 0 && near < size ? near : -1;
  }
  return places;
}

/** What is read: a [planes, height, width] block of bytes at `start`. */
export interface Source {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly shape: readonly [number, number, number];
}

/**
 * Fills [planes, height, width] of `out` from `at` on with the window of a picture, by bilinear interpolation of `value[byte]`; pixels whose
 * nearest one lies outside are 0.
 */
export function resamplePicture(
  { bytes, start, shape: [planes, height, width] }: Source,
  { top, left, factor, mirrored }: Window,
  value: ArrayLike<number>,
  out: Float32Array,
  at: number,
): void {
  const rows = placesOf(height, top, factor, false);
  const columns = placesOf(width, left, factor, mirrored);
  let to = at;
  for (let plane = 0; plane < planes; plane++) {
    for (let y = 0; y < height; y++) {
      const outside = rows.nearest[y] === -1;
      const upper = start + (plane * height + rows.first[y]!) * width;
      const lower = start + (plane * height + rows.second[y]!) * width;
      const down = rows.share[y]!;
      for (let x = 0; x < width; x++, to++) {
        if (outside || columns.nearest[x] === -1) {
          out[to] = 0;
          continue;
        }
        const a = columns.first[x]!;
        const b = columns.second[x]!;
        const right = columns.share[x]!;
        const above = value[bytes[upper + a]!]! * (1 - right) + value[bytes[upper + b]!]! * right;
        const below = value[bytes[lower + a]!]! * (1 - right) + value[bytes[lower + b]!]! * right;
        out[to] = above * (1 - down) + below * down;
      }
    }
  }
}

/** The same window of a mask: the nearest pixel's class, `outside` where there is none. */
export function resampleMask(
  { bytes, start, shape: [, height, width] }: Source,
  { top, left, factor, mirrored }: Window,
  outside: number,
  out: Int32Array,
  at: number,
): void {
  const rows = placesOf(height, top, factor, false).nearest;
  const columns = placesOf(width, left, factor, mirrored).nearest;
  let to = at;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++, to++) {
      const row = rows[y]!;
      const column = columns[x]!;
      out[to] = row === -1 || column === -1 ? outside : bytes[start + row * width + column]!;
    }
  }
}
