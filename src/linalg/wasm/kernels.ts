// Kernels in AssemblyScript (WebAssembly SIMD): the parts of the symmetric eigenvalue reduction that are too small for a
// matrix product. Memory is laid out by ../wasm.ts; every address is in bytes, every count in elements of float64.

// @ts-ignore: decorator
@inline
function dot(a: usize, b: usize, n: i32): f64 {
  let s0 = f64x2.splat(0), s1 = f64x2.splat(0), s2 = f64x2.splat(0), s3 = f64x2.splat(0);
  let k = 0;
  for (; k + 8 <= n; k += 8) {
    s0 = f64x2.add(s0, f64x2.mul(v128.load(a), v128.load(b)));
    s1 = f64x2.add(s1, f64x2.mul(v128.load(a, 16), v128.load(b, 16)));
    s2 = f64x2.add(s2, f64x2.mul(v128.load(a, 32), v128.load(b, 32)));
    s3 = f64x2.add(s3, f64x2.mul(v128.load(a, 48), v128.load(b, 48)));
    a += 64;
    b += 64;
  }
  const s = f64x2.add(f64x2.add(s0, s1), f64x2.add(s2, s3));
  let sum = f64x2.extract_lane(s, 0) + f64x2.extract_lane(s, 1);
  for (; k < n; k++) {
    sum += load<f64>(a) * load<f64>(b);
    a += 8;
    b += 8;
  }
  return sum;
}

/** y += alpha x */
// @ts-ignore: decorator
@inline
function axpy(alpha: f64, x: usize, y: usize, n: i32): void {
  const v = f64x2.splat(alpha);
  let k = 0;
  for (; k + 4 <= n; k += 4) {
    v128.store(y, f64x2.add(v128.load(y), f64x2.mul(v, v128.load(x))));
    v128.store(y, f64x2.add(v128.load(y, 16), f64x2.mul(v, v128.load(x, 16))), 16);
    x += 32;
    y += 32;
  }
  for (; k < n; k++) {
    store<f64>(y, load<f64>(y) + alpha * load<f64>(x));
    x += 8;
    y += 8;
  }
}

/** y += a1 x1 + a2 x2 */
// @ts-ignore: decorator
@inline
function axpy2(a1: f64, x1: usize, a2: f64, x2: usize, y: usize, n: i32): void {
  const v1 = f64x2.splat(a1), v2 = f64x2.splat(a2);
  let k = 0;
  for (; k + 2 <= n; k += 2) {
    v128.store(y, f64x2.add(f64x2.add(v128.load(y), f64x2.mul(v1, v128.load(x1))), f64x2.mul(v2, v128.load(x2))));
    x1 += 16;
    x2 += 16;
    y += 16;
  }
  if (k < n) store<f64>(y, load<f64>(y) + a1 * load<f64>(x1) + a2 * load<f64>(x2));
}

/**
 * Householder reflector I - tau v vᵀ that maps the n elements at `x` to a multiple of the one at index `pivot`.
 * x becomes v with v[pivot] = 1; the multiple goes to `beta`. tau = 0 where nothing is to be done.
 */
function reflector(x: usize, n: i32, pivot: i32, beta: usize): f64 {
  const at = x + ((<usize>pivot) << 3);
  const alpha = load<f64>(at);
  store<f64>(at, 0);
  const rest = dot(x, x, n);
  store<f64>(at, 1);
  if (rest == 0) {
    store<f64>(beta, alpha);
    return 0;
  }
  const norm = Math.sqrt(alpha * alpha + rest);
  const b = alpha > 0 ? -norm : norm;
  const scale = 1 / (alpha - b);
  for (let k = 0; k < n; k++) {
    const p = x + ((<usize>k) << 3);
    store<f64>(p, load<f64>(p) * scale);
  }
  store<f64>(at, 1);
  store<f64>(beta, b);
  return (b - alpha) / b;
}

/**
 * Panel of the reduction to a band. `panel` holds `rows` rows of length `m` (the last rows of the trailing matrix);
 * row r is global row m - rows + r and keeps its last `band` columns left of the diagonal. From the bottom row upwards a
 * reflector zeroes what lies further left and is applied to the rows above. On return row r holds its reflector v in
 * columns 0 .. pivot-1 (v[pivot] = 1 implied), the reduced entries from its pivot on, and `taus[r]`.
 */
export function reducePanel(panel: usize, rows: i32, m: i32, band: i32, taus: usize, scratch: usize): void {
  for (let r = rows - 1; r >= 0; r--) {
    const pivot = m - rows + r - band;
    const tauAt = taus + ((<usize>r) << 3);
    store<f64>(tauAt, 0);
    if (pivot < 1) continue;
    const row = panel + ((<usize>r * <usize>m) << 3);
    const tau = reflector(row, pivot + 1, pivot, scratch);
    store<f64>(tauAt, tau);
    if (tau != 0) {
      for (let q = r - 1; q >= 0; q--) {
        const above = panel + ((<usize>q * <usize>m) << 3);
        axpy(-tau * dot(row, above, pivot + 1), row, above, pivot + 1);
      }
    }
    store<f64>(row + ((<usize>pivot) << 3), load<f64>(scratch));
  }
}

