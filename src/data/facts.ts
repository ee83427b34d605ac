import { didYouMean } from '../base/names.ts';
import { dataSets } from '../schema/index.ts';
import type { ThreeSplit } from './dataset.ts';
import { camvidClasses } from './sets/camvid.ts';
import { type CifarName, cifarLayouts } from './sets/cifar-layout.ts';
import { type MnistName, mnistLayouts } from './sets/mnist.ts';
import { shapeClasses } from './sets/shapes-figures.ts';
import { type CorpusName, corpora } from './sets/text.ts';

/** What data can be used for. */
export type DataTask = 'classification' | 'segmentation' | 'language';

/** What is known of a data set before its files are read. */
export interface DataFacts {
  readonly what: string;
  readonly tasks: readonly DataTask[];
  /** What is expected in the folder that is given as `dir`; absent for procedural data. */
  readonly files?: string;
  readonly splits: readonly ThreeSplit[];
  /** Images, or tokens of a text with one `<eos>` a line: the official ones, or how many are made unless told. Absent where the files decide, as are the following. */
  readonly counts?: Readonly<Partial<Record<ThreeSplit, number>>>;
  /** Channels, height, width. */
  readonly shape?: readonly [number, number, number];
  /** Number of classes, or of words. */
  readonly classes?: number;
}

const [two, three] = [
  ['train', 'test'],
  ['train', 'valid', 'test'],
] as const;

function cifar(name: CifarName) {
  const { files, folder, archive, python, classes, imagesPerFile } = cifarLayouts[name];
  const [first, ...more] = files.train;
  const training = more.length ? `${first} ... ${more.at(-1)}` : first;
  return {
    tasks: ['classification'],
    files: `${training} and ${files.test} (or .xz of them) there or in ${folder}/, or the official ${archive}; or the Python version, in ${python.folder}/ or as ${python.archive}`,
    splits: two,
    counts: {
      train: files.train.length * imagesPerFile.train,
      test: files.test.length * imagesPerFile.test,
    },
    shape: [3, 32, 32],
    classes: classes.length,
  } as const satisfies Partial<DataFacts>;
}

function mnist(name: MnistName) {
  const { folder, classes } = mnistLayouts[name];
  return {
    tasks: ['classification'],
    files: `train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte (or .gz of them) there or in ${folder}/`,
    splits: two,
    counts: { train: 60_000, test: 10_000 },
    shape: [1, 28, 28],
    classes: classes.length,
  } as const satisfies Partial<DataFacts>;
}

function corpus(name: CorpusName) {
  const { folder, file } = corpora[name];
  return {
    tasks: ['language'],
    files: `${three.map(file).join(', ')} there or in ${folder}/`,
    splits: three,
  } as const satisfies Partial<DataFacts>;
}

/** What a data set is, as its description says. */
const whatOf = (name: string) => dataSets.what(name)!;

/** Data sets of images by name. */
export const imageFacts = {
  cifar10: { what: whatOf('cifar10'), ...cifar('cifar10') },
  cifar100: { what: whatOf('cifar100'), ...cifar('cifar100') },
  mnist: { what: whatOf('mnist'), ...mnist('mnist') },
  'fashion-mnist': { what: whatOf('fashion-mnist'), ...mnist('fashion-mnist') },
  svhn: {
    what: whatOf('svhn'),
    tasks: ['classification'],
    files: 'train_32x32.mat and test_32x32.mat',
    splits: two,
    counts: { train: 73_257, test: 26_032 },
    shape: [3, 32, 32],
    classes: 10,
  },
  camvid: {
    what: whatOf('camvid'),
    tasks: ['segmentation'],
    files:
      'train.txt, val.txt, test.txt with the names of frames, train/NAME.png and trainannot/NAME.png and so on, there or in camvid/, or a camvid*.tar.gz of it',
    splits: three,
    counts: { train: 367, valid: 101, test: 233 },
    classes: camvidClasses.length,
  },
  shapes: {
    what: whatOf('shapes'),
    tasks: ['classification', 'segmentation'],
    splits: two,
    counts: { train: 10_000, test: 2_000 },
    shape: [3, 32, 32],
    classes: shapeClasses.length,
  },
  folder: {
    what: whatOf('folder'),
    tasks: ['classification'],
    files:
      'PNG or JPEG images of one size in one folder a class, these in train/, val/ and test/ where there are splits; for measurements also one picture or a folder of them, without labels',
    splits: three,
  },
} as const satisfies Readonly<Record<string, DataFacts>>;

/** Texts by name. */
export const textFacts = {
  ptb: {
    what: whatOf('ptb'),
    ...corpus('ptb'),
    counts: { train: 929_589, valid: 73_760, test: 82_430 },
    classes: 10_000,
  },
  wikitext2: {
    what: whatOf('wikitext2'),
    ...corpus('wikitext2'),
    counts: { train: 2_088_628, valid: 217_646, test: 245_569 },
    classes: 33_278,
  },
  text: {
    what: whatOf('text'),
    ...corpus('text'),
    files: `${corpus('text').files}, or one file, which is divided`,
  },
  grammar: {
    what: whatOf('grammar'),
    tasks: ['language'],
    splits: three,
    counts: { train: 1_000_000, valid: 100_000, test: 100_000 },
    classes: 1000,
  },
} as const satisfies Readonly<Record<string, DataFacts>>;

const all: Record<string, DataFacts> = { ...imageFacts, ...textFacts };

/** All data sets by name, images first; those that users register come last. */
export const dataFacts: Readonly<Record<string, DataFacts>> = all;

/** Adds what is known of a data set. Throws InputError for a name that is taken. */
export function addFacts(name: string, facts: DataFacts): void {
  dataSets.add(name, facts.what);
  all[name] = facts;
}

/** Each name with what it is and what it needs, for messages. */
export function namesOf<Name extends string>(facts: Readonly<Record<Name, DataFacts>>): Readonly<Record<Name, string>> {
  const entries = Object.entries<DataFacts>(facts);
  return Object.fromEntries(
    entries.map(([name, { what, files }]) => [name, `${what}: ${files ?? 'needs no files'}`]),
  ) as Record<Name, string>;
}

/** What is said of a name that is none. */
export const unknownData = (name: string, names: readonly string[]): string =>
  `unknown data set "${name}"; expected ${names.join(', ')}${didYouMean(name, names)}`;
