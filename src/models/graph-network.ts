import { type Dim, describeShape, type Graph, GraphError, specialize, type Value } from '../onnx/index.ts';
import { headOf, noteOfHead } from './foreign/classifier-head.ts';
import { nonFiniteConstant } from './foreign/finite-constants.ts';
import { repeated, withImageInterface } from './foreign/image-interface.ts';
import type { Network } from './network.ts';
import { applied, forChannels, normalizationNamed } from './normalization.ts';

/** What a graph does not say of itself. */
export interface GraphNetworkOptions {
  /** What tables and pages call the network; the graph's own name unless told. */
  readonly name?: string;
  /** Where its weights come from, for tables and pages. */
  readonly weights?: string;
  /** `classification` unless told. */
  readonly task?: 'classification' | 'segmentation';
  /** What is to be done to pixels from 0 to 1 in front of the graph: what `normalizationNamed` takes; nothing unless told. */
  readonly normalize?: string;
  /** Names of the classes in the order of the outputs. */
  readonly classNames?: readonly string[];
}

/**
 * Makes a network of a graph with its weights as constants, so that it can be measured and evaluated like any other:
 *
 * ```ts
 * import { GraphBuilder, networkFromGraph, type TensorData } from 'ballast';
 *
 * declare const weight: TensorData; // [2, 3, 8, 8]
 * const b = new GraphBuilder('edges');
 * const image = b.input('image', 'float32', ['N', 3, 8, 8]);
 * b.output('logits', b.op('Conv', [image, b.constant(weight)])); // [N, 2, 1, 1]
 * const network = networkFromGraph(b.build());
 * ```
 *
 * The graph has one input, images as float32 [N, C, H, W], where N is open (a name) or 1 (then images go through it one by one), and one output with finite
 * weights behind it: scores [N, classes], or [N, classes, H, W] for segmentation. A Softmax at the end is taken off, and noted. Throws GraphError for
 * another graph, and UsageError for a normalization that is not known or does not fit.
 */
export function networkFromGraph(graph: Graph, options: GraphNetworkOptions = {}): Network {
  const { name = graph.name, weights = 'those of the graph', task = 'classification', normalize, classNames } = options;
  const input = imagesOf(graph, name);
  const normalization = normalizationNamed(normalize ?? 'none') ?? normalizationNamed('none')!;
  const problem = nonFiniteConstant(graph);
  if (problem !== undefined) throw new GraphError(`${name}: ${problem}`);
  const [batch, channels] = input.shape as readonly [Dim, number];
  const { note, classes } = scoresOf(graph, task, name);
  if (classNames && classNames.length !== classes)
    throw new GraphError(`${name}: has ${classes} classes, but ${classNames.length} names of classes were given`);
  const fitted = forChannels(normalization, channels, name);
  const faced = (size: Dim): Graph => {
    const own = batch === size ? graph : specialize(graph, size);
    const { logits } = scoresOf(own, task, name);
    return withImageInterface(own, {
      what: name,
      logits,
      classes,
      flat: task === 'classification',
      normalization: fitted,
    });
  };
  const graphs = new Map<Dim, Graph>([[1, faced(1)]]);
  const sized = (size: Dim): Graph => {
    if (batch !== 1) return faced(size);
    if (typeof size !== 'number')
      throw new GraphError(`${name} is for one image at a time, not for an open batch; name its batch to open it`);
    return repeated(graphs.get(1)!, size);
  };
  return {
    ...applied(fitted, normalize, undefined),
    ...{ name, weights, task, inputShape: input.shape.slice(1) as number[], classes },
    ...(classNames && { classNames }),
    ...(note !== undefined && { notes: [note] }),
    ...(batch === 1 && { largestBatch: 1 }),
    graph(size) {
      const made = graphs.get(size) ?? sized(size);
      graphs.set(size, made);
      return made;
    },
  };
}

/** The input for images. */
function imagesOf(graph: Graph, name: string): Value {
  const [input, ...more] = graph.inputs;
  const found = graph.inputs.map((v) => `${v.name} ${describeShape(v)}`).join(', ') || 'none';
  const expected = `${name}: expected one input for images, float32 [N, channels, height, width], got ${found}`;
  if (!input || more.length > 0 || input.dtype !== 'float32' || input.shape.length !== 4)
    throw new GraphError(expected);
  const [batch, ...sizes] = input.shape;
  if (sizes.some((d) => typeof d === 'string'))
    throw new GraphError(`${expected}; bind its sizes with \`specialize\`: only the batch may be open`);
  if (typeof batch === 'number' && batch !== 1)
    throw new GraphError(`${expected}; the batch must be open (a name) or 1, not ${batch}`);
  return input;
}

interface Scores {
  readonly logits: Value;
  readonly classes: number;
  readonly note?: string;
}

/** The output with the scores. */
function scoresOf(graph: Graph, task: 'classification' | 'segmentation', name: string): Scores {
  const [output, ...more] = graph.outputs;
  const found = graph.outputs.map((o) => `${o.name} ${describeShape(o.value)}`).join(', ') || 'none';
  const form = task === 'classification' ? '[N, classes]' : '[N, classes, height, width]';
  const misfit = new GraphError(`${name}: expected one output ${form} for ${task}, got ${found}`);
  if (!output || more.length > 0) throw misfit;
  if (task === 'segmentation') {
    const classes = output.value.shape[1];
    if (output.value.shape.length !== 4 || typeof classes !== 'number') throw misfit;
    return { logits: output.value, classes };
  }
  const head = headOf(graph, output.value);
  if (!head) throw misfit;
  const { logits, classes, removed } = head;
  return { logits, classes, ...(removed && { note: noteOfHead(head) }) };
}
