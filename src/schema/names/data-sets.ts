import { openNames } from './open-names.ts';

/** The data sets there are; `registerDataset` adds to them. */
export const dataSets = openNames('data set', {
  cifar10: 'CIFAR-10, photographs of ten kinds of things',
  cifar100: 'CIFAR-100, likewise of a hundred',
  mnist: 'MNIST, handwritten digits',
  'fashion-mnist': 'Fashion-MNIST, pieces of clothing',
  svhn: 'SVHN, cropped digits of house numbers',
  camvid: 'CamVid, street scenes with masks',
  shapes: 'procedural pictures of ten shapes, with masks',
  folder: 'your own images',
  ptb: 'Penn Treebank, newspaper text',
  wikitext2: 'WikiText-2, articles of Wikipedia',
  text: 'your own text',
  grammar: 'procedural text of a stated grammar whose best reachable loss is known',
});
