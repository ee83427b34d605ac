import type { ImageDataset, ThreeSplit } from './dataset.ts';
import type { DatasetRequest } from './load.ts';
import { loadData } from './load-data.ts';
import type { TextRequest } from './load-text.ts';
import { isText, type TextDataset } from './sets/text.ts';
import { endOfSentence, unknownWord } from './sets/vocabulary.ts';

/** A class with a share or a score. */
export interface ClassShare {
  readonly name: string;
  readonly value: number;
}

/** What images turned out to be, so that one sees whether they were read rightly. */
export interface ImageSummary {
  readonly images: number;
  readonly shape: readonly number[];
  /** Of all pixels in [0, 1], by channel. */
  readonly mean: readonly number[];
  /** Images of each class, by label; absent where images have no label. */
  readonly classes?: readonly ClassShare[];
  /** Share of all pixels of each class of the masks, where there are masks. */
  readonly pixels?: readonly ClassShare[];
  /** Share of all pixels that count in no loss, where a mask can say so. */
  readonly ignored?: number;
  /** The split with the very same images, if one was read before. */
  readonly sameAs?: ThreeSplit;
  /** See `ImageDataset`. */
  readonly notes?: readonly string[];
}

/** What a text turned out to be. */
export interface TextSummary {
  readonly tokens: number;
  /** Each ends with `<eos>`, which is among the tokens. */
  readonly lines: number;
  readonly vocabulary: number;
  /** Share of the tokens that are `<unk>`. */
  readonly unknown: number;
  /** See `TextDataset`. */
  readonly entropy?: number;
}

/** What data turned out to be, so that one sees whether they were read rightly. */
export type DataSummary = ImageSummary | TextSummary;

/** How often each value 0 .. size - 1 is in the list. */
function histogram(values: ArrayLike<number>, size: number): number[] {
  const counts = Array<number>(size).fill(0);
  for (let i = 0; i < values.length; i++) counts[values[i]!]!++;
  return counts;
}

function channelMeans({ count, shape, pixels }: ImageDataset): number[] {
  const [channels, height, width] = shape;
  const area = height * width;
  const sums = Array<number>(channels).fill(0);
  for (let plane = 0; plane < count * channels; plane++) {
    let sum = 0;
    for (let p = plane * area; p < (plane + 1) * area; p++) sum += pixels[p]!;
    sums[plane % channels]! += sum;
  }
  return sums.map((sum) => sum / (255 * count * area));
}

function summarizeImages(dataset: ImageDataset): ImageSummary {
  const { count, shape, classes, labels, masks, maskClasses = [], ignoreLabel } = dataset;
  const labelled = histogram(labels, classes.length);
  const masked = histogram(masks ?? [], 256).map((n) => n / (masks?.length ?? 1));
  const named = (names: readonly string[], values: readonly number[]) =>
    names.map((name, i) => ({ name, value: values[i]! }));
  return {
    images: count,
    shape,
    mean: channelMeans(dataset),
    ...(labels.length > 0 && { classes: named(classes, labelled) }),
    ...(masks && { pixels: named(maskClasses, masked) }),
    ...(masks && ignoreLabel !== undefined && { ignored: masked[ignoreLabel]! }),
    ...(dataset.notes && { notes: dataset.notes }),
  };
}

function summarizeText({ tokens, vocabulary, entropy }: TextDataset): TextSummary {
  const counts = histogram(tokens, vocabulary.length);
  const of = (word: string) => counts[vocabulary.indexOf(word)] ?? 0;
  return {
    tokens: tokens.length,
    lines: of(endOfSentence),
    vocabulary: vocabulary.length,
    unknown: of(unknownWord) / tokens.length,
    ...(entropy !== undefined && { entropy }),
  };
}

/** Reads the splits one after another and counts what is in each. Throws what `loadData` throws. */
export async function summarizeSplits(
  request: Omit<DatasetRequest & TextRequest, 'split'>,
  splits: readonly ThreeSplit[],
): Promise<Partial<Record<ThreeSplit, DataSummary>>> {
  const summaries: Partial<Record<ThreeSplit, DataSummary>> = {};
  const read: { split: ThreeSplit; pixels: Uint8Array }[] = [];
  for (const split of splits) {
    const data = await loadData({ ...request, split });
    if (isText(data)) {
      summaries[split] = summarizeText(data);
      continue;
    }
    const same = read.find(({ pixels }) => Buffer.compare(pixels, data.pixels) === 0);
    read.push({ split, pixels: data.pixels });
    summaries[split] = { ...summarizeImages(data), ...(same && { sameAs: same.split }) };
  }
  return summaries;
}