// The band under reduction to tridiagonal form: row-major, row i holds columns i-2d+1 .. i (stride 2d), which leaves room
// for the bulge of width d that is chased down.

// @ts-ignore: decorator
@inline
function entry(base: usize, d: i32, i: i32, j: i32): usize {
  return base + ((<usize>i * <usize>(2 * d) + <usize>(j - i + 2 * d - 1)) << 3);
}

// @ts-ignore: decorator
@inline
function reflectProbes(probes: usize, count: i32, n: i32, i0: i32, v: usize, tau: f64, length: i32): void {
  for (let c = 0; c < count; c++) {
    const x = probes + ((<usize>c * <usize>n + <usize>i0) << 3);
    axpy(-tau * dot(v, x, length), v, x, length);
  }
}

/** Takes column j below the diagonal as a reflector into `v` (tau behind it), leaving one subdiagonal entry. */
function startSweep(base: usize, n: i32, d: i32, j: i32, v: usize, scratch: usize): void {
  takeColumn(base, d, j + 1, j, min(d, n - 1 - j), v, scratch);
}

function takeColumn(base: usize, d: i32, row: i32, col: i32, length: i32, v: usize, scratch: usize): void {
  const down = (<usize>(2 * d - 1)) << 3;
  let a = entry(base, d, row, col);
  for (let r = 0; r < length; r++) {
    store<f64>(v + ((<usize>r) << 3), load<f64>(a));
    a += down;
  }
  store<f64>(v + ((<usize>d) << 3), reflector(v, length, 0, scratch));
  a = entry(base, d, row, col);
  store<f64>(a, load<f64>(scratch));
  for (let r = 1; r < length; r++) {
    a += down;
    store<f64>(a, 0);
  }
}

/** One step of a sweep: the reflector `v` of rows i0 .. acts on its diagonal block and on the block below, whose first column makes the next reflector. */
function chaseStep(base: usize, n: i32, d: i32, i0: i32, v: usize, scratch: usize, probes: usize, probeCount: i32): void {
  const length = min(d, n - i0);
  const tau = load<f64>(v + ((<usize>d) << 3));
  const p = scratch + 16;
  if (tau != 0) {
    memory.fill(p, 0, (<usize>length) << 3);
    for (let r = 0; r < length; r++) {
      const row = entry(base, d, i0 + r, i0);
      const at = p + ((<usize>r) << 3);
      store<f64>(at, load<f64>(at) + dot(row, v, r + 1));
      axpy(load<f64>(v + ((<usize>r) << 3)), row, p, r);
    }
    const half = -0.5 * tau * tau * dot(p, v, length);
    for (let r = 0; r < length; r++) {
      const at = p + ((<usize>r) << 3);
      store<f64>(at, tau * load<f64>(at) + half * load<f64>(v + ((<usize>r) << 3)));
    }
    for (let r = 0; r < length; r++) {
      const shift = (<usize>r) << 3;
      axpy2(-load<f64>(v + shift), p, -load<f64>(p + shift), v, entry(base, d, i0 + r, i0), r + 1);
    }
    reflectProbes(probes, probeCount, n, i0, v, tau, length);
  }
  const i1 = i0 + length;
  const below = min(d, n - i1);
  if (below <= 0) return;
  if (tau != 0) {
    for (let r = 0; r < below; r++) {
      const row = entry(base, d, i1 + r, i0);
      axpy(-tau * dot(row, v, length), v, row, length);
    }
  }
  takeColumn(base, d, i1, i0, below, v, scratch);
  const next = load<f64>(v + ((<usize>d) << 3));
  if (next == 0 || length < 2) return;
  memory.fill(p, 0, (<usize>(length - 1)) << 3);
  for (let r = 0; r < below; r++) axpy(load<f64>(v + ((<usize>r) << 3)), entry(base, d, i1 + r, i0 + 1), p, length - 1);
  for (let r = 0; r < below; r++) {
    axpy(-next * load<f64>(v + ((<usize>r) << 3)), p, entry(base, d, i1 + r, i0 + 1), length - 1);
  }
}

/**
 * Band to tridiagonal by Householder bulge chasing: sweeps `from` .. `to`-1, each removing one column's bulge to the end of
 * the matrix. `inFlight` sweeps follow each other three steps apart, so that a stretch of the band is used while it is in
 * cache. `states`: inFlight (d + 1) elements; `scratch`: d + 2.
 */
