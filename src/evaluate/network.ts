import { UsageError } from '../base/errors.ts';
import { type ImageDataset, isText, type TextDataset } from '../data/index.ts';
import { type Evaluation, evaluate } from './classification.ts';
import type { EvaluatedNetwork, EvaluateOptions } from './images.ts';
import { evaluateLanguage, type LanguageEvaluation } from './language.ts';
import { evaluateSegmentation, type SegmentationEvaluation } from './segmentation.ts';

/** The evaluation of a network, by its task. */
export type NetworkEvaluation =
  | ({ readonly task: 'classification' } & Evaluation)
  | ({ readonly task: 'segmentation' } & SegmentationEvaluation)
  | ({ readonly task: 'language' } & LanguageEvaluation);

/** How good a network is at its task on held-out data. Throws UsageError for data of another kind. */
export async function evaluateNetwork(
  network: EvaluatedNetwork,
  data: ImageDataset | TextDataset,
  options: EvaluateOptions = {},
): Promise<NetworkEvaluation> {
  const { name, task } = network;
  if (isText(data)) return { task: 'language', ...(await evaluateLanguage(network, data, options)) };
  if (task === 'language') throw new UsageError(`${name} is a language model, ${data.name} has images; expected text`);
  return task === 'segmentation'
    ? { task, ...(await evaluateSegmentation(network, data, options)) }
    : { task, ...(await evaluate(network, data, options)) };
}

/** Loss, and what else a held-out score is for the task: accuracy, mean IoU or perplexity. */
export interface HeldOutScore {
  readonly loss: number;
  readonly metric: number;
}

/** The score of an evaluation, whatever its task. */
export function heldOutScore(evaluation: NetworkEvaluation): HeldOutScore {
  const { loss, task } = evaluation;
  if (task === 'classification') return { loss, metric: evaluation.accuracy };
  return { loss, metric: task === 'segmentation' ? evaluation.meanIoU : evaluation.perplexity };
}
