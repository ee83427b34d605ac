import { InputError } from '../../base/errors.ts';

export interface ScheduleSettings {
  readonly kind: ScheduleKind;
  /** The rate that the schedule is about: its start, after any warm-up (one-cycle: its peak). */
  readonly rate: number;
  /** Steps in all. */
  readonly steps: number;
  /** Steps of linear growth from 0 in front, part of `steps`; the first step has rate / warmup (Goyal et al. 2017, 1706.02677). */
  readonly warmup?: number;
  /** `step`: where the rate is multiplied by `factor`. */
  readonly milestones?: readonly number[];
  readonly factor?: number;
  /** `polynomial`: the exponent; 1 is linear decay. */
  readonly power?: number;
}

export const scheduleKinds = ['constant', 'step', 'cosine', 'polynomial', 'onecycle'] as const;
export type ScheduleKind = (typeof scheduleKinds)[number];

/** Share of one-cycle's steps in which the rate rises, and by how much it starts and ends below the peak: PyTorch's defaults. */
const cycle = { rise: 0.3, start: 1 / 25, end: 1 / 25e4 };

/** The learning rate at a step, a pure function of it. Throws UsageError for settings that make no schedule. */
export function schedule(settings: ScheduleSettings): (step: number) => number {
  const { kind, rate, steps, warmup = 0, milestones = [], factor = 0.1, power = 1 } = settings;
  if (!(rate >= 0 && Number.isFinite(rate))) throw new InputError('lr', `must be a number of at least 0, got ${rate}`);
  if (warmup > steps) throw new InputError('warmup', `${warmup} steps are more than the ${steps} of the whole run`);
  const after = Math.max(1, steps - warmup);
  const cosine = (from: number, to: number, t: number) => to + ((from - to) * (1 + Math.cos(Math.PI * t))) / 2;
  const shapes: Readonly<Record<ScheduleKind, (step: number) => number>> = {
    constant: () => rate,
    step: (step) => rate * factor ** milestones.filter((m) => step + warmup >= m).length,
    cosine: (step) => cosine(rate, 0, step / after),
    polynomial: (step) => rate * (1 - step / after) ** power,
    onecycle: (step) => {
      const top = cycle.rise * after;
      return step < top
        ? cosine(rate * cycle.start, rate, step / top)
        : cosine(rate, rate * cycle.end, (step - top) / Math.max(1, after - 1 - top));
    },
  };
  const shape = shapes[kind];
  return (step) => (step < warmup ? (rate * (step + 1)) / warmup : shape(Math.min(step - warmup, after)));
}

export const scalingRules = ['base', 'linear', 'sqrt'] as const;
export type ScalingRule = (typeof scalingRules)[number];

/**
 * The rate for a batch from one tuned at `baseBatch`: kept (`base`, BLR), times batch / base (`linear`, LSR: Goyal et al. 2017)
 * or times its square root (`sqrt`, SRSR: Hoffer et al. 2017, 1705.08741).
 */
export function scaledRate(rate: number, rule: ScalingRule, batch: number, baseBatch: number): number {
  const ratio = batch / baseBatch;
  return rate * { base: 1, linear: ratio, sqrt: Math.sqrt(ratio) }[rule];
}
