import { grad } from '../../autodiff/index.ts';
import { RandomStream } from '../../base/random.ts';
import { crossEntropy } from '../../evaluate/index.ts';
import {
  extract,
  type Graph,
  GraphBuilder,
  staticShape,
  type TensorData,
  tensor,
  type Value,
} from '../../onnx/index.ts';
import { compile, type RuntimeOptions } from '../../runtime/index.ts';
import type { EmbeddingGrowth } from '../../schema/index.ts';
import { movedAlong, noiseDirection } from '../perturbations/index.ts';
import { activationsFrom } from '../units/activations.ts';
import type { StreamMap } from './transformer-blocks.ts';

export interface GrowthOptions {
  readonly at: number;
  /** ‖d‖ / ‖x‖ at the embeddings. */
  readonly radius: number;
  readonly steps: number;
  readonly seed: number;
  readonly runtime: RuntimeOptions;
  readonly signal?: AbortSignal | undefined;
}

const normOf = (x: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i]! ** 2;
  return Math.sqrt(sum);
};

/** Zero stays zero. */
const ofLength = (x: Float32Array, length: number): Float32Array => {
  const own = normOf(x);
  return own > 0 ? x.map((v) => (v / own) * length) : x.slice();
};

/** Mean cross-entropy of the network behind `entry` and its gradient: `entry`, `labels` -> `loss`, `entry_gradient`. */
function lossGraph(graph: Graph, entry: Value): Graph {
  const part = extract(graph, { inputs: [entry], outputs: [{ name: 'logits', value: graph.outputs[0]!.value }] });
  const b = new GraphBuilder(`${graph.name}_loss`);
  const x = b.input('entry', entry.dtype, entry.shape);
  const logits = b.inline(part, { [part.inputs[0]!.name]: x }).get(part.outputs[0]!.value)!;
  const labels = b.input('labels', 'int64', staticShape(logits).slice(0, -1));
  b.output('loss', crossEntropy(b, logits, labels, { partial: true }));
  return grad(b.build(), { wrt: ['entry'], of: 'loss' });
}

/** The same numbers at other places. */
function shuffled(x: Float32Array, key: { seed: number; index: number }): Float32Array {
  const stream = new RandomStream({ ...key, purpose: 'tokens/shuffle' });
  const out = x.slice();
  for (let i = out.length - 1; i > 0; i--) {
    const j = stream.integer(i + 1);
    [out[i], out[j]] = [out[j]!, out[i]!];
  }
  return out;
}

/**
 * What becomes of perturbations of the first state of a stream, all of one Euclidean length: one that raises the loss (projected gradient ascent in
 * the ball, steps of a quarter of its radius, the largest loss on the way counts), Gaussian noise, the first with its numbers at other places, and noise that goes as far along the loss's gradient as the first.
 * `labels`: classes by row of the logits; -1 counts in no loss.
 */
export async function embeddingGrowth(
  graph: Graph,
  blocks: readonly StreamMap[],
  state: TensorData,
  labels: readonly number[],
  { at, radius, steps, seed, runtime, signal }: GrowthOptions,
): Promise<EmbeddingGrowth> {
  const entry = blocks[0]!.from;
  const x = state.data as Float32Array;
  const length = radius * normOf(x);
  const program = await compile(lossGraph(graph, entry), runtime);
  try {
    const given = tensor(
      'int64',
      [...staticShape(graph.outputs[0]!.value).slice(0, -1)],
      BigInt64Array.from(labels, BigInt),
    );
    const lossAt = async (d: Float32Array) => {
      const moved = tensor(
        'float32',
        state.shape,
        x.map((v, i) => v + d[i]!),
      );
      const out = await program.run({ entry: moved, labels: given });
      return {
        loss: (out.loss!.data as Float32Array)[0]!,
        gradient: (out.entry_gradient!.data as Float32Array).slice(),
      };
    };
    const clean = await lossAt(new Float32Array(x.length));
    let d: Float32Array = new Float32Array(x.length);
    const random = ofLength(noiseDirection('gaussian', x.length, { seed, index: at }), length);
    // Where the loss is flat nothing raises it, and the random one stands for the worst.
    let best = { loss: (await lossAt(random)).loss, d: random };
    let { gradient } = clean;
    for (let step = 0; step < steps; step++) {
      signal?.throwIfAborted();
      if (normOf(gradient) === 0) break;
      const ascent = ofLength(gradient, length / 4);
      d = d.map((v, i) => v + ascent[i]!);
      // To the sphere: controls have the same length.
      d = ofLength(d, length);
      const reached = await lossAt(d);
      if (reached.loss > best.loss) best = { loss: reached.loss, d };
      gradient = reached.gradient;
    }
    const key = { seed, index: at };
    const kinds = {
      adversarial: best.d,
      random,
      shuffled: shuffled(best.d, key),
      directed: movedAlong(new Float32Array(x.length), noiseDirection('gaussian', x.length, key, 'directed'), {
        like: best.d,
        along: clean.gradient,
        box: null,
      }),
    };
    const places = blocks.map((b) => b.to);
    const points = [x, ...Object.values(kinds).map((k) => x.map((v, i) => v + k[i]!))];
    const states = await activationsFrom(
      graph,
      entry,
      places,
      points.map((p) => tensor('float32', state.shape, p)),
      runtime,
    );
    const followed = await Promise.all(
      Object.entries(kinds).map(async ([kind, perturbation], k) => ({
        kind: kind as keyof typeof kinds,
        loss: kind === 'adversarial' ? best.loss : (await lossAt(perturbation)).loss,
        places: [
          { name: 'embeddings', relative: radius, growth: 1 },
          ...blocks.map(({ name, to }) => {
            const [before, after] = [states[0]!, states[k + 1]!].map((s) => s.get(to)!.data as Float32Array);
            const moved = normOf(after!.map((v, i) => v - before![i]!));
            return { name, relative: moved / normOf(before!), growth: moved / length };
          }),
        ],
      })),
    );
    return { at, radius: length, loss: clean.loss, kinds: followed };
  } finally {
    await program.dispose();
  }
}
