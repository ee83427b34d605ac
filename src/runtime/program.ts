import type { InferenceSession } from 'onnxruntime-node';
import { BallastError } from '../base/errors.ts';
import { type Graph, type TensorData, type Value, writeModel } from '../onnx/index.ts';
import { type EmissionName, emit } from './emission.ts';
import { checkCall, fromRuntime, type Tensors, toRuntime } from './feeds.ts';
import { peakBytes, requireMemory } from './memory.ts';
import type { RuntimeOptions } from './options.ts';
import { runtimeError } from './runtime-error.ts';
import { createSession } from './session.ts';

/**
 * A graph compiled for a device.
 *
 * `run` checks the feeds against the graph (UsageError) and returns the outputs by name. A tensor in `into` receives the
 * output of its name in place; it may be the very tensor that is fed as an input. Calls on one program, or on several,
 * run one after another, in the order in which they were made. While a call computes, ONNX Runtime's Node binding holds the
 * JavaScript thread: a progress bar or a server moves between calls only.
 */
export interface Program {
  readonly inputs: readonly Value[];
  readonly outputs: readonly string[];
  readonly emission: EmissionName;
  run(feeds: Tensors, into?: Tensors): Promise<Record<string, TensorData>>;
  dispose(): Promise<void>;
}

/**
 * Compiles `graph`. Throws UsageError when the device is not there, BallastError when ONNX Runtime refuses the graph, or when by estimate a call of it will
 * not fit into what this machine has free.
 */
export async function compile(graph: Graph, options: RuntimeOptions = {}): Promise<Program> {
  // What a graphics card has free is not known here.
  if ((options.device ?? 'cpu') === 'cpu')
    requireMemory(peakBytes(graph), `a call of ${graph.name}`, 'take smaller batches or images');
  const emitted = await emit(graph, options);
  const exact = graph.nodes.some((n) => n.outputs.some((v) => v.dtype === 'float64'));
  const session = await createSession(writeModel(emitted.graph), options, emitted.optimization, {
    name: graph.name,
    exact,
  });
  return new SessionProgram(graph, session, emitted.emission);
}

class SessionProgram implements Program {
  readonly inputs: readonly Value[];
  readonly outputs: readonly string[];
  readonly emission: EmissionName;
  readonly #graph: Graph;
  readonly #session: InferenceSession;
  #running: Promise<unknown> = Promise.resolve();
  #disposed = false;

  constructor(graph: Graph, session: InferenceSession, emission: EmissionName) {
    this.emission = emission;
    this.#graph = graph;
    this.#session = session;
    this.inputs = graph.inputs;
    this.outputs = graph.outputs.map((o) => o.name);
  }

  async run(feeds: Tensors, into: Tensors = {}): Promise<Record<string, TensorData>> {
    if (this.#disposed) throw new BallastError(`${this.#graph.name}: the program was disposed of`);
    checkCall(this.#graph, feeds, into);
    const inputs = Object.fromEntries(this.inputs.map((v) => [v.name, toRuntime(feeds[v.name]!)]));
    const fetches = Object.fromEntries(
      this.outputs.map((name) => [name, into[name] === undefined ? null : toRuntime(into[name])]),
    );
    const result = this.#running
      .then(() => this.#session.run(inputs, fetches))
      .catch((cause) => {
        throw runtimeError(this.#graph.name, 'run', cause);
      });
    this.#running = result.catch(() => undefined);
    const outputs = await result;
    return Object.fromEntries(this.outputs.map((name) => [name, into[name] ?? fromRuntime(name, outputs[name]!)]));
  }

  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    await this.#running;
    await this.#session.release();
  }
}
