/** Labelled images: CIFAR, image folders, and the procedural `shapes`. */
export { type AugmentOptions, augmentInto, augmentMasksInto } from './augment.ts';
export { type CifarRequest, loadCifar } from './cifar.ts';
export { DownloadError, type DownloadRequest, downloadCifar } from './cifar-download.ts';
export { type CifarName, cifarLayouts } from './cifar-layout.ts';
export { type ImageDataset, type Split, type ThreeSplit, toFloat } from './dataset.ts';
export { loadFolder } from './folder.ts';
export { parseIndices } from './indices.ts';
export { type DatasetRequest, datasetNames, loadDataset } from './load.ts';
export { epochOrder } from './order.ts';
export { type ShapesKnobs, type ShapesOptions, shapesDataset } from './shapes.ts';
export { shapeClasses } from './shapes-figures.ts';
export { subset } from './subset.ts';
