import { RandomStream } from '../../src/base/random.ts';
import type {
  BlockSpectrum,
  ImageSpectra,
  SpectrumMethod,
  SpectrumResult,
  StageSpectrum,
} from '../../src/stability/result.ts';
import { spreadAcrossImages } from '../../src/stability/spectra/spread.ts';

/** A unit to make up: its Jacobian's shape and how many inner units are active. */
export interface UnitPlan {
  readonly name: string;
  readonly shape: readonly [number, number];
  readonly active: number;
  readonly largest: number;
  readonly smallest: number;
  readonly plateau?: number;
  /** Outputs that the last ReLU kills: that many zeros. */
  readonly dead?: number;
  /** Only this many leading values, as a Lanczos method leaves them. */
  readonly leading?: number;
}

/** Active inner units of the published ResNet-56 at image 0 of CIFAR-10's test set. */
const activeCounts: readonly (readonly number[])[] = [
  [6559, 8875, 6135, 7725, 4011, 4703, 4887, 4045, 5034],
  [3838, 1950, 1709, 1660, 1630, 1499, 1706, 1369, 1724],
  [1393, 854, 630, 725, 656, 688, 741, 1066, 2148],
];

/** The 27 units of a ResNet-56 on 32 x 32 pictures, with measured numbers of active inner units. */
export function resnet56Plan(options: { finalRelu?: boolean } = {}): UnitPlan[] {
  const sizes = [16384, 8192, 4096];
  return activeCounts.flatMap((counts, s) =>
    counts.map((active, i) => ({
      name: `layer${s + 1}.${i}`,
      shape: [sizes[s]!, s > 0 && i === 0 ? sizes[s - 1]! : sizes[s]!] as const,
      active,
      largest: 2.2 + 0.6 * s + (i === 8 ? 1.8 * s : 0) + (i === 0 ? 0.9 : 0) + 0.15 * ((i * 7) % 5),
      smallest: 0.03 + 0.05 * s + 0.012 * ((i * 5) % 7),
      ...(options.finalRelu ? { dead: Math.round(sizes[s]! * (0.25 - 0.02 * i + 0.1 * s)) } : {}),
    })),
  );
}

/** Singular values like those measured: k above the plateau, k below it, a steep start, a long flat middle, zeros last. */
export function makeBlock(plan: UnitPlan, image: number, method: SpectrumMethod = 'structured'): BlockSpectrum {
  const random = new RandomStream({ seed: 1, purpose: plan.name, index: image });
  const size = Math.min(...plan.shape);
  const a = plan.plateau ?? 1;
  const zero = plan.dead ?? 0;
  const live = size - zero;
  const active = Math.max(0, Math.min(plan.active, Math.round(plan.active * (1 + 0.015 * random.normal()))));
  const k = Math.min(active, Math.floor(live / 2));
  const rank = Math.max(1, k);
  const largest = plan.largest * (1 + 0.02 * random.normal());
  const bend = (t: number) => (1 - t) ** 2 / (1 + 8 * t);
  const above = Array.from({ length: k }, (_, i) => a + 2e-4 + (largest - a) * bend(i / rank));
  const below =
    a === 0 ? [] : Array.from({ length: k }, (_, i) => a - 2e-4 - (a - plan.smallest) * bend((i + 1) / rank)).reverse();
  const at = live - above.length - below.length;
  const values = [...above, ...new Array<number>(at).fill(a), ...below, ...new Array<number>(zero).fill(0)];
  const complete = plan.leading === undefined;
  return {
    name: plan.name,
    shape: plan.shape,
    finalRelu: zero > 0,
    method: complete ? method : 'lanczos',
    singularValues: complete ? values : values.slice(0, plan.leading),
    complete,
    plateau: complete ? { value: a, count: at } : null,
    above: complete ? above.length : null,
    below: complete ? below.length + zero : null,
    zero: complete ? zero + (a === 0 ? at : 0) : null,
    tolerance: 1e-4,
    activeHidden: active,
    hiddenSize: plan.shape[0],
    bound: complete ? Math.max(0, live - 2 * active) : null,
    maxResidual: 2e-6 * (1 + random.uniform()),
    seconds: (size / 4096) ** 2 * (0.6 + 0.3 * random.uniform()),
  };
}

function makeStages(plans: readonly UnitPlan[], units: readonly BlockSpectrum[], image: number): StageSpectrum[] {
  const names = [...new Set(plans.map((p) => p.name.split('.')[0]!))];
  return names.map((name, s) => {
    const members = plans.filter((p) => p.name.startsWith(`${name}.`));
    const product = units.filter((u) => u.name.startsWith(`${name}.`)).reduce((p, u) => p * u.singularValues[0]!, 1);
    const random = new RandomStream({ seed: 2, purpose: name, index: image });
    const norm = (9 + 11 * s) * (1 + 0.03 * random.normal());
    return {
      ...makeBlock(
        { ...members[0]!, name, shape: [members.at(-1)!.shape[0], members[0]!.shape[1]], leading: 20 },
        image,
      ),
      singularValues: Array.from({ length: 20 }, (_, i) => norm / (1 + i) ** 0.35),
      activeHidden: null,
      hiddenSize: null,
      units: members.map((m) => m.name),
      productOfUnitNorms: product,
    };
  });
}

export interface SyntheticOptions {
  readonly plans?: readonly UnitPlan[];
  readonly indices?: readonly number[];
  readonly stages?: boolean;
  readonly model?: string;
  readonly weights?: string;
}

/** A whole result, as `ballast spectrum` would make it, deterministic and without any network behind it. */
export function syntheticSpectrum(options: SyntheticOptions = {}): SpectrumResult {
  const plans = options.plans ?? resnet56Plan();
  const indices = options.indices ?? [0, 7, 4321];
  const classes = 'airplane automobile bird cat deer dog frog horse ship truck'.split(' ');
  const images: ImageSpectra[] = indices.map((index, i) => {
    const units = plans.map((p) => makeBlock(p, index));
    const label = [3, 6, 0][i % 3]!;
    return {
      index,
      label,
      predicted: i === 2 ? 8 : label,
      logits: classes.map((_, c) => (c === (i === 2 ? 8 : label) ? 12.5 : c === label ? 11.9 : (c % 4) - 1)),
      units,
      stages: options.stages === false ? [] : makeStages(plans, units, index),
    };
  });
  return {
    model: options.model ?? 'resnet56',
    weights: options.weights ?? 'resnet56-4bfd9763.th',
    dataset: 'cifar10',
    classes,
    finalRelu: plans.some((p) => p.dead !== undefined),
    images,
    spread: spreadAcrossImages(images),
    environment: {
      ballast: '0.1.0',
      node: 'v20.20.2',
      device: 'cpu',
      threads: 2,
      cpu: 'a made-up processor',
      date: '2025-01-31T12:00:00.000Z',
    },
    seconds: 184.2,
  };
}
