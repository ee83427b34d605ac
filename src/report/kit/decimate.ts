/** Long sorted arrays as few points, so that what is drawn cannot be told from the whole. */

/**
 * Indices of the points that a polyline needs so that it stays within `tolerance` of every point (Ramer, Douglas, Peucker).
 * `x` and `y` are in drawing units, e.g. pixels: a step survives because leaving it out would move the line.
 */
export function simplifyLine(x: ArrayLike<number>, y: ArrayLike<number>, tolerance: number): number[] {
  const n = x.length;
  if (n <= 2) return Array.from({ length: n }, (_, i) => i);
  const keep = new Uint8Array(n);
  keep[0] = 1;
  keep[n - 1] = 1;
  const open: [number, number][] = [[0, n - 1]];
  for (let span = open.pop(); span; span = open.pop()) {
    const [a, b] = span;
    const [dx, dy] = [x[b]! - x[a]!, y[b]! - y[a]!];
    const length = Math.hypot(dx, dy);
    let [worst, at] = [tolerance, -1];
    for (let i = a + 1; i < b; i++) {
      const [px, py] = [x[i]! - x[a]!, y[i]! - y[a]!];
      const distance = length === 0 ? Math.hypot(px, py) : Math.abs(px * dy - py * dx) / length;
      if (distance > worst) [worst, at] = [distance, i];
    }
    if (at >= 0) {
      keep[at] = 1;
      open.push([a, at], [at, b]);
    }
  }
  return Array.from({ length: n }, (_, i) => i).filter((i) => keep[i] === 1);
}

/** The middle element of each of `bins` equal parts of a sorted array: the median of the part. */
export function binMedians(sorted: ArrayLike<number>, bins: number): number[] {
  return Array.from({ length: bins }, (_, b) => sorted[Math.floor(((b + 0.5) * sorted.length) / bins)]!);
}
