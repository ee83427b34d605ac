import { type ParameterSpec, type Params, Scope } from '../nn/index.ts';
import { type Dim, type Graph, GraphBuilder, tensorOf, type Value } from '../onnx/index.ts';
import { defaultNormalization, forChannels, type Normalization } from './normalization.ts';

export type { Normalization };

/**
 * What a model answers, and with it the graph's interface.
 * - classification: `image` [N, C, H, W] of pixels in [0, 1] -> `logits` [N, classes]
 * - segmentation: `image` -> `logits` [N, classes, H, W]
 * - language: `tokens` int64 [N, T] and, for a recurrent model, `state` [N, state] -> `logits` [N, T, classes], the next
 *   token's at each position, and `state_out` [N, state]. Here N must be a number.
 */
export type Task = 'classification' | 'segmentation' | 'language';

/** A network whose parameters have names and shapes but not yet values. */
export interface Model {
  readonly name: string;
  readonly task: Task;
  /** Channels, height, width of one image; for language the number of tokens of a sequence, unless `build` is told. */
  readonly inputShape: readonly number[];
  /** Number of classes; for language the size of the vocabulary. */
  readonly classes: number;
  /** Values that a recurrent model carries from one piece of a sequence to the next; 0 at its beginning. */
  readonly state?: number;
  readonly parameters: readonly ParameterSpec[];
  /** Of images, a value a channel. */
  readonly normalization?: Normalization;
  /** The evaluation graph with these values: see `Task`. `length`: tokens of a sequence, for language. */
  build(params: Params, batch: Dim, length?: number): Graph;
  /** The same graph with the parameters as inputs under their names, after the data: what training starts from. */
  trace(batch: Dim, length?: number): Graph;
}

/** An image model: its shapes, its normalization, and what lies between them and the logits. */
export interface ModelDefinition {
  readonly name: string;
  /** `classification` unless told. */
  readonly task?: 'classification' | 'segmentation';
  readonly inputShape: readonly number[];
  readonly classes: number;
  /** `defaultNormalization` unless told. */
  readonly normalization?: Normalization | undefined;
  /** The network itself: normalized images to logits. */
  readonly body: (scope: Scope, x: Value) => Value;
}

/** Turns a definition of an image model into a model by laying it out once without values. */
export function defineModel({
  name,
  task = 'classification',
  inputShape,
  classes,
  body,
  ...rest
}: ModelDefinition): Model {
  const channels = inputShape[0]!;
  const normalization = forChannels(rest.normalization ?? defaultNormalization(channels), channels, name);
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
    task,
    inputShape,
    classes,
    normalization,
    parameters: layOut(1).specs,
    build: (params, batch) => layOut(batch, params).graph,
    trace: (batch) => layOut(batch).graph,
  };
}
