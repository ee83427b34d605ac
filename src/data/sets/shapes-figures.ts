/** The classes of `shapes`, by label. */
export const shapeClasses = [
  'disc',
  'ring',
  'square',
  'triangle',
  'cross',
  'star',
  'crescent',
  'heart',
  'arrow',
  'bar',
] as const;

export type ShapeClass = (typeof shapeClasses)[number];

/** Distance to a figure's outline, negative inside, where the figure fills about the unit disc; y points down. */
export type Figure = (x: number, y: number) => number;

type Point = readonly [number, number];

/**
 * The length of (x, y), by the steps of V8's `Math.hypot` (scaled, with Kahan's summation), whose bits the pictures are made of: a call of the
 * builtin takes ten times as long.
 */
function length(x: number, y: number): number {
  const [a, b] = [Math.abs(x), Math.abs(y)];
  const largest = a > b ? a : b;
  if (largest === 0) return 0;
  const first = (a / largest) * (a / largest);
  const second = (b / largest) * (b / largest);
  // The first sum is exact, so there is nothing to compensate in the second one.
  return Math.sqrt(first + second) * largest;
}

/** Signed distance to a polygon: distance to the nearest edge, its sign by the parity of edges that a ray to the right crosses. */
function polygon(vertices: readonly Point[]): Figure {
  const edges = vertices.map(([bx, by], i) => {
    const [ax, ay] = vertices.at(i - 1)!;
    const [ex, ey] = [bx - ax, by - ay];
    return { ax, ay, by, ex, ey, square: ex * ex + ey * ey };
  });
  return (x, y) => {
    let nearest = Number.POSITIVE_INFINITY;
    let inside = false;
    for (let i = 0; i < edges.length; i++) {
      const { ax, ay, by, ex, ey, square } = edges[i]!;
      const px = x - ax;
      const py = y - ay;
      const along = Math.min(1, Math.max(0, (px * ex + py * ey) / square));
      const dx = px - along * ex;
      const dy = py - along * ey;
      nearest = Math.min(nearest, dx * dx + dy * dy);
      if (ay > y !== by > y && x < ax + (ex * py) / ey) inside = !inside;
    }
    return inside ? -Math.sqrt(nearest) : Math.sqrt(nearest);
  };
}

/** Vertices around the origin, the first one on top; radii are taken in turn. */
function spokes(count: number, radii: readonly number[]): Point[] {
  return Array.from({ length: count }, (_, i) => {
    const angle = (2 * Math.PI * i) / count - Math.PI / 2;
    const radius = radii[i % radii.length]!;
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  });
}

/** A polygon from its right half, from top to bottom; the left half is its mirror image. */
function mirrored(right: readonly Point[]): Figure {
  // A point on the axis is its own image, and an edge of length 0 has no direction.
  const left = right.filter(([x]) => x !== 0).map(([x, y]) => [-x, y] as const);
  return polygon([...right, ...left.reverse()]);
}

const disc =
  (x0: number, y0: number, radius: number): Figure =>
  (x, y) =>
    length(x - x0, y - y0) - radius;

const union =
  (...figures: readonly Figure[]): Figure =>
  (x, y) =>
    Math.min(...figures.map((figure) => figure(x, y)));

const [wide, shadow] = [disc(0, 0, 0.9), disc(0.4, 0, 0.72)];

export const figures: Readonly<Record<ShapeClass, Figure>> = {
  disc: disc(0, 0, 0.82),
  ring: (x, y) => Math.abs(length(x, y) - 0.7) - 0.19,
  square: mirrored([
    [0.74, -0.74],
    [0.74, 0.74],
  ]),
  triangle: polygon(spokes(3, [1])),
  cross: mirrored([
    [0.28, -0.92],
    [0.28, -0.28],
    [0.92, -0.28],
    [0.92, 0.28],
    [0.28, 0.28],
    [0.28, 0.92],
  ]),
  star: polygon(spokes(10, [1.08, 0.45])),
  crescent: (x, y) => Math.max(wide(x, y), -shadow(x, y)),
  heart: union(
    disc(-0.37, -0.3, 0.52),
    disc(0.37, -0.3, 0.52),
    polygon(spokes(4, [0.74]).map(([x, y]) => [x, y + 0.07])),
  ),
  arrow: mirrored([
    [0, -1],
    [0.78, -0.1],
    [0.26, -0.1],
    [0.26, 0.92],
  ]),
  bar: mirrored([
    [0.24, -0.98],
    [0.24, 0.98],
  ]),
};

/** A stroke with round ends from the origin, `along` to the right and `width` across. */
export function stroke(along: number, width: number): Figure {
  return (x, y) => length(x - Math.min(along, Math.max(0, x)), y) - width / 2;
}
