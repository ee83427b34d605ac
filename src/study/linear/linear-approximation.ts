import { grad } from '../../autodiff/index.ts';
import { UsageError } from '../../base/errors.ts';
import { ProgramsBySize } from '../../evaluate/index.ts';
import { type ParameterSpec, type Params, trainingMode } from '../../nn/index.ts';
import { type Graph, GraphBuilder, prune, sizeOf, type TensorData, tensor, type Value } from '../../onnx/index.ts';
import type { RuntimeOptions } from '../../runtime/index.ts';
import {
  concatFlat,
  type FlatLayout,
  flatLayout,
  lossGraph,
  type Objective,
  splitFlat,
  type TrainingTask,
} from '../../train/index.ts';

/** A network at fixed parameters and a batch of its training data, as a step of SGD would take it. */
export interface LinearApproximationRequest {
  readonly task: Pick<TrainingTask, 'objective' | 'batch'>;
  readonly parameters: readonly ParameterSpec[];
  /** Of all parameters, float32. */
  readonly values: Params;
  /** The batch: `batchSize` examples from `position` of the task's stream on. */
  readonly position: number;
  readonly batchSize: number;
  /** Examples a call of the graph; batch normalization takes its statistics from them, as in training. */
  readonly microBatch: number;
  /** Step sizes to try. For momentum m the lasting one is rate / (1 - m). */
  readonly rates: readonly number[];
  readonly runtime?: RuntimeOptions;
  readonly signal?: AbortSignal;
}

export interface LinearApproximationPoint {
  readonly rate: number;
  /** rate |g|²: what the gradient promises that the loss falls by. */
  readonly predicted: number;
  /** L(w) - L(w - rate g), on the same batch. */
  readonly measured: number;
  /** |measured - predicted| / predicted: 0 where the loss is linear along the step; above 1 the step climbs, or gains more than twice what was promised. */
  readonly error: number;
  /** |measured - predicted| itself, in units of the loss: the paper's |L - L̂|. */
  readonly absolute: number;
}

export interface LinearApproximation {
  readonly loss: number;
  readonly gradSquare: number;
  readonly points: readonly LinearApproximationPoint[];
}

/**
 * How far a step of plain gradient descent leaves the region where the loss is linear. The paper (arXiv 1811.12941) finds that this error of
 * the linearly scaled rate exceeds 1 at the batch size where the rule breaks; its error is |L - L̂| (`absolute`), and the one relative to the
 * promised gain (`error`) is ours. Loss and gradient are those of training on the whole batch (sums over micro-batches in float64), without dropout;
 * what a recurrent network carries starts at zero.
 */
export async function linearApproximation(request: LinearApproximationRequest): Promise<LinearApproximation> {
  const { task, parameters, rates, runtime = {} } = request;
  const wrong = rates.find((r) => !(r > 0 && Number.isFinite(r)));
  if (wrong !== undefined) throw new UsageError(`linear approximation: expected positive rates, got ${wrong}`);
  const layout = flatLayout(parameters.filter((p) => p.trainable));
  const gradients = new ProgramsBySize((size) => gradientAt(task.objective(size), layout), runtime);
  const losses = new ProgramsBySize((size) => lossAlong(task.objective(size), layout), runtime);
  try {
    const sum = new Float64Array(layout.length);
    const { targets } = await meanOver(request, gradients, {}, ({ gradient }, weight) => {
      const own = gradient!.data as Float32Array;
      for (let i = 0; i < sum.length; i++) sum[i]! += weight * own[i]!;
    });
    const direction = Float32Array.from(sum, (g) => g / targets);
    const gradSquare = direction.reduce((square, g) => square + g * g, 0);
    // The same graph at rate 0, so that nothing but the step is in the difference.
    const lossAt = async (rate: number) => {
      const step = {
        direction: tensor('float32', [layout.length], direction),
        rate: tensor('float32', [], Float32Array.of(rate)),
      };
      return (await meanOver(request, losses, step)).loss;
    };
    const loss = await lossAt(0);
    const points: LinearApproximationPoint[] = [];
    for (const rate of rates) {
      const predicted = rate * gradSquare;
      const measured = loss - (await lossAt(rate));
      const absolute = Math.abs(measured - predicted);
      points.push({ rate, predicted, measured, error: absolute / predicted, absolute });
    }
    return { loss, gradSquare, points };
  } finally {
    await gradients.dispose();
    await losses.dispose();
  }
}

