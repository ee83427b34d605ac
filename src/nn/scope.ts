import { type GraphBuilder, GraphError, type Value } from '../onnx/index.ts';
import type { Initializer, ParameterSpec, Params } from './parameters.ts';

/**
 * What a layer is written against: a builder, and parameters asked for by name.
 * The first time a model is laid out nobody has values yet: then parameters become graph inputs and only their
 * specifications are kept (`specs`). With values they become constants of the graph.
 */
export class Scope {
  readonly b: GraphBuilder;
  readonly #specs: ParameterSpec[];
  readonly #params: Params | undefined;
  readonly #prefix: string;

  constructor(b: GraphBuilder, params?: Params, specs: ParameterSpec[] = [], prefix = '') {
    this.b = b;
    this.#params = params;
    this.#specs = specs;
    this.#prefix = prefix;
  }

  /** The same graph one level down: names get `name.` in front. */
  in(name: string): Scope {
    return new Scope(this.b, this.#params, this.#specs, `${this.#prefix}${name}.`);
  }

  /** Every parameter asked for so far, in order. */
  get specs(): readonly ParameterSpec[] {
    return this.#specs;
  }

  /** Full name of something in this scope, for nodes. */
  path(name: string): string {
    return `${this.#prefix}${name}`;
  }

  /** `alias` is a full name: see `ParameterSpec`. */
  parameter(name: string, shape: readonly number[], init: Initializer, trainable = true, alias?: string): Value {
    const full = this.#prefix + name;
    this.#specs.push({ name: full, shape, init, trainable, ...(alias === undefined ? {} : { alias }) });
    if (!this.#params) return this.b.input(full, 'float32', shape);
    const t = this.#params.get(full);
    if (!t) throw new GraphError(`parameter ${full} has no value`);
    return this.b.constant(t, full);
  }
}
