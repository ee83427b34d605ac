import { grad } from '../../autodiff/index.ts';
import { UsageError } from '../../base/errors.ts';
import { ProgramsBySize, surprise } from '../../evaluate/index.ts';
import type { Network } from '../../models/index.ts';
import {
  extract,
  foldBatchNorm,
  type Graph,
  GraphBuilder,
  staticShape,
  type TensorData,
  tensor,
  type Value,
} from '../../onnx/index.ts';
import { compile, type RuntimeOptions } from '../../runtime/index.ts';
import { findUnits, unitIndex } from '../units/units.ts';
import { type Box, pixelBox } from './geometry.ts';

/**
 * What is differentiated, one number an example.
 * - `crossEntropy`: -log softmax(z)[label]
 * - `margin`: the largest logit of the other classes less the label's; positive where the network does not answer the label
 * - `linear`: Σ weight z, weights given for each example
 */
export type AttackLoss = 'crossEntropy' | 'margin' | 'linear';

export interface LossGradient {
  /** [count, classes] */
  readonly logits: Float32Array;
  /** [count] */
  readonly losses: Float32Array;
  /** Of each example's own loss with respect to where the perturbation enters, [count, size]. */
  readonly gradients: Float32Array;
}

export interface EntryOptions {
  /** Name of the unit at whose input a perturbation enters; the image unless told. */
  readonly entry?: string | undefined;
  /** Examples a call; 100 unless told. */
  readonly batch?: number | undefined;
  readonly runtime?: RuntimeOptions | undefined;
}

/** The part of a network behind the place where perturbations enter, and its one input. */
export function partFrom(network: Network, batch: number, entry: string | undefined): Graph {
  const graph = network.graph(batch);
  if (entry === undefined) return graph;
  const units = findUnits(graph);
  const unit = units[unitIndex(units, entry, 'layer')]!;
  return extract(graph, { inputs: [unit.input], outputs: graph.outputs });
}

/** Losses and logits of examples `x`, and the gradients of each example's own loss at `at`: values of the part, or its input. */
function lossGraph(part: Graph, loss: AttackLoss, at: readonly Value[] = part.inputs): Graph {
  const b = new GraphBuilder(`${part.name}_${loss}`);
  const own = part.inputs[0]!;
  const x = b.input('x', own.dtype, own.shape);
  const copies = b.inline(part, { [own.name]: x });
  const logits = copies.get(part.outputs[0]!.value)!;
  const [count, classes] = staticShape(logits) as [number, number];
  let losses = logits;
  if (loss === 'linear') {
    losses = b.reduceSum(b.mul(logits, b.input('weights', 'float32', [count, classes])), [1], false);
  } else {
    const labels = b.input('labels', 'int64', [count]);
    if (loss === 'crossEntropy') losses = surprise(b, logits, labels);
    else {
      const column = b.reshape(labels, [count, 1]);
      const numbers = b.reshape(b.integers([...Array(classes).keys()]), [1, classes]);
      // Far below any logit, so that the label is never the largest of the others.
      const away = b.scale(b.cast(b.op('Equal', [column, numbers]), 'float32'), -1e9);
      const others = b.op('ReduceMax', [b.add(logits, away), b.integers([1])], { keepdims: 1 });
      losses = b.reshape(b.sub(others, b.op('GatherElements', [logits, column], { axis: 1 })), [count]);
    }
  }
  b.output('total', b.reduceSum(losses, [0], false));
  b.output('losses', losses);
  b.output('logits', logits);
  return grad(b.build(), { wrt: at.map((v) => copies.get(v)!), of: 'total', keep: ['losses', 'logits'] });
}

/**
 * Gradients of the margin of each example at `values` inside of a network, each with respect to that value: what `answers` names less the largest other logit, but
 * for the sign. `images`: as many as `graph` is laid out for.
 */
export async function marginGradients(
  graph: Graph,
  values: readonly Value[],
  images: TensorData,
  { answers, runtime = {} }: { readonly answers: readonly number[]; readonly runtime?: RuntimeOptions | undefined },
): Promise<Map<Value, Float32Array>> {
  const wanted = [...new Set(values)];
  const program = await compile(lossGraph(graph, 'margin', wanted), runtime);
  try {
    const labels = tensor('int64', [answers.length], BigInt64Array.from(answers, BigInt));
    const found = await program.run({ x: images, labels });
    // The total, then the gradients in the order of the values.
    return new Map(wanted.map((v, i) => [v, found[program.outputs[1 + i]!]!.data as Float32Array]));
  } finally {
    await program.dispose();
  }
}

