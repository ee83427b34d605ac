import { UsageError } from '../base/errors.ts';

/** Per-channel normalization that is part of the model, so that inputs are plain pixels in [0, 1]. */
export interface Normalization {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** How the published CIFAR-10 checkpoints were trained (ImageNet's constants). */
export const imagenetNormalization: Normalization = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

/** Mean and standard deviation of CIFAR-10's training pixels. */
export const cifarNormalization: Normalization = { mean: [0.4914, 0.4822, 0.4465], std: [0.247, 0.2435, 0.2616] };

/** ImageNet's constants for three channels; for others pixels from [0, 1] to [-1, 1]. */
export function defaultNormalization(channels: number): Normalization {
  if (channels === 3) return imagenetNormalization;
  const half = Array<number>(channels).fill(0.5);
  return { mean: half, std: half };
}

/** The normalization that is in front of a network, and why this one. */
export interface AppliedNormalization extends Normalization {
  /** One of `normalizationNames` but for `default`, or the values. */
  readonly name: string;
  /** Asked for, said by the weights' file, or taken because nobody said anything. */
  readonly source: 'given' | 'weights' | 'default';
}

const named: Readonly<Record<string, Normalization>> = {
  imagenet: imagenetNormalization,
  cifar10: cifarNormalization,
  none: { mean: [0], std: [1] },
};

/** The names that `normalizationNamed` takes; `default` is the model's own. */
export const normalizationNames: readonly string[] = [...Object.keys(named), 'default'];

const numbers = (text: string) => text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));

/**
 * A normalization by its name, or by a mean and a standard deviation for each channel (or one for all) of pixels from 0 to 1:
 * `0.4914,0.4822,0.4465/0.2023,0.1994,0.2010`. Undefined for `default`. Throws UsageError for what is neither.
 */
export function normalizationNamed(name: string): Normalization | undefined {
  if (Object.hasOwn(named, name)) return named[name];
  if (name === 'default') return undefined;
  const [means, deviations, ...more] = name.split('/');
  if (deviations === undefined || more.length) {
    throw new UsageError(
      `normalization: expected ${normalizationNames.join(', ')}, got ${JSON.stringify(name.slice(0, 80))}; or means and deviations such as 0.5,0.5,0.5/0.25,0.25,0.25`,
    );
  }
  const [mean, std] = [numbers(means!), numbers(deviations)];
  if (mean.length !== std.length)
    throw new UsageError(`normalization: ${mean.length} means and ${std.length} deviations; expected as many`);
  if (!mean.every((m) => m >= 0 && m <= 1) || !std.every((s) => s > 0 && Number.isFinite(s)))
    throw new UsageError(
      `normalization: expected means from 0 to 1 and deviations above 0, of pixels from 0 to 1 (divide those of 0 to 255 by 255), got ${JSON.stringify(name.slice(0, 80))}`,
    );
  return { mean, std };
}

/** One mean and deviation stand for all channels. Throws UsageError where there are as many neither as channels nor as one. */
export function forChannels({ mean, std }: Normalization, channels: number, what: string): Normalization {
  if (mean.length === channels) return { mean, std };
  if (mean.length !== 1)
    throw new UsageError(`${what}: the normalization is for ${mean.length} channels, images have ${channels}`);
  return { mean: Array<number>(channels).fill(mean[0]!), std: Array<number>(channels).fill(std[0]!) };
}

/** The name of a normalization, or its values as `normalizationNamed` reads them. */
export function normalizationName({ mean, std }: Normalization): string {
  const same = (a: readonly number[], b: readonly number[]) =>
    a.every((value, c) => value === (b.length === 1 ? b[0] : b[c])) && (b.length === 1 || a.length === b.length);
  const known = Object.entries(named).find(([, n]) => same(mean, n.mean) && same(std, n.std));
  return known ? known[0] : `${mean.join()}/${std.join()}`;
}

const sources: Readonly<Record<AppliedNormalization['source'], string>> = {
  given: '',
  weights: ', as the weights say',
  default: ', by default',
};

/** `imagenet (mean 0.485, 0.456, 0.406; deviation 0.229, 0.224, 0.225), by default`. */
export function describeNormalization({ name, mean, std, source }: AppliedNormalization): string {
  const values = `mean ${mean.join(', ')}; deviation ${std.join(', ')}`;
  const what =
    name === 'none' ? 'none (pixels from 0 to 1)' : Object.hasOwn(named, name) ? `${name} (${values})` : values;
  return `${what}${sources[source]}`;
}

/** The entry of a result that says which normalization was in force; none where nothing is known of it. */
export function normalizationEntry({ normalization }: { readonly normalization?: AppliedNormalization }): {
  readonly normalization?: string;
} {
  return normalization ? { normalization: describeNormalization(normalization) } : {};
}

/** The normalization that is in force for a network, as its entry: what was asked for, what the weights' file says, or neither. */
export function applied(
  normalization: Normalization | undefined,
  given: string | undefined,
  stored: string | undefined,
): { readonly normalization?: AppliedNormalization } {
  if (!normalization) return {};
  const said = (name: string | undefined) => name !== undefined && name !== 'default';
  const source = said(given) ? 'given' : given === undefined && stored !== undefined ? 'weights' : 'default';
  return { normalization: { ...normalization, name: normalizationName(normalization), source } };
}
