import { largestOf, leastOf } from '../../base/statistics.ts';
import { formatExact } from '../numbers.ts';

/**
 * A log axis for singular values that has a place for zero: a lane below the smallest value, with a tick of its own.
 * Values smaller than the axis goes are drawn at its lower end (`clipped` of them).
 */
export interface LogAxis {
  readonly domain: readonly [number, number];
  readonly ticks: readonly number[];
  readonly format: (tick: number) => string;
  /** Where the value at a position of a descending array is drawn; the last `zeros` of `count` values are zero. */
  readonly place: (value: number, isZero: boolean) => number;
  readonly hasZeroLane: boolean;
  readonly clipped: number;
}

/** What stands between powers of ten on short axes. */
const closer = [
  [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8],
  Array.from({ length: 45 }, (_, i) => (10 + 2 * i) / 10),
  Array.from({ length: 90 }, (_, i) => (10 + i) / 10),
];

/**
 * 1, 2, 5 times powers of ten within the range; only powers of ten when that would be more than `most`, and closer multiples on a range so short that there
 * would be fewer than three. None where there is no logarithm.
 */
export function logTicks(low: number, high: number, most = 9): number[] {
  if (!(low > 0 && Number.isFinite(high))) return [];
  const candidates = (steps: readonly number[]) => {
    const ticks: number[] = [];
    for (let e = Math.floor(Math.log10(low)); e <= Math.ceil(Math.log10(high)); e++) {
      for (const step of steps) {
        const tick = Number(`${step}e${e}`);
        if (tick >= low * 0.999 && tick <= high * 1.001) ticks.push(tick);
      }
    }
    return ticks;
  };
  const fine = candidates([1, 2, 5]);
  if (fine.length > most) return candidates([1]);
  if (fine.length > 2) return fine;
  return closer.map(candidates).find((ticks) => ticks.length > 2 && ticks.length <= most) ?? fine;
}

/** A log axis over positive numbers, with a margin at both ends as a factor. */
export function positiveAxis(values: readonly number[], margin: number) {
  const [bottom, top] = [leastOf(values) / margin, largestOf(values) * margin];
  return { domain: [bottom, top] as const, ticks: logTicks(bottom, top), format: formatExact };
}

export interface LogAxisInput {
  readonly values: readonly number[];
  /** How many of the last values are zero. */
  readonly zeros: number;
}

/**
 * @param reference A value that must be on the axis, e.g. the plateau.
 * @param depth How far below the reference the axis goes at most, as a factor; smaller values are clipped.
 */
export function logAxis(spectra: readonly LogAxisInput[], reference: number, depth = 1e-3): LogAxis {
  let [low, high, zeros] = [reference, reference, false];
  for (const s of spectra) {
    const nonzero = s.values.length - s.zeros;
    if (nonzero > 0) {
      high = Math.max(high, s.values[0]!);
      low = Math.min(low, s.values[nonzero - 1]!);
    }
    zeros ||= s.zeros > 0;
  }
  const floor = Math.max(low, reference * depth);
  let clipped = 0;
  if (low < floor) {
    for (const s of spectra) {
      for (let i = s.values.length - s.zeros - 1; i >= 0 && s.values[i]! < floor; i--) clipped++;
    }
  }
  const top = Math.max(high * 1.12, reference * 1.5);
  const bottom = Math.min(floor / 1.12, reference / 1.5);
  const lane = bottom / (top / bottom) ** 0.1;
  return {
    domain: [zeros ? lane / (top / bottom) ** 0.04 : bottom, top],
    ticks: zeros ? [lane, ...logTicks(bottom, top)] : logTicks(bottom, top),
    format: (tick) => (zeros && tick === lane ? '0' : formatExact(tick)),
    place: (value, isZero) => (isZero ? lane : Math.max(value, floor)),
    hasZeroLane: zeros,
    clipped,
  };
}

/** A little room at both ends of a logarithmic axis. */
export function widened(values: readonly number[], by = 1.25): [number, number] {
  return [leastOf(values) / by, largestOf(values) * by];
}

/** An axis that holds these values, each above 0, with ticks in the given format. */
export function logAxisOf(values: readonly number[], format: (x: number) => string) {
  const domain = widened(values);
  return { domain, ticks: logTicks(...domain, 7), format };
}
