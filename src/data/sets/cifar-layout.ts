import type { Split } from '../dataset.ts';

/** The data sets of the CIFAR family. */
export type CifarName = 'cifar10' | 'cifar100';

/** What is official about one of the two data sets (Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009). */
export interface CifarLayout {
  /** The same images as Python pickles. */
  readonly python: {
    readonly archive: string;
    readonly folder: string;
    readonly files: Readonly<Record<Split, readonly string[]>>;
    /** The entry with the classes. */
    readonly labels: string;
  };
  readonly url: string;
  readonly archive: string;
  readonly archiveBytes: number;
  /** SHA-256 of the archive. */
  readonly sha256: string;
  readonly folder: string;
  readonly files: Readonly<Record<Split, readonly string[]>>;
  readonly imagesPerFile: Readonly<Record<Split, number>>;
  /** Bytes of labels in front of every image; the last one is the class. */
  readonly labelBytes: 1 | 2;
  readonly classes: readonly string[];
}

/** Bytes of one image: 32 x 32 red, then green, then blue. */
export const imageBytes = 3 * 32 * 32;

const cifar100Classes = `apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel
  can castle caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin elephant flatfish
  forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster man maple_tree motorcycle mountain
  mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree plain plate poppy porcupine possum rabbit
  raccoon ray road rocket rose sea seal shark shrew skunk skyscraper snail snake spider squirrel streetcar sunflower sweet_pepper
  table tank telephone television tiger tractor train trout tulip turtle wardrobe whale willow_tree wolf woman worm`;

/** How the official files of each data set of the family are laid out. */
export const cifarLayouts: Readonly<Record<CifarName, CifarLayout>> = {
  cifar10: {
    python: {
      archive: 'cifar-10-python.tar.gz',
      folder: 'cifar-10-batches-py',
      files: { train: [1, 2, 3, 4, 5].map((batch) => `data_batch_${batch}`), test: ['test_batch'] },
      labels: 'labels',
    },
    url: 'https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz',
    archive: 'cifar-10-binary.tar.gz',
    archiveBytes: 170_052_171,
    sha256: 'c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd',
    folder: 'cifar-10-batches-bin',
    files: {
      train: [1, 2, 3, 4, 5].map((batch) => `data_batch_${batch}.bin`),
      test: ['test_batch.bin'],
    },
    imagesPerFile: { train: 10_000, test: 10_000 },
    labelBytes: 1,
    classes: ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'],
  },
  cifar100: {
    python: {
      archive: 'cifar-100-python.tar.gz',
      folder: 'cifar-100-python',
      files: { train: ['train'], test: ['test'] },
      labels: 'fine_labels',
    },
    url: 'https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz',
    archive: 'cifar-100-binary.tar.gz',
    archiveBytes: 168_513_733,
    sha256: '58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec',
    folder: 'cifar-100-binary',
    files: { train: ['train.bin'], test: ['test.bin'] },
    imagesPerFile: { train: 50_000, test: 10_000 },
    labelBytes: 2,
    classes: cifar100Classes.split(/\s+/),
  },
};