/** The mean loss over the batch, and the number of its targets; `add` gets the outputs of each micro-batch with its own number. */
async function meanOver(
  { task, values, position, batchSize, microBatch, signal }: LinearApproximationRequest,
  programs: ProgramsBySize,
  feeds: Readonly<Record<string, TensorData>>,
  add: (outputs: Readonly<Record<string, TensorData>>, targets: number) => void = () => undefined,
): Promise<{ readonly loss: number; readonly targets: number }> {
  let [sum, targets] = [0, 0];
  for (let first = 0; first < batchSize; first += microBatch) {
    signal?.throwIfAborted();
    const size = Math.min(microBatch, batchSize - first);
    const batch = task.batch(position + first, size);
    const fixed = fixedInputs(task.objective(size), values);
    const outputs = await (await programs.of(size)).run({ ...fixed, ...batch.inputs, ...feeds });
    sum += Number(outputs.loss!.data[0]) * batch.targets;
    targets += batch.targets;
    add(outputs, batch.targets);
  }
  return { loss: sum / targets, targets };
}

/** The inputs that are not data: parameters, dropout masks of ones, a state of zeros. ONNX Runtime may write over running statistics, so they are copies. */
function fixedInputs({ graph, carry }: Objective, values: Params): Record<string, TensorData> {
  const feeds: Record<string, TensorData> = {};
  const constant = (name: string, shape: readonly number[], value: number) => {
    feeds[name] = tensor('float32', shape, new Float32Array(sizeOf(shape)).fill(value));
  };
  for (const { name, shape } of graph.inputs) {
    const known = values.get(name);
    if (known) feeds[name] = tensor('float32', known.shape, Float32Array.from(known.data as Float32Array));
    else if (name === carry?.input) constant(name, shape as readonly number[], 0);
  }
  for (const { name, shape } of trainingMode(graph).masks) constant(name, shape, 1);
  return feeds;
}

const trainingLoss = ({ graph, loss }: Objective): Graph => lossGraph({ graph: trainingMode(graph).graph, loss });

function gradientAt(objective: Objective, layout: FlatLayout): Graph {
  const names = layout.entries.map((e) => e.name);
  const graph = grad(trainingLoss(objective), { wrt: names, of: 'loss' });
  const b = new GraphBuilder(`${objective.graph.name}_gradient`);
  const copies = b.inline(
    graph,
    Object.fromEntries(graph.inputs.map((v) => [v.name, b.input(v.name, v.dtype, v.shape)])),
  );
  const outputs = new Map(graph.outputs.map((o) => [o.name, copies.get(o.value)!]));
  b.output('loss', outputs.get('loss')!);
  b.output(
    'gradient',
    concatFlat(
      b,
      names.map((name) => outputs.get(`${name}_gradient`)!),
    ),
  );
  return prune(b.build());
}

/** The loss at w - rate * direction. */
function lossAlong(objective: Objective, layout: FlatLayout): Graph {
  const graph = trainingLoss(objective);
  const b = new GraphBuilder(`${objective.graph.name}_along`);
  const direction = b.input('direction', 'float32', [layout.length]);
  const parts = splitFlat(b, layout, b.mul(direction, b.input('rate', 'float32', [])));
  const moved = new Map<string, Value>(layout.entries.map(({ name }, i) => [name, parts[i]!]));
  const inputs = Object.fromEntries(
    graph.inputs.map((v) => {
      const input = b.input(v.name, v.dtype, v.shape);
      const step = moved.get(v.name);
      return [v.name, step ? b.sub(input, step) : input];
    }),
  );
  const copies = b.inline(graph, inputs);
  b.output('loss', copies.get(graph.outputs.find((o) => o.name === 'loss')!.value)!);
  return prune(b.build());
}
