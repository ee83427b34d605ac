import { BallastError } from '../../base/errors.ts';
import { Products } from '../products.ts';
import { type Csr, forEachGramRow, identity, select, shortcutPlusBranch } from '../sparse/sparse.ts';
import { sparseSingularValues } from '../sparse/sparse-spectrum.ts';
import { rootResidual, type Spectrum } from '../spectrum.ts';
import { BlockBand, cholesky, congruence } from './block-band.ts';
import { blockHeight, blockRowsEigenvalues, type EigenOptions, estimateEigenCost } from './eigenvalues.ts';

/**
 * The Jacobian of a residual unit in factored form: J = scale * S + Σ_h u_h v_hᵀ over the active hidden units h, with rows
 * of dead outputs (final ReLU) left out. Rows of `outgoing` and `incoming` are u_h and v_h; rows of inactive units are empty.
 */
export interface FactoredJacobian {
  readonly rows: number;
  readonly cols: number;
  /** `identity`, or the shortcut as a matrix [rows, cols]. */
  readonly shortcut: 'identity' | Csr;
  readonly scale: number;
  /** u_h over the outputs, [hidden, rows]. */
  readonly outgoing: Csr;
  /** v_h over the inputs, [hidden, cols]. */
  readonly incoming: Csr;
  /** Outputs that are kept; all of them when left out. A dropped one is a row of zeros. */
  readonly activeOutput?: Uint8Array | undefined;
  /** Elements in pixel-major order (order[i] is the i-th): this is what makes the matrices of the method narrow bands. */
  readonly order: { readonly input: Int32Array; readonly hidden: Int32Array; readonly output: Int32Array };
}

/** A spectrum with what the structure of a residual unit guarantees. */
export interface StructuredSpectrum extends Spectrum {
  /** Active hidden units with a branch that is not exactly zero: the rank of the branch is at most this. */
  readonly branchRank: number;
  /** Multiplicity of |scale| that the structure guarantees; 0 when it guarantees none. */
  readonly guaranteedPlateau: number;
}

/** The ways to find the spectrum of an identity plus a branch of low rank. */
export type StructuredMethod = 'auto' | 'small' | 'direct';

/** Entries per side of a block of the small problem's factorization. */
const blockSize = 256;

const rowIsEmpty = (a: Csr, i: number) => a.rowPtr[i] === a.rowPtr[i + 1];

function rowNorm(a: Csr, i: number): number {
  let sum = 0;
  for (let p = a.rowPtr[i]!; p < a.rowPtr[i + 1]!; p++) sum += a.values[p]! ** 2;
  return Math.sqrt(sum);
}

/** Which of the two exact ways is cheaper, and at what cost. `kept` outputs, `branchRank` hidden units. */
export function planStructured(kept: number, cols: number, branchRank: number, square: boolean) {
  const direct = Math.min(kept, cols);
  const small = square && 2 * branchRank < kept ? 2 * branchRank : undefined;
  // The small problem pays for a factorization and two products that the direct one does not.
  const method = small !== undefined && small < 0.95 * direct ? ('small' as const) : ('direct' as const);
  const order = method === 'small' ? small! : direct;
  const { flops, bytes, seconds } = estimateEigenCost(order);
  return { method, order, flops, bytes, seconds: seconds + (method === 'small' ? order * 4e-4 : order * 3e-4) };
}

/**
 * All singular values of a factored Jacobian, exactly (no iteration on vectors, nothing dropped), in float64.
 *
 * With an identity shortcut and a = scale, J Jᵀ = a² I + A C Aᵀ on the m kept outputs, where A = [U, P Vᵀ] (m x 2k),
 * C = [[V Vᵀ, a I], [a I, 0]], U has the columns u_h, V the rows v_h and P picks the kept outputs. So a² has multiplicity
 * at least m - 2k, and the other eigenvalues are a² plus those of Lᵀ C L with L Lᵀ = Aᵀ A (`small`). In pixel-major order
 * with the two columns of a hidden unit side by side everything is banded, since convolutions are local.
 * Where 2k is not smaller than m, or the shortcut is not the identity, J Jᵀ or Jᵀ J is formed (`direct`).
 *
 * Aᵀ A may be singular; a shift of size eps ||Aᵀ A|| makes it safe to factor. It stands for A with sqrt(shift) I below it
 * and moves an eigenvalue mu of A C Aᵀ by at most min(sqrt(shift) B, shift B² / |mu|), B = ||A C||; this is part of the residual.
 */
