export { argMax, crossEntropy, type EvaluateOptions, type Evaluation, evaluate, requireFit } from './evaluate.ts';
