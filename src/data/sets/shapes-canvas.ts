import type { Figure } from './shapes-figures.ts';

/** Side of a picture in pixels. */
export const side = 32;
export const area = side * side;

export type Colour = readonly [number, number, number];

/** Stripes that run through a figure or the ground: a plane wave. */
export interface Stripes {
  readonly amplitude: number;
  /** Phase advance per pixel, to the right and down. */
  readonly frequency: readonly [number, number];
  readonly phase: number;
}

export interface Placed {
  readonly figure: Figure;
  /** Place of the figure's origin, in pixels. */
  readonly x: number;
  readonly y: number;
  /** Pixels that one unit of the figure's coordinates takes. */
  readonly scale: number;
  /** Radians, clockwise on the screen. */
  readonly angle: number;
  /** Distance from the origin beyond which the figure covers nothing, in its own units. */
  readonly extent: number;
  readonly colour: Colour;
  readonly stripes?: Stripes;
}

/**
 * Paints a figure over a picture ([3, side, side], 0 .. 1). Its edge is smooth: a pixel is covered by 1/2 minus its centre's
 * signed distance in pixels, cut to 0 .. 1.
 *
 * @param onCovered Called for every pixel of which at least one half is covered.
 */
export function paint(picture: Float64Array, placed: Placed, onCovered?: (pixel: number) => void): void {
  const { figure, x, y, scale, angle, colour, stripes } = placed;
  const [cos, sin] = [Math.cos(angle) / scale, Math.sin(angle) / scale];
  const reach = placed.extent * scale + 1;
  const clip = (v: number) => Math.min(side, Math.max(0, v));
  const [left, right] = [clip(Math.floor(x - reach)), clip(Math.ceil(x + reach))];
  const [top, bottom] = [clip(Math.floor(y - reach)), clip(Math.ceil(y + reach))];
  for (let row = top; row < bottom; row++) {
    for (let column = left; column < right; column++) {
      const [dx, dy] = [column + 0.5 - x, row + 0.5 - y];
      const cover = Math.min(1, 0.5 - scale * figure(cos * dx + sin * dy, cos * dy - sin * dx));
      if (cover <= 0) continue;
      const pixel = row * side + column;
      const shade = stripes ? wave(stripes, column, row) : 0;
      for (let c = 0; c < 3; c++) {
        const at = c * area + pixel;
        picture[at] = picture[at]! * (1 - cover) + (colour[c]! + shade) * cover;
      }
      if (cover >= 0.5) onCovered?.(pixel);
    }
  }
}

/** Paints the whole picture. */
export function paintGround(picture: Float64Array, colour: Colour, stripes: Stripes): void {
  for (let p = 0; p < area; p++) {
    const shade = wave(stripes, p % side, Math.floor(p / side));
    for (let c = 0; c < 3; c++) picture[c * area + p] = colour[c]! + shade;
  }
}

function wave({ amplitude, frequency, phase }: Stripes, column: number, row: number): number {
  return amplitude * Math.sin(frequency[0] * column + frequency[1] * row + phase);
}
