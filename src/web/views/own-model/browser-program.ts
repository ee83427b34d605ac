/** Graphs on ONNX Runtime's WebAssembly, loaded with the first of them. */

import wasm from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url';
import { env, InferenceSession, Tensor } from 'onnxruntime-web/wasm';
import { type Graph, writeModel } from '../../../onnx/index.ts';

env.wasm.wasmPaths = { wasm };
// Several need a page that is isolated from all others, and the top of a spectrum does not.
env.wasm.numThreads = 1;
env.logLevel = 'fatal';

export interface Fed {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** A graph that can be run. Call `dispose` at the end. */
export class BrowserProgram {
  readonly #session: InferenceSession;

  private constructor(session: InferenceSession) {
    this.#session = session;
  }

  static async compile(graph: Graph): Promise<BrowserProgram> {
    return new BrowserProgram(await InferenceSession.create(writeModel(graph), { executionProviders: ['wasm'] }));
  }

  /** The outputs by name; only numbers are fed. */
  async run(feeds: Readonly<Record<string, Fed>>): Promise<Record<string, Fed>> {
    const tensors = Object.fromEntries(
      Object.entries(feeds).map(([name, { shape, data }]) => [name, new Tensor('float32', data, shape)]),
    );
    const outputs = await this.#session.run(tensors);
    return Object.fromEntries(
      Object.entries(outputs).map(([name, value]) => [name, { shape: value.dims, data: value.data as Float32Array }]),
    );
  }

  dispose(): Promise<void> {
    return this.#session.release();
  }
}
