import { BallastError, InputError } from '../../base/errors.ts';
import { RandomStream } from '../../base/random.ts';
import type { NoiseRecord } from './noise-record.ts';

/** A noise scale in examples with a 95 % interval; `high` is null where the signal may be none. */
export interface ScaleInterval {
  readonly value: number;
  readonly low: number;
  readonly high: number | null;
}

/** The noise scale of a part of the run; null while the signal of that part is lost in the noise. */
export interface NoiseWindow {
  readonly fromStep: number;
  readonly toStep: number;
  readonly scale: ScaleInterval | null;
}

/** B_crit as one run foretells it, with what it was estimated from. */
export interface CriticalBatchEstimate extends ScaleInterval {
  readonly method: 'noise scale, mean over progress';
  /** First and last quarter of the run: the noise scale grows as the loss falls. */
  readonly early: NoiseWindow;
  readonly late: NoiseWindow;
  /** The run in equal parts. */
  readonly windows: readonly NoiseWindow[];
  /** B_simple = tr Σ / |G|² of the whole run, every step alike: what is used is `value`, not this. */
  readonly unweighted: ScaleInterval | null;
}

export interface CriticalBatchOptions {
  readonly seed?: number;
  /** Bootstrap draws; 1000 unless told. */
  readonly draws?: number;
}

/** Records that a window has at least, so that its mean squared gradient is no matter of chance. */
const fewest = 8;
const mostWindows = 8;

/**
 * B_crit from the noise scale along a run (McCandlish et al. 2018, 1812.06162, section 2.3 and appendix D).
 *
 * Where a step with B examples makes 1 / (1 + N/B) of the progress of a step without noise, the steps of a whole training are
 * S(B) = ∫ (1 + N(s)/B) ds over that progress s, so that B_crit = Emin / Smin is the mean of N over s. A step at noise scale N = tr Σ / |G|² is
 * ds = 1 / (1 + N/B) = |G|² / E|G_B|², and N ds = tr Σ / E|G_B|². Hence
 *
 *     B_crit = (Σ tr Σ / E|G_B|²) / (Σ |G|² / E|G_B|²)
 *
 * with E|G_B|² the mean over the window that a step lies in. Only the sum below the line has to be positive, no single noisy |G|².
 *
 * The interval is a bootstrap of blocks of neighbouring steps (Künsch 1989), window by window, so that the run's trend is not taken for
 * chance. It is about chance alone: B_simple leaves the curvature out (tr(HΣ) / G'HG would have it), and a short run sees the beginning.
 *
 * Throws BallastError when there are too few records, or the signal cannot be told from the noise.
 */
export function criticalBatchOf(
  records: readonly NoiseRecord[],
  { seed = 0, draws = 1000 }: CriticalBatchOptions = {},
): CriticalBatchEstimate {
  if (records.length < 2 * fewest)
    throw new InputError(
      'steps',
      `the run tells of the gradient noise at ${records.length} steps; expected at least ${2 * fewest}`,
    );
  const windows = inParts(records, Math.min(mostWindows, Math.floor(records.length / fewest)));
  const bootstrap = (parts: readonly (readonly NoiseRecord[])[], purpose: string) =>
    scaleInterval(parts, { seed, draws, purpose });
  const value = bootstrap(windows, 'progress');
  if (!value)
    throw new BallastError(
      `the gradient's signal is lost in its noise over ${records.at(-1)!.step} steps; use more steps, or a larger batch`,
    );
  const quarter = Math.max(fewest, Math.ceil(records.length / 4));
  const windowOf = (part: readonly NoiseRecord[], purpose: string): NoiseWindow => ({
    fromStep: part[0]!.step - part[0]!.steps + 1,
    toStep: part.at(-1)!.step,
    scale: bootstrap([part], purpose),
  });
  return {
    ...value,
    method: 'noise scale, mean over progress',
    early: windowOf(records.slice(0, quarter), 'early'),
    late: windowOf(records.slice(-quarter), 'late'),
    windows: windows.map((part, i) => windowOf(part, `window ${i}`)),
    unweighted: scaleInterval(windows, { seed, draws, purpose: 'unweighted', normalize: false }),
  };
}

function inParts<T>(items: readonly T[], count: number): T[][] {
  const at = (i: number) => Math.round((i * items.length) / count);
  return Array.from({ length: count }, (_, i) => items.slice(at(i), at(i + 1)));
}

interface Bootstrap {
  readonly seed: number;
  readonly draws: number;
  readonly purpose: string;
  /** Divide the terms of a window by its E|G_B|²; true unless told. */
  readonly normalize?: boolean;
}

/** Ratio of the sums over windows, and its 95 % interval; null where the sum of the signal is not positive. */
function scaleInterval(
  windows: readonly (readonly NoiseRecord[])[],
  { seed, draws, purpose, normalize = true }: Bootstrap,
): ScaleInterval | null {
  const ratio = (of: (window: readonly NoiseRecord[], w: number) => readonly NoiseRecord[]) => {
    let [signal, noise] = [0, 0];
    for (const [w, window] of windows.entries()) {
      let [s, n, square, steps] = [0, 0, 0, 0];
      for (const record of of(window, w)) {
        s += record.steps * record.signal;
        n += record.steps * record.noise;
        square += record.steps * record.square;
        steps += record.steps;
      }
      const unit = normalize && square > 0 ? square / steps : 1;
      signal += s / unit;
      noise += n / unit;
    }
    return signal > 0 ? Math.max(0, noise / signal) : Number.POSITIVE_INFINITY;
  };
  const value = ratio((window) => window);
  if (value === Number.POSITIVE_INFINITY) return null;
  const drawn = Float64Array.from({ length: draws }, (_, draw) => {
    const random = new RandomStream({ seed, purpose: `bootstrap/${purpose}`, index: draw });
    return ratio((window) => blocksOf(window, random));
  }).sort();
  // By rank, not interpolated: some draws may be infinite.
  const at = (p: number) => drawn[Math.round(p * (draws - 1))]!;
  const high = at(0.975);
  return { value, low: at(0.025), high: Number.isFinite(high) ? high : null };
}

/**
 * Records in blocks of the cube root of their number, each from a random place on (wrapping around). One block less than all: blocks
 * deviate from the mean of their own window by less than from the truth, by a factor 1 - length / n in the variance, and this makes up for it.
 */
function blocksOf<T>(items: readonly T[], random: RandomStream): T[] {
  const n = items.length;
  const length = Math.ceil(Math.cbrt(n));
  const drawn: T[] = [];
  while (drawn.length < n - length) {
    const start = random.integer(n);
    for (let i = 0; i < length && drawn.length < n - length; i++) drawn.push(items[(start + i) % n]!);
  }
  return drawn;
}
