/**
 * Singular value decomposition of a small dense matrix by one-sided Jacobi rotations (Hestenes 1958), accurate to rounding.
 * Vectors are returned as rows, for values in descending order: B = sum_i values[i] u[i] v[i]ᵀ. O(n³) a sweep; meant for
 * n up to a few hundred.
 */
export function smallSvd(
  b: Float64Array,
  rows: number,
  cols: number,
): { u: Float64Array[]; values: Float64Array; v: Float64Array[] } {
  if (rows < cols) {
    const transposed = new Float64Array(rows * cols);
    for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) transposed[j * rows + i] = b[i * cols + j]!;
    const { u, values, v } = smallSvd(transposed, cols, rows);
    return { u: v, values, v: u };
  }
  const columns = Array.from({ length: cols }, (_, j) =>
    Float64Array.from({ length: rows }, (_, i) => b[i * cols + j]!),
  );
  const rotations = Array.from({ length: cols }, (_, j) => {
    const e = new Float64Array(cols);
    e[j] = 1;
    return e;
  });
  const dotOf = (x: Float64Array, y: Float64Array) => {
    let sum = 0;
    for (let i = 0; i < x.length; i++) sum += x[i]! * y[i]!;
    return sum;
  };
  const rotate = (x: Float64Array, y: Float64Array, c: number, s: number) => {
    for (let i = 0; i < x.length; i++) {
      const a = x[i]!;
      const d = y[i]!;
      x[i] = c * a - s * d;
      y[i] = s * a + c * d;
    }
  };
  // Rounding of a product of `rows` terms: nothing closer to orthogonal can be told.
  const tolerance = Math.max(1e-15, Math.sqrt(rows) * Number.EPSILON);
  const squares = columns.map((x) => dotOf(x, x));
  for (let sweep = 0; sweep < 60; sweep++) {
    let rotated = false;
    for (let p = 0; p < cols; p++) {
      for (let q = p + 1; q < cols; q++) {
        const [x, y] = [columns[p]!, columns[q]!];
        const xy = dotOf(x, y);
        if (Math.abs(xy) <= tolerance * Math.sqrt(squares[p]! * squares[q]!) || Math.abs(xy) < 1e-300) continue;
        rotated = true;
        const zeta = (squares[q]! - squares[p]!) / (2 * xy);
        const t = (zeta >= 0 ? 1 : -1) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta));
        const c = 1 / Math.sqrt(1 + t * t);
        rotate(x, y, c, c * t);
        rotate(rotations[p]!, rotations[q]!, c, c * t);
        squares[p] = dotOf(x, x);
        squares[q] = dotOf(y, y);
      }
    }
    if (!rotated) break;
  }
  const order = squares.map((s, j) => [Math.sqrt(s), j] as const).sort((a, d) => d[0] - a[0]);
  return {
    values: Float64Array.from(order, ([value]) => value),
    u: order.map(([value, j]) => columns[j]!.map((x) => (value > 0 ? x / value : 0))),
    v: order.map(([, j]) => rotations[j]!),
  };
}
