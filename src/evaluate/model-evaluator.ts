import type { ImageDataset, TextDataset } from '../data/index.ts';
import type { Model } from '../models/index.ts';
import type { TensorData } from '../onnx/index.ts';
import type { RuntimeOptions } from '../runtime/index.ts';
import { type EvaluatedNetwork, type EvaluateOptions, imagePrograms } from './images.ts';
import { languagePrograms } from './language.ts';
import { evaluateNetwork, type NetworkEvaluation } from './network.ts';
import type { ProgramsBySize } from './programs.ts';

/**
 * Evaluates a model again and again while its values change, as in training. Its graphs take the values as inputs, so each is compiled once, where
 * `evaluateNetwork` compiles one with the values in it: quicker to run (batch norm is folded away), and no use for other values. Dispose of it.
 */
export class ModelEvaluator {
  readonly #network: EvaluatedNetwork;
  readonly #programs: ProgramsBySize;

  constructor(model: Model, runtime: RuntimeOptions = {}) {
    const { name, task, inputShape, classes, state } = model;
    this.#network = {
      name,
      task,
      inputShape,
      classes,
      ...(state === undefined ? {} : { state }),
      graph: (batch, length) => model.trace(batch, length),
    };
    // It lives beside a trainer, whose threads it must not keep waiting.
    const shared = { spinning: false, ...runtime };
    this.#programs =
      task === 'language' ? languagePrograms(this.#network, shared) : imagePrograms(this.#network, shared);
  }

  /** With these values of the model's parameters, on these data, in evaluation mode. Throws UsageError for data of another kind. */
  evaluate(
    values: ReadonlyMap<string, TensorData>,
    data: ImageDataset | TextDataset,
    options: Omit<EvaluateOptions, keyof RuntimeOptions> = {},
  ): Promise<NetworkEvaluation> {
    const compiled = { programs: this.#programs, feeds: Object.fromEntries(values) };
    return evaluateNetwork({ ...this.#network, compiled }, data, options);
  }

  dispose(): Promise<void> {
    return this.#programs.dispose();
  }
}
