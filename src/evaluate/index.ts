/** What a network is worth on data: losses, scores, and evaluation by task. */

export { type Evaluation, evaluate } from './classification.ts';
export { type EvaluatedNetwork, type EvaluateOptions, requireFit } from './images.ts';
export { evaluateLanguage, type LanguageEvaluation, requireVocabulary } from './language.ts';
export { type CrossEntropyOptions, crossEntropy, surprise } from './losses.ts';
export { ModelEvaluator } from './model-evaluator.ts';
export { evaluateNetwork, type HeldOutScore, heldOutScore, type NetworkEvaluation } from './network.ts';
export { hasLabelsFor, withOwnAnswers } from './own-answers.ts';
export { ProgramsBySize } from './programs.ts';
export { argMax, type ClassScore, crossEntropyOf, requireFiniteLogits, requireFiniteLoss } from './scores.ts';
export { evaluateSegmentation, type SegmentationEvaluation } from './segmentation.ts';
