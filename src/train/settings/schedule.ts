import { InputError } from '../../base/errors.ts';
import { openNames } from '../../schema/index.ts';

export interface ScheduleSettings {
  /** Its name: see `registerSchedule`. */
  readonly kind: string;
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

/** What a rule of a schedule is made from: its settings, and the steps that follow the warm-up. */
export interface ScheduleShape {
  readonly rate: number;
  /** Steps after the warm-up, at least 1. */
  readonly after: number;
  readonly warmup: number;
  /** In steps of the run. */
  readonly milestones: readonly number[];
  readonly factor: number;
  readonly power: number;
}

/** All that a schedule says of itself. */
export interface ScheduleDescription {
  readonly name: string;
  /** For help and documentation, on a line. */
  readonly what: string;
  /** Whether the rate of a step depends on how long the run is: then a longer run is another one from its first step on. */
  readonly dependsOnLength: boolean;
  /** The rate by the step after the warm-up, 0 .. `after`: a pure function, for a run that is resumed asks again. */
  readonly rule: (shape: ScheduleShape) => (step: number) => number;
}

const schedules = new Map<string, ScheduleDescription>();

/** The schedules there are; `registerSchedule` adds to them. */
export const scheduleNames = openNames('schedule', {});

/** Makes a schedule known: to training settings, their flags and help, the schemas and studies. Throws InputError where there is one of its name. */
export function registerSchedule(schedule: ScheduleDescription): void {
  scheduleNames.add(schedule.name, schedule.what);
  schedules.set(schedule.name, schedule);
}

/** The schedule of this name. Throws InputError for an unknown one. */
export function scheduleNamed(name: string): ScheduleDescription {
  const found = schedules.get(name);
  if (!found)
    throw new InputError('schedule', `unknown schedule "${name}"; expected ${scheduleNames.names().join(', ')}`);
  return found;
}

/** Share of one-cycle's steps in which the rate rises, and by how much it starts and ends below the peak: PyTorch's defaults. */
const cycle = { rise: 0.3, start: 1 / 25, end: 1 / 25e4 };
const cosine = (from: number, to: number, t: number) => to + ((from - to) * (1 + Math.cos(Math.PI * t))) / 2;

registerSchedule({
  name: 'constant',
  what: 'the rate stays',
  dependsOnLength: false,
  rule:
    ({ rate }) =>
    () =>
      rate,
});
registerSchedule({
  name: 'step',
  what: 'the rate is multiplied by a factor at each milestone',
  dependsOnLength: false,
  rule:
    ({ rate, warmup, milestones, factor }) =>
    (step) =>
      rate * factor ** milestones.filter((m) => step + warmup >= m).length,
});
registerSchedule({
  name: 'cosine',
  what: 'the rate falls to 0 as half a cosine',
  dependsOnLength: true,
  rule:
    ({ rate, after }) =>
    (step) =>
      cosine(rate, 0, step / after),
});
registerSchedule({
  name: 'polynomial',
  what: 'the rate falls to 0 as a power of what is left',
  dependsOnLength: true,
  rule:
    ({ rate, after, power }) =>
    (step) =>
      rate * (1 - step / after) ** power,
});
registerSchedule({
  name: 'onecycle',
  what: 'the rate rises to its peak and falls far below its start',
  dependsOnLength: true,
  rule: ({ rate, after }) => {
    const top = cycle.rise * after;
    return (step) =>
      step < top
        ? cosine(rate * cycle.start, rate, step / top)
        : cosine(rate, rate * cycle.end, (step - top) / Math.max(1, after - 1 - top));
  },
});

/** The learning rate at a step, a pure function of it. Throws InputError for settings that make no schedule. */
export function schedule(settings: ScheduleSettings): (step: number) => number {
  const { kind, rate, steps, warmup = 0, milestones = [], factor = 0.1, power = 1 } = settings;
  if (!(rate >= 0 && Number.isFinite(rate))) throw new InputError('lr', `must be a number of at least 0, got ${rate}`);
  if (warmup > steps) throw new InputError('warmup', `${warmup} steps are more than the ${steps} of the whole run`);
  const after = Math.max(1, steps - warmup);
  const rateAt = scheduleNamed(kind).rule({ rate, after, warmup, milestones, factor, power });
  return (step) => (step < warmup ? (rate * (step + 1)) / warmup : rateAt(Math.min(step - warmup, after)));
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
