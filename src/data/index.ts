/** Labelled images, masks and texts: real ones from their official files, and procedural ones (`shapes`, `grammar`). */

export { formatIndices, parseIndices } from '../base/indices.ts';
export { type AugmentOptions, augmentInto, augmentMasksInto } from './augment.ts';
export { type ClassNames, isNamesFile, readClassNames, withClasses } from './classes.ts';
export { type ImageDataset, type Split, type ThreeSplit, toFloat } from './dataset.ts';
export { type DataFacts, type DataTask, dataFacts } from './facts.ts';
export { dataIdentity } from './identity.ts';
export { type DatasetRequest, datasetNames, loadDataset } from './load.ts';
export {
  type DataRequest,
  type DatasetDescription,
  dataNames,
  heldOutSplit,
  loadData,
  registerDataset,
} from './load-data.ts';
export { loadText, type TextRequest, textNames } from './load-text.ts';
export { epochOrder } from './order.ts';
export { isPictureName } from './pictures/picture.ts';
export { type CamvidRequest, camvidClasses, loadCamvid } from './sets/camvid.ts';
export { type CifarRequest, loadCifar } from './sets/cifar.ts';
export { DownloadError, type DownloadRequest, downloadCifar } from './sets/cifar-download.ts';
export { type CifarName, cifarLayouts } from './sets/cifar-layout.ts';
export { loadFolder } from './sets/folder.ts';
export { Grammar, type GrammarKnobs, type GrammarOptions, grammarDataset } from './sets/grammar.ts';
export { loadMnist, type MnistName, type MnistRequest } from './sets/mnist.ts';
export { type ShapesKnobs, type ShapesOptions, shapesDataset } from './sets/shapes.ts';
export { shapeClasses } from './sets/shapes-figures.ts';
export { loadSvhn, type SvhnRequest } from './sets/svhn.ts';
export { type CorpusName, isText, type TextDataset } from './sets/text.ts';
export { batchify, noTarget, type TokenStreams, windowCount, windowInto } from './streams.ts';
export { subset } from './subset.ts';
export { type ClassShare, type DataSummary, type ImageSummary, summarizeSplits, type TextSummary } from './summary.ts';