export async function structuredSpectrum(
  jacobian: FactoredJacobian,
  options: EigenOptions & { readonly method?: StructuredMethod } = {},
): Promise<StructuredSpectrum> {
  const began = performance.now();
  const { rows, cols, shortcut, scale, activeOutput } = jacobian;
  if (shortcut === 'identity' && rows !== cols)
    throw new BallastError(`an identity shortcut needs a square Jacobian, got ${rows} x ${cols}`);
  const kept = jacobian.order.output.filter((i) => !activeOutput || activeOutput[i]);
  const units = jacobian.order.hidden.filter(
    (h) => !rowIsEmpty(jacobian.outgoing, h) && !rowIsEmpty(jacobian.incoming, h),
  );
  const place = new Int32Array(rows).fill(-1);
  kept.forEach((output, i) => {
    place[output] = i;
  });
  const placeOfInput = new Int32Array(cols);
  jacobian.order.input.forEach((input, i) => {
    placeOfInput[input] = i;
  });
  const U = select(jacobian.outgoing, units, place, kept.length);
  const V = select(jacobian.incoming, units, placeOfInput, cols);
  // A branch that reaches no kept output does not count.
  const live = Int32Array.from(units.keys()).filter((h) => !rowIsEmpty(U, h));
  const alive = <T extends Csr>(a: T) =>
    select(
      a,
      live,
      Int32Array.from({ length: a.cols }, (_, j) => j),
      a.cols,
    );
  const [u, v] = live.length === units.length ? [U, V] : [alive(U), alive(V)];
  const k = live.length;
  const square = shortcut === 'identity';
  // Where the input that an identity shortcut leads to a kept output stands: P Vᵀ is taken from V by it.
  const keptInput = new Int32Array(cols).fill(-1);
  if (shortcut === 'identity') for (let j = 0; j < cols; j++) keptInput[placeOfInput[j]!] = place[j]!;
  const plan = planStructured(kept.length, cols, k, square);
  const auto = options.method === undefined || options.method === 'auto';
  const method = auto ? plan.method : options.method;
  if (method === 'small' && (!square || 2 * k >= kept.length)) {
    throw new BallastError(
      `the structured method needs an identity shortcut and 2k < n, here k = ${k} and n = ${kept.length}; use "auto" or "dense"`,
    );
  }
  const reduced = method === 'small' ? await small(u, v, keptInput, kept.length, scale, options) : undefined;
  if (method === 'small' && !reduced && !auto) {
    throw new BallastError(
      'the structured method could not factor the Gram matrix of the branch; use "auto" or "dense"',
    );
  }
  const found = reduced ?? (await direct(jacobian, u, v, kept, placeOfInput, options));
  const values = new Float64Array(Math.min(rows, cols));
  values.set(found.values.subarray(0, values.length));
  values.sort().reverse();
  return {
    method: reduced ? 'structured' : 'dense',
    shape: [rows, cols],
    values,
    complete: true,
    maxResidual: found.residual,
    seconds: (performance.now() - began) / 1000,
    branchRank: k,
    guaranteedPlateau: square ? Math.max(0, kept.length - 2 * k) : 0,
  };
}

async function direct(
  { shortcut, scale, rows, cols }: FactoredJacobian,
  u: Csr,
  v: Csr,
  kept: Int32Array,
  placeOfInput: Int32Array,
  options: EigenOptions,
): Promise<{ values: Float64Array; residual: number }> {
  const s = select(shortcut === 'identity' ? identity(rows) : shortcut, kept, placeOfInput, cols);
  const j = shortcutPlusBranch(s, scale, u, v);
  const { values, maxResidual } = await sparseSingularValues(j, options);
  return { values, residual: maxResidual };
}

