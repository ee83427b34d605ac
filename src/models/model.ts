import { type ParameterSpec, type Params, Scope } from '../nn/index.ts';
import { type Dim, type Graph, GraphBuilder, tensorOf, type Value } from '../onnx/index.ts';

/** Per-channel normalisation that is part of the model, so that inputs are plain pixels in [0, 1]. */
export interface Normalization {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** How the published CIFAR-10 checkpoints were trained (ImageNet's constants). */
export const imagenetNormalization: Normalization = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

/** Mean and standard deviation of CIFAR-10's training pixels. */
export const cifarNormalization: Normalization = { mean: [0.4914, 0.4822, 0.4465], std: [0.247, 0.2435, 0.2616] };

/** A network whose parameters have names and shapes but not yet values. */
export interface Model {
  readonly name: string;
  /** Channels, height, width of one image. */
  readonly inputShape: readonly number[];
  readonly classes: number;
  readonly parameters: readonly ParameterSpec[];
  /**
   * The evaluation graph with these values: input `image` [batch, ...inputShape] of pixels in [0, 1], output `logits`
   * [batch, classes].
   */
  build(params: Params, batch: Dim): Graph;
  /** The same graph with the parameters as inputs under their names, after `image`: what training starts from. */
  trace(batch: Dim): Graph;
}

export interface ModelDefinition {
  readonly name: string;
  readonly inputShape: readonly number[];
  readonly classes: number;
  readonly normalization: Normalization;
  /** The network itself: normalised images to logits. */
  readonly body: (scope: Scope, x: Value) => Value;
}

/** Turns a definition into a model by laying it out once without values. */
export function defineModel({ name, inputShape, classes, normalization, body }: ModelDefinition): Model {
  const layOut = (batch: Dim, params?: Params) => {
    const b = new GraphBuilder(name);
    const scope = new Scope(b, params);
    const image = b.input('image', 'float32', [batch, ...inputShape]);
    const perChannel = (values: readonly number[]) => b.constant(tensorOf('float32', [1, values.length, 1, 1], values));
    const centred = b.op('Sub', [image, perChannel(normalization.mean)], {}, { name: 'normalize.mean' });
    const x = b.op('Mul', [centred, perChannel(normalization.std.map((s) => 1 / s))], {}, { name: 'normalize.std' });
    b.output('logits', body(scope, x));
    return { graph: b.build(), specs: scope.specs };
  };
  return {
    name,
    inputShape,
    classes,
    parameters: layOut(1).specs,
    build: (params, batch) => layOut(batch, params).graph,
    trace: (batch) => layOut(batch).graph,
  };
}
