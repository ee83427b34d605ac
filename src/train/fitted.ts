import { type ImageDataset, isText, type TextDataset } from '../data/index.ts';
import { type ModelRequest, modelNamed } from '../models/index.ts';

/** What a built-in model is asked for so that it goes with this data: classes or vocabulary, and the size of the images. */
export function fittedTo(
  model: string,
  data: ImageDataset | TextDataset,
): Pick<ModelRequest, 'classes' | 'inputShape'> {
  if (isText(data)) return { classes: data.vocabulary.length };
  const segments = !model.endsWith('.onnx') && modelNamed(model).task === 'segmentation';
  const classes = segments ? (data.maskClasses ?? data.classes) : data.classes;
  return { classes: classes.length, inputShape: data.shape };
}
