/** Labelled images, masks and texts: real ones from their official files, and procedural ones (`shapes`, `grammar`). */
export { type AugmentOptions, augmentInto, augmentMasksInto } from './augment.ts';
export { type CifarRequest, loadCifar } from './cifar.ts';
export { DownloadError, type DownloadRequest, downloadCifar } from './cifar-download.ts';
export { type CifarName, cifarLayouts } from './cifar-layout.ts';
export { type ImageDataset, type Split, type ThreeSplit, toFloat } from './dataset.ts';
export { loadFolder } from './folder.ts';
export { Grammar, type GrammarKnobs, type GrammarOptions, grammarDataset } from './grammar.ts';
export { parseIndices } from './indices.ts';
export { type DatasetRequest, datasetNames, loadDataset } from './load.ts';
export { loadText, type TextRequest, textNames } from './load-text.ts';
export { epochOrder } from './order.ts';
export { type ShapesKnobs, type ShapesOptions, shapesDataset } from './shapes.ts';
export { shapeClasses } from './shapes-figures.ts';
export { batchify, noTarget, type TokenStreams, windowCount, windowInto } from './streams.ts';
export { subset } from './subset.ts';
export type { CorpusName, TextDataset } from './text.ts';