export function chaseBulges(
  base: usize,
  n: i32,
  d: i32,
  from: i32,
  to: i32,
  inFlight: i32,
  states: usize,
  scratch: usize,
  probes: usize,
  probeCount: i32,
): void {
  for (let first = from; first < to; first += inFlight) {
    const count = min(inFlight, to - first);
    const ticks = (n - 2 - first) / d + 2 + 3 * (count - 1);
    for (let t = 0; t < ticks; t++) {
      for (let q = 0; q < count; q++) {
        const k = t - 3 * q;
        if (k < 0) break;
        const j = first + q;
        const v = states + ((<usize>q * <usize>(d + 1)) << 3);
        if (k == 0) startSweep(base, n, d, j, v, scratch);
        const i0 = j + 1 + k * d;
        if (i0 < n) chaseStep(base, n, d, i0, v, scratch, probes, probeCount);
      }
    }
  }
}

// Long float32 vectors: the basis of a Krylov space of a map on large images. `n` is a multiple of 16.

/** Elements that are gone through together, which stay in the nearest cache; products of so many are summed in float32, their sums in float64. */
const stretch: i32 = 2048;

// @ts-ignore: decorator
@inline
function dot32(a: usize, b: usize, n: i32): f64 {
  let s0 = f32x4.splat(0), s1 = f32x4.splat(0), s2 = f32x4.splat(0), s3 = f32x4.splat(0);
  for (let k = 0; k < n; k += 16) {
    s0 = f32x4.add(s0, f32x4.mul(v128.load(a), v128.load(b)));
    s1 = f32x4.add(s1, f32x4.mul(v128.load(a, 16), v128.load(b, 16)));
    s2 = f32x4.add(s2, f32x4.mul(v128.load(a, 32), v128.load(b, 32)));
    s3 = f32x4.add(s3, f32x4.mul(v128.load(a, 48), v128.load(b, 48)));
    a += 64;
    b += 64;
  }
  const s = f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3));
  return (
    <f64>f32x4.extract_lane(s, 0) + <f64>f32x4.extract_lane(s, 1) + <f64>f32x4.extract_lane(s, 2) + <f64>f32x4.extract_lane(s, 3)
  );
}

/** x'x */
export function squared32(x: usize, n: i32): f64 {
  let sum: f64 = 0;
  for (let at = 0; at < n; at += stretch) {
    const from = x + ((<usize>at) << 2);
    sum += dot32(from, from, min(stretch, n - at));
  }
  return sum;
}

/** y = factor x */
export function scaled32(factor: f64, x: usize, y: usize, n: i32): void {
  const f = f32x4.splat(<f32>factor);
  for (let k = 0; k < n; k += 4) {
    v128.store(y, f32x4.mul(f, v128.load(x)));
    x += 16;
    y += 16;
  }
}

/** along[i] = q_i'x for the `count` vectors q_i that stand one after another at `basis`; then x -= sum along[i] q_i. */
export function project32(basis: usize, count: i32, n: i32, x: usize, along: usize): void {
  const row = (<usize>n) << 2;
  for (let i = 0; i < count; i++) store<f64>(along + ((<usize>i) << 3), 0);
  for (let at = 0; at < n; at += stretch) {
    const from = (<usize>at) << 2;
    const length = min(stretch, n - at);
    for (let i = 0; i < count; i++) {
      const a = along + ((<usize>i) << 3);
      store<f64>(a, load<f64>(a) + dot32(basis + <usize>i * row + from, x + from, length));
    }
  }
  combine32(basis, count, n, along, -1, x);
}

/** y += sign sum weights[i] q_i */
export function combine32(basis: usize, count: i32, n: i32, weights: usize, sign: f64, y: usize): void {
  const row = (<usize>n) << 2;
  for (let at = 0; at < n; at += stretch) {
    const from = (<usize>at) << 2;
    const length = min(stretch, n - at);
    let i = 0;
    for (; i + 4 <= count; i += 4) {
      const w = weights + ((<usize>i) << 3);
      const w0 = f32x4.splat(<f32>(sign * load<f64>(w))), w1 = f32x4.splat(<f32>(sign * load<f64>(w, 8)));
      const w2 = f32x4.splat(<f32>(sign * load<f64>(w, 16))), w3 = f32x4.splat(<f32>(sign * load<f64>(w, 24)));
      let q = basis + <usize>i * row + from;
      let to = y + from;
      for (let k = 0; k < length; k += 4) {
        const a = f32x4.add(f32x4.mul(w0, v128.load(q)), f32x4.mul(w1, v128.load(q + row)));
        const b = f32x4.add(f32x4.mul(w2, v128.load(q + 2 * row)), f32x4.mul(w3, v128.load(q + 3 * row)));
        v128.store(to, f32x4.add(v128.load(to), f32x4.add(a, b)));
        q += 16;
        to += 16;
      }
    }
    for (; i < count; i++) {
      const w = f32x4.splat(<f32>(sign * load<f64>(weights + ((<usize>i) << 3))));
      let q = basis + <usize>i * row + from;
      let to = y + from;
      for (let k = 0; k < length; k += 4) {
        v128.store(to, f32x4.add(v128.load(to), f32x4.mul(w, v128.load(q))));
        q += 16;
        to += 16;
      }
    }
  }
}