/**
 * A classifier from the place where perturbations enter to its logits, with gradients of losses of its answer. Batch normalization is in
 * evaluation mode and normalization of pixels is part of it, so that radii are in pixel units.
 */
export class DifferentiableClassifier {
  readonly name: string;
  readonly classes: number;
  /** Of one example where perturbations enter. */
  readonly shape: readonly number[];
  /** Elements of one example. */
  readonly size: number;
  readonly box: Box | null;
  /** Gradients computed so far, one an example. */
  gradientCount = 0;
  readonly #batch: number;
  readonly #forward: ProgramsBySize;
  readonly #losses: Record<AttackLoss, ProgramsBySize>;

  constructor(network: Network, { entry, batch = 100, runtime = {} }: EntryOptions = {}) {
    if (network.task !== 'classification')
      throw new UsageError(`${network.name} is for ${network.task}; attacks need a network for classification`);
    const part = partFrom(network, 1, entry);
    this.name = network.name;
    this.classes = network.classes;
    this.shape = staticShape(part.inputs[0]!).slice(1);
    this.size = this.shape.reduce((n, d) => n * d, 1);
    this.box = entry === undefined ? pixelBox : null;
    this.#batch = Math.min(batch, network.largestBatch ?? batch);
    // Forward and gradient programs take turns: pools that spin between calls would slow each other down.
    const own = { spinning: false, ...runtime };
    const folded = (size: number) => foldBatchNorm(partFrom(network, size, entry));
    this.#forward = new ProgramsBySize((size) => partFrom(network, size, entry), own);
    const programs = (loss: AttackLoss) => new ProgramsBySize((size) => lossGraph(folded(size), loss), own);
    this.#losses = {
      crossEntropy: programs('crossEntropy'),
      margin: programs('margin'),
      linear: programs('linear'),
    };
  }

  /** Calls `visit` with consecutive pieces of at most one batch; all but a last one have the same size. */
  async #pieces(count: number, visit: (first: number, size: number) => Promise<void>): Promise<void> {
    // Equal pieces: 200 examples at a batch of 128 run as two hundreds, on one program.
    const size = Math.ceil(count / Math.max(1, Math.ceil(count / this.#batch)));
    for (let first = 0; first < count; first += size) await visit(first, Math.min(size, count - first));
  }

  /** [count, classes] of `count` examples. */
  async logits(x: Float32Array, count = x.length / this.size): Promise<Float32Array> {
    const out = new Float32Array(count * this.classes);
    await this.#pieces(count, async (first, size) => {
      const program = await this.#forward.of(size);
      const own = tensor('float32', [size, ...this.shape], x.subarray(first * this.size, (first + size) * this.size));
      const found = await program.run({ [program.inputs[0]!.name]: own });
      out.set(found.logits!.data as Float32Array, first * this.classes);
    });
    return out;
  }

  /** `about`: a label for each example, or for `linear` weights [count, classes]. */
  async gradient(loss: AttackLoss, x: Float32Array, about: Int32Array | Float32Array): Promise<LossGradient> {
    const count = x.length / this.size;
    const [logits, losses] = [new Float32Array(count * this.classes), new Float32Array(count)];
    const gradients = new Float32Array(x.length);
    await this.#pieces(count, async (first, size) => {
      const program = await this.#losses[loss].of(size);
      const own = tensor('float32', [size, ...this.shape], x.subarray(first * this.size, (first + size) * this.size));
      const given =
        loss === 'linear'
          ? {
              weights: tensor(
                'float32',
                [size, this.classes],
                Float32Array.from(about.subarray(first * this.classes, (first + size) * this.classes)),
              ),
            }
          : { labels: tensor('int64', [size], BigInt64Array.from(about.subarray(first, first + size), BigInt)) };
      const found = await program.run({ x: own, ...given });
      logits.set(found.logits!.data as Float32Array, first * this.classes);
      losses.set(found.losses!.data as Float32Array, first);
      gradients.set(found.x_gradient!.data as Float32Array, first * this.size);
    });
    this.gradientCount += count;
    return { logits, losses, gradients };
  }

  async dispose(): Promise<void> {
    for (const programs of [this.#forward, ...Object.values(this.#losses)]) await programs.dispose();
  }
}
