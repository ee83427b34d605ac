import { UsageError } from '../../base/errors.ts';
import { type Params, Scope } from '../../nn/index.ts';
import { type Dim, type Graph, GraphBuilder, type Value } from '../../onnx/index.ts';
import type { Model } from '../model.ts';

/** A language model: its vocabulary, its lengths, and what lies between tokens and logits. */
export interface LanguageModelDefinition {
  readonly name: string;
  readonly vocabulary: number;
  /** Tokens of a sequence unless `build` or `trace` is told. */
  readonly length: number;
  /** More tokens than this cannot be laid out. */
  readonly longest?: number;
  /** Width of the state of a recurrent model. */
  readonly state?: number;
  /** int64 tokens [N, T] and the state [N, state] to logits [N * T, vocabulary] and the next state. */
  readonly body: (scope: Scope, tokens: Value, state: Value | null) => { logits: Value; state?: Value };
}

/** Turns a definition into a model by laying it out once without values. */
export function defineLanguageModel(definition: LanguageModelDefinition): Model {
  const { name, vocabulary, state: width, longest = Number.POSITIVE_INFINITY } = definition;
  const layOut = (batch: Dim, length = definition.length, params?: Params): { graph: Graph; scope: Scope } => {
    if (typeof batch !== 'number') throw new UsageError(`${name}: the batch size must be a number, got "${batch}"`);
    if (!Number.isInteger(length) || length < 1 || length > longest)
      throw new UsageError(`${name}: sequences must have 1 to ${longest} tokens, got ${length}`);
    const b = new GraphBuilder(name);
    const scope = new Scope(b, params);
    const tokens = b.input('tokens', 'int64', [batch, length]);
    const state = width === undefined ? null : b.input('state', 'float32', [batch, width]);
    const made = definition.body(scope, tokens, state);
    b.output('logits', b.reshape(made.logits, [batch, length, vocabulary]));
    if (made.state) b.output('state_out', made.state);
    return { graph: b.build(), scope };
  };
  return {
    name,
    task: 'language',
    inputShape: [definition.length],
    classes: vocabulary,
    ...(width === undefined ? {} : { state: width }),
    parameters: layOut(1, 1).scope.specs,
    build: (params, batch, length) => layOut(batch, length, params).graph,
    trace: (batch, length) => layOut(batch, length).graph,
  };
}
