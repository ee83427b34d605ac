import { gaussRule, radauRule } from '../../linalg/index.ts';
import type { PairedMaps } from './example-maps.ts';

/** How the squared length of a unit vector d is spread over the right singular vectors of a map J; the three sum to 1. */
export interface Energies {
  /** On singular values above the plateau a. */
  readonly above: number;
  /** On singular values equal to a. */
  readonly plateau: number;
  /** On singular values below a. */
  readonly below: number;
  /** By how much each of the three may be off: energy on singular values so near to a that the steps did not tell the side. */
  readonly uncertainty: number;
  /** Root mean square of (σ² - a²) / a² over the part counted as plateau by projection: 0 but for rounding and a projection stopped early. Null where no structure is known. */
  readonly plateauResidual: number | null;
  /** sqrt(Σ σ² c²) = ‖J d‖: the gain that the linearization predicts. */
  readonly gain: number;
}

/** A unit with an identity shortcut, J = a I + U V, for each vector: V (inputs to active hidden units) and U (from these to the sum). */
export interface BranchFactors {
  readonly incoming: PairedMaps;
  readonly outgoing: PairedMaps;
}

const forEachItem = (count: number, visit: (item: number) => void) => {
  for (let item = 0; item < count; item++) visit(item);
};

function dots(a: Float32Array, b: Float32Array, count: number): Float64Array {
  const size = a.length / count;
  const out = new Float64Array(count);
  forEachItem(count, (item) => {
    // Four sums at once: a single one would wait for each addition.
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    const end = (item + 1) * size;
    let i = item * size;
    for (; i + 3 < end; i += 4) {
      s0 += a[i]! * b[i]!;
      s1 += a[i + 1]! * b[i + 1]!;
      s2 += a[i + 2]! * b[i + 2]!;
      s3 += a[i + 3]! * b[i + 3]!;
    }
    for (; i < end; i++) s0 += a[i]! * b[i]!;
    out[item] = s0 + s1 + s2 + s3;
  });
  return out;
}

/** y[item] <- keep[item] y[item] + factor[item] x[item] */
function combineInto(y: Float32Array, keep: Float64Array, x: Float32Array, factor: Float64Array, count: number): void {
  const size = y.length / count;
  forEachItem(count, (item) => {
    const [k, f] = [keep[item]!, factor[item]!];
    for (let i = item * size; i < (item + 1) * size; i++) y[i] = k * y[i]! + f * x[i]!;
  });
}

const ones = (count: number) => new Float64Array(count).fill(1);
const inverse = (x: Float64Array) => x.map((v) => (v > 0 ? 1 / v : 0));
const roots = (x: Float64Array) => x.map(Math.sqrt);

/** Unit vectors in the directions of a block; zero vectors stay. */
export function normalized(block: Float32Array, count: number): Float32Array {
  const out = new Float32Array(block.length);
  combineInto(out, new Float64Array(count), block, inverse(roots(dots(block, block, count))), count);
  return out;
}

/** Relative length below which a residual counts as nothing: operators are float32. */
const negligible = 3e-6;

/**
 * The part of each vector of `d` that is orthogonal to the rows of V and the columns of U, by conjugate gradients on the normal
 * equations (CGLS). There JᵀJ = J Jᵀ = a² exactly, so this is the part on the plateau, for incoming and outgoing vectors alike. Stopped early
 * the rest is what the branch nearly does not see, singular values near a.
 */
async function plateauPart(
  { incoming, outgoing }: BranchFactors,
  d: Float32Array,
  steps: number,
  check: () => void,
): Promise<Float32Array> {
  const { count } = incoming;
  // Aᵀ r = [V r, Uᵀ r] and A [y, z] = Vᵀ y + U z.
  const down = async (r: Float32Array) => [await incoming.apply(r), await outgoing.applyTranspose(r)] as const;
  const r = d.slice();
  const s = await down(r);
  const p = [s[0].slice(), s[1].slice()] as const;
  const length2 = ([y, z]: readonly [Float32Array, Float32Array]) => {
    const other = dots(z, z, count);
    return dots(y, y, count).map((v, i) => v + other[i]!);
  };
  let gamma = length2(s);
  const start = gamma.slice();
  for (let step = 0; step < steps; step++) {
    check();
    const live = gamma.map((g, i) => (g > negligible ** 2 * start[i]! ? 1 : 0));
    if (live.every((l) => l === 0)) break;
    const q = (await incoming.applyTranspose(p[0])).slice();
    combineInto(q, ones(count), await outgoing.apply(p[1]), ones(count), count);
    const squares = dots(q, q, count);
    const alpha = gamma.map((g, i) => (live[i] && squares[i]! > 0 ? -g / squares[i]! : 0));
    combineInto(r, ones(count), q, alpha, count);
    const next = await down(r);
    const gammaNext = length2(next);
    const beta = gammaNext.map((g, i) => (gamma[i]! > 0 ? g / gamma[i]! : 0));
    p.forEach((block, side) => {
      combineInto(block, beta, next[side]!, ones(count), count);
    });
    gamma = gammaNext;
  }
  return r;
}

/** ‖JᵀJ r - a² r‖ / (a² ‖r‖) of each vector; 0 for zero vectors and a plateau at 0. */
async function plateauResiduals(maps: PairedMaps, r: Float32Array, a: number): Promise<Float64Array> {
  const { count } = maps;
  const image = (await maps.applyTranspose((await maps.apply(r)).slice())).slice();
  combineInto(image, ones(count), r, new Float64Array(count).fill(-a * a), count);
  const [off, length] = [dots(image, image, count), dots(r, r, count)];
  return off.map((o, i) => (length[i]! > 0 && a !== 0 ? Math.sqrt(o / length[i]!) / (a * a) : 0));
}

