import { FileError } from '../base/errors.ts';
import { printable } from '../base/printable.ts';
import type { DeclaredInput, ExternalData } from './file/decode.ts';
import { decodeModel, type ModelMessage } from './file/messages.ts';
import { FileFacts, Reader } from './file/reader.ts';
import { Rebatching } from './file/rebatch.ts';
import { type Graph, GraphError } from './graph.ts';
import type { Binding } from './passes/specialize.ts';

/** How a decoded model is read. */
export interface ReadingOptions {
  /**
   * Sizes for open dimensions (see `specialize`): by name, or one for the first dimension of every input.
   * Needed when shapes inside depend on an open dimension in a way that inference cannot follow.
   */
  readonly bind?: Binding;
  /** The outputs that are wanted; all unless told. What they do not need is not read. */
  readonly outputs?: readonly string[];
  /** Inputs of four dimensions that hold integers (pictures of 8 bits) become float32, and the casts behind them nothing. */
  readonly picturesAsFloats?: boolean;
  /**
   * A batch in place of the single example that the file was written for. Targets of Reshape and Resize that have the 1 written into them get the batch
   * where it can be followed; compare the results with those for one example before relying on it.
   */
  readonly rebatch?: number;
  /** Hears what was changed of what the file says, once each: 16-bit floats computed in float32, training mode left. */
  readonly onNote?: (note: string) => void;
}

/** How a model file is to be read: what is bound, and where its parts lie. */
export interface ReadOptions extends ReadingOptions {
  /** For messages. */
  readonly path?: string;
  /** Reads what the model keeps in other files. Such models are refused where it is left out. */
  readonly external?: ExternalData;
}

/** An ONNX file whose messages are decoded. Weights are decoded once, when a reading first needs them. */
export interface OnnxModel {
  readonly inputs: readonly DeclaredInput[];
  readonly outputs: readonly string[];
  read(options?: ReadingOptions): Graph;
}

/**
 * Decodes the bytes of an ONNX file of operator set 7 to 24; they must not change afterwards.
 *
 * Throws FileError when the bytes are no ONNX model, GraphError (in `read`, too) naming the node or tensor when they hold what
 * Ballast does not know or a kernel could not bear: branches on data, loops, unknown operators, domains and element types, weights
 * that are not numbers, shapes that do not fit, more than 2^31 elements in a tensor.
 */
export function openModel(
  bytes: Uint8Array,
  { path = 'ONNX model', external }: Pick<ReadOptions, 'path' | 'external'> = {},
): OnnxModel {
  const message = decoded(bytes, path);
  const facts = inFile(path, () => new FileFacts(message, external));
  let marked: Rebatching | undefined;
  return {
    inputs: facts.inputs,
    outputs: (facts.graph.output ?? []).map((o) => printable(o.name ?? '')),
    read: ({ bind, outputs, picturesAsFloats, rebatch, onNote } = {}) =>
      inFile(path, () => {
        const options = { bind, outputs, picturesAsFloats };
        if (rebatch !== undefined && !marked) {
          const marking = Rebatching.marking();
          new Reader(facts, { ...options, rebatching: marking }).graph();
          marked = marking;
        }
        const reader = new Reader(facts, {
          ...options,
          rebatching: rebatch === undefined ? undefined : marked?.for(rebatch),
        });
        const graph = reader.graph();
        for (const note of reader.notes) onNote?.(note);
        return graph;
      }),
  };
}

/**
 * Reads the bytes of an ONNX file: the graph is upgraded to operator set 20, functions of the model are inlined, branches whose condition is
 * known are taken, shapes are inferred and checked anew, what is known is folded (the arithmetic on shapes that exporters write)
 * and nodes that no output needs are left out. 16-bit floats become float32; batch normalization and dropout in training mode go to
 * evaluation mode. Names of inputs, outputs, nodes and weights stay, unprintable characters aside.
 *
 * ```ts
 * const graph = readModel(await readFile('model.onnx'), { path: 'model.onnx', bind: { batch: 8 } });
 * ```
 *
 * Throws what `openModel` throws.
 */
export function readModel(bytes: Uint8Array, options: ReadOptions = {}): Graph {
  return openModel(bytes, options).read(options);
}

/** Lists of a file in a message may be of any length. */
const longestMessage = 600;

function inFile<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof GraphError) {
      throw new GraphError(`${path}: ${printable(error.message, longestMessage)}`, { cause: error });
    }
    throw error;
  }
}

function decoded(bytes: Uint8Array, path: string): ModelMessage {
  let model: ModelMessage;
  try {
    model = decodeModel(bytes);
  } catch (cause) {
    throw new FileError(path, `is not an ONNX model, or cut off (${(cause as Error).message})`, { cause });
  }
  if (!model.graph || (model.irVersion ?? 0) < 1) {
    throw new FileError(path, `is not an ONNX model (${bytes.length} bytes, no graph in them)`);
  }
  if (!model.graph.output?.length) throw new FileError(path, 'the graph has no outputs; the file may be cut off');
  return model;
}
