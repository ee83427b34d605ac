import { type ImageDataset, isText, type TextDataset } from '../data/index.ts';
import { type ModelRequest, modelNamed } from '../models/index.ts';

/** What a built-in model is asked for so that it goes with this data: classes (unless the images have no labels) or vocabulary, and the size of the images. */
export function fittedTo(
  model: string,
  data: ImageDataset | TextDataset,
): Pick<ModelRequest, 'classes' | 'inputShape'> {
  if (isText(data)) return { classes: data.vocabulary.length };
  const segments = !model.endsWith('.onnx') && modelNamed(model).task === 'segmentation';
  if (!segments && data.labels.length === 0) return { inputShape: data.shape };
  const classes = segments ? (data.maskClasses ?? data.classes) : data.classes;
  return { classes: classes.length, inputShape: data.shape };
}