/** The spectrum through the small problem; undefined when Aᵀ A cannot be factored to working precision. */
async function small(
  u: Csr,
  v: Csr,
  place: Int32Array,
  kept: number,
  scale: number,
  options: EigenOptions,
): Promise<{ values: Float64Array; residual: number } | undefined> {
  const k = u.rows;
  const plateau = new Float64Array(kept).fill(Math.abs(scale));
  if (k === 0) return { values: plateau, residual: 0 };
  const products = await Products.open(options);
  try {
    // Scale u_h up and v_h down so that their norms agree: A's columns are then as well conditioned as they can be made.
    const balance = Float64Array.from({ length: k }, (_, h) => Math.sqrt(rowNorm(v, h) / rowNorm(u, h)));
    const scaled = (a: Csr, factor: (h: number) => number): Csr => {
      const values = a.values.slice();
      for (let h = 0; h < a.rows; h++) for (let p = a.rowPtr[h]!; p < a.rowPtr[h + 1]!; p++) values[p]! *= factor(h);
      return { ...a, values };
    };
    const ub = scaled(u, (h) => balance[h]!);
    const vb = scaled(v, (h) => 1 / balance[h]!);
    const wb = select(
      vb,
      Int32Array.from({ length: k }, (_, h) => h),
      place,
      kept,
    );
    const order = 2 * k;
    const size = Math.min(blockSize, order);

    // M = Aᵀ A with column 2h = u_h, 2h + 1 = P v_h.
    const columns = interleave(ub, wb);
    const m = new BlockBand(order, size);
    const rowSumsM = new Float64Array(order);
    let reachM = 0;
    await forEachGramRow(
      columns,
      (i, row) => {
        for (let j = 0; j <= i; j++) {
          const value = row[j]!;
          if (value === 0) continue;
          m.add(i, j, value);
          addToRowSums(rowSumsM, i, j, value);
          reachM = Math.max(reachM, Math.floor(i / size) - Math.floor(j / size));
        }
      },
      options.signal,
    );
    const normM = largest(rowSumsM);

    // C with V Vᵀ between the even places and a between 2h and 2h + 1, in full.
    const c = new BlockBand(order, size);
    const rowSumsC = new Float64Array(k).fill(Math.abs(scale));
    let reachC = 0;
    await forEachGramRow(
      vb,
      (i, row) => {
        for (let j = 0; j <= i; j++) {
          const value = row[j]!;
          if (value === 0) continue;
          c.add(2 * i, 2 * j, value);
          if (j < i) c.add(2 * j, 2 * i, value);
          addToRowSums(rowSumsC, i, j, value);
          reachC = Math.max(reachC, Math.floor((2 * i) / size) - Math.floor((2 * j) / size));
        }
        c.add(2 * i, 2 * i + 1, scale);
        c.add(2 * i + 1, 2 * i, scale);
      },
      options.signal,
    );
    reachC = Math.max(reachC, 1);
    const normC = largest(rowSumsC);

    const shift = 16 * Number.EPSILON * normM;
    for (let i = 0; i < m.count * size; i++) m.add(i, i, i < order ? shift : 1);
    const l = await cholesky(m, reachM, products, options.signal);
    if (!l) return undefined;
    const height = Math.max(1, Math.floor(blockHeight / size)) * size;
    const h = await congruence(l, c, { l: reachM, c: reachC }, products, height, {
      onProgress: (f) => options.onProgress?.(0.1 * f),
      signal: options.signal,
    });
    const eigen = await blockRowsEigenvalues(h, { ...options, onProgress: (f) => options.onProgress?.(0.1 + 0.9 * f) });
    const norm = Math.max(Math.abs(eigen.values[0]!), Math.abs(eigen.values.at(-1)!));
    const reach = Math.sqrt(normM) * normC;
    const errorAt = (mu: number) =>
      eigen.residual * norm + Math.min(Math.sqrt(shift) * reach, (shift * reach ** 2) / Math.abs(mu));
    const roots = eigen.values.map((mu) => Math.sqrt(Math.max(0, scale ** 2 + mu)));
    plateau.set(roots, kept - order);
    return { values: plateau, residual: rootResidual(roots, (i) => errorAt(eigen.values[i]!)) };
  } finally {
    await products.close();
  }
}

/** Entry (i, j) of the lower half of a symmetric matrix counts in both rows; the largest row sum bounds the 2-norm. */
function addToRowSums(sums: Float64Array, i: number, j: number, value: number): void {
  sums[i]! += Math.abs(value);
  if (j < i) sums[j]! += Math.abs(value);
}

const largest = (sums: Float64Array) => sums.reduce((a, b) => Math.max(a, b), 0);

/** Rows a_0, b_0, a_1, b_1, ... */
function interleave(a: Csr, b: Csr): Csr {
  const rowPtr = new Int32Array(2 * a.rows + 1);
  const colIdx = new Int32Array(a.colIdx.length + b.colIdx.length);
  const values = new Float64Array(colIdx.length);
  let used = 0;
  for (let h = 0; h < a.rows; h++) {
    for (const [at, m] of [[2 * h, a] as const, [2 * h + 1, b] as const]) {
      colIdx.set(m.colIdx.subarray(m.rowPtr[h]!, m.rowPtr[h + 1]!), used);
      values.set(m.values.subarray(m.rowPtr[h]!, m.rowPtr[h + 1]!), used);
      used += m.rowPtr[h + 1]! - m.rowPtr[h]!;
      rowPtr[at + 1] = used;
    }
  }
  return { rows: 2 * a.rows, cols: a.cols, rowPtr, colIdx, values };
}