/** Nodes within this of a², relative: rounding in float32 puts copies of the plateau's node beside it. */
const besideValue = 3e-4;

interface Bidiagonal {
  readonly alpha: number[];
  readonly beta: number[];
}

/**
 * The Golub-Kahan process for each unit vector of a block, without reorthogonalization: rounding repeats nodes of the rules that come of it and
 * shares their weights out, but leaves the sums right (Greenbaum 1989).
 */
async function bidiagonals(
  maps: PairedMaps,
  start: Float32Array,
  steps: number,
  check: () => void,
): Promise<Bidiagonal[]> {
  const { count } = maps;
  const found = Array.from({ length: count }, (): Bidiagonal => ({ alpha: [], beta: [] }));
  const v = start.slice();
  const u = new Float32Array(count * maps.rows);
  let beta = new Float64Array(count);
  const minus = (x: Float64Array) => x.map((value) => -value);
  const ended = new Uint8Array(count);
  for (let step = 0; step < steps && ended.includes(0); step++) {
    check();
    // u <- J v - beta u
    combineInto(u, minus(beta), await maps.apply(v), ones(count), count);
    const alpha = roots(dots(u, u, count));
    combineInto(u, inverse(alpha), u, new Float64Array(count), count);
    // v <- Jᵀ u - alpha v
    combineInto(v, minus(alpha), await maps.applyTranspose(u), ones(count), count);
    beta = roots(dots(v, v, count));
    combineInto(v, inverse(beta), v, new Float64Array(count), count);
    found.forEach((own, item) => {
      if (ended[item]) return;
      own.alpha.push(alpha[item]!);
      own.beta.push(beta[item]!);
      const largest = Math.max(...own.alpha);
      // An invariant subspace: the rule is exact already.
      if (beta[item]! <= negligible * largest || alpha[item]! <= negligible * largest) ended[item] = 1;
    });
  }
  return found;
}

/** Shares of a spectral measure of JᵀJ below, at and above a²; the share at a² is the largest one possible, the others the smallest. */
function sharesAround({ alpha, beta }: Bidiagonal, a: number): { below: number; at: number; above: number } {
  const m = alpha.length;
  const diagonal = alpha.map((x, i) => x * x + (i ? beta[i - 1]! ** 2 : 0));
  const beside = alpha.slice(0, m - 1).map((x, i) => x * beta[i]!);
  const largest = Math.max(...diagonal);
  const next = alpha[m - 1]! * beta[m - 1]!;
  const ended = next <= negligible * largest;
  const { nodes, weights } = ended ? gaussRule(diagonal, beside) : radauRule(diagonal, beside, next, a * a);
  const width = besideValue * Math.max(a * a, negligible * largest);
  const shares = { below: 0, at: 0, above: 0 };
  nodes.forEach((node, i) => {
    const side = Math.abs(node - a * a) <= width ? 'at' : node < a * a ? 'below' : 'above';
    shares[side] += weights[i]!;
  });
  return shares;
}

export interface EnergyOptions {
  /** The plateau a. */
  readonly plateau: number;
  /** Present where J = a I + U V is known: then the energy on the plateau is that of a projection, not a bound. */
  readonly factors?: BranchFactors | undefined;
  /** Steps of the Golub-Kahan process and of the projection. */
  readonly steps: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((fraction: number) => void) | undefined;
}

/**
 * Energies of vectors on the right singular vectors of their maps, without a singular value decomposition: the plateau's by projection where the
 * unit's structure is known, the rest from the spectral measure of JᵀJ at the vector (Golub, Meurant 1994) with a Gauss-Radau rule that has a node
 * at a². For left singular vectors give the transposed maps. Zero vectors give NaN.
 */
export async function energiesOf(maps: PairedMaps, vectors: Float32Array, options: EnergyOptions): Promise<Energies[]> {
  const { plateau: a, factors, steps, signal, onProgress } = options;
  const { count } = maps;
  const d = normalized(vectors, count);
  const present = dots(d, d, count);
  const jd = await maps.apply(d);
  const gains = roots(dots(jd, jd, count));
  let done = 0;
  const check = () => {
    signal?.throwIfAborted();
    onProgress?.(Math.min(1, done++ / (steps * (factors ? 2 : 1))));
  };
  const flat = factors && (await plateauPart(factors, d, steps, check));
  const residuals = flat && (await plateauResiduals(maps, flat, a));
  const onPlateau = flat ? dots(flat, flat, count) : new Float64Array(count);
  const rest = d.slice();
  if (flat) combineInto(rest, ones(count), flat, new Float64Array(count).fill(-1), count);
  const measures = await bidiagonals(maps, normalized(rest, count), steps, check);
  return measures.map((own, item): Energies => {
    const gain = gains[item]!;
    const plateauResidual = residuals?.[item] ?? null;
    if (present[item] === 0) {
      const none = Number.NaN;
      return { above: none, plateau: none, below: none, uncertainty: none, plateauResidual, gain: none };
    }
    const left = 1 - Math.min(1, onPlateau[item]!);
    const { below, at, above } = sharesAround(own, a);
    if (!flat) return { above, plateau: at, below, uncertainty: at, plateauResidual, gain };
    // Beside a known plateau nothing else lies on it: what the rule could not tell is shared between the sides.
    const near = (left * at) / 2;
    return {
      above: left * above + near,
      plateau: 1 - left,
      below: left * below + near,
      uncertainty: near,
      plateauResidual,
      gain,
    };
  });
}
