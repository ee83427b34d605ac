import { grad } from '../autodiff/index.ts';
import { type BatchStatistics, type DropoutMask, trainingMode } from '../nn/index.ts';
import { type Graph, GraphBuilder, prune, tensorOf, type Value } from '../onnx/index.ts';
import { clipped } from './clip.ts';
import { concatFlat, type FlatLayout, splitFlat } from './flat.ts';

/** What a step computes before the optimizer: the model, and the loss of its output. */
export interface Objective {
  /** The network with its parameters as inputs, of static shape. */
  readonly graph: Graph;
  /** Further inputs of the loss (labels), and the loss itself from the network's outputs by name: a scalar. */
  readonly loss: (b: GraphBuilder, outputs: ReadonlyMap<string, Value>) => Value;
  /** What one step hands to the next, such as the state of a recurrent network; no gradient passes from step to step. */
  readonly carry?: Carry;
}

export interface Carry {
  /** The network's input [batch, width] and its output of the same shape. */
  readonly input: string;
  readonly output: string;
  readonly width: number;
}

export interface GradientGraph {
  /**
   * Inputs: the network's and the loss's own, dropout masks, then the parameters by name. Outputs: `loss`, `${name}_gradient` for each
   * trained parameter, the batch statistics, and what is carried on.
   */
  readonly graph: Graph;
  readonly statistics: readonly BatchStatistics[];
  readonly masks: readonly DropoutMask[];
  readonly carry?: Carry;
}

/** A network with its loss as one graph: outputs `loss` and, of the network's own, those of `keep`. */
export function lossGraph({ graph, loss }: Objective, keep: readonly string[] = []): Graph {
  const b = new GraphBuilder(`${graph.name}_loss`);
  const inputs = Object.fromEntries(graph.inputs.map((v) => [v.name, b.input(v.name, v.dtype, v.shape)]));
  const copies = b.inline(graph, inputs);
  const outputs = new Map(graph.outputs.map((o) => [o.name, copies.get(o.value)!]));
  b.output('loss', loss(b, outputs));
  for (const name of keep) b.output(name, outputs.get(name)!);
  return b.build();
}

/** Loss and gradient in training mode. */
export function gradientGraph({ graph, loss, carry }: Objective, trained: readonly string[]): GradientGraph {
  const { graph: training, statistics, masks } = trainingMode(graph);
  const keep = [...statistics.flatMap(({ batch }) => [batch.mean, batch.variance]), ...(carry ? [carry.output] : [])];
  const gradient = grad(lossGraph({ graph: training, loss }, keep), { wrt: trained, of: 'loss', keep });
  return { graph: gradient, statistics, masks, ...(carry ? { carry } : {}) };
}

/** How parameters are updated, on flat vectors. */
export interface UpdateRule {
  /** State vectors beside the parameters, of the same length, zero at first. */
  readonly slots: readonly string[];
  /** Numbers that change from step to step, such as the learning rate. */
  readonly scalars: readonly string[];
  apply(b: GraphBuilder, state: UpdateState): Pick<UpdateState, 'parameters' | 'slots'>;
}

export interface UpdateState {
  readonly layout: FlatLayout;
  readonly parameters: Value;
  readonly gradient: Value;
  readonly slots: Readonly<Record<string, Value>>;
  readonly scalars: Readonly<Record<string, Value>>;
}

/** Where everything lies that a step reads and writes. */
export interface StepLayout {
  /** Trained parameters. */
  readonly trained: FlatLayout;
  /** Running statistics of batch normalization. */
  readonly running: FlatLayout;
}

/** PyTorch's: the share of the new batch in a running statistic. */
const runningShare = 0.1;

/**
 * One training step as one graph: forward, loss, backward, update.
 *
 * Inputs: those of the network and its loss, `parameters`, `running`, the slots, the scalars. Outputs: `loss`, `gradSquare` (squared
 * norm of the gradient before it is clipped to `clipNorm`), and the new `parameters`, `running` and slots, under `next.NAME`.
 */
export function stepGraph(gradient: GradientGraph, layout: StepLayout, rule: UpdateRule, clipNorm?: number): Graph {
  const b = new GraphBuilder(`${gradient.graph.name}_step`);
  const { loss, flat, running, carried } = forwardBackward(b, gradient, layout);
  const updated = update(b, { layout: layout.trained, rule, clipNorm }, flat.parameters, flat.gradient);
  b.output('loss', loss);
  b.output('gradSquare', updated.gradSquare);
  b.output('next.parameters', updated.parameters);
  if (running) b.output('next.running', running);
  if (carried) b.output('next.carry', carried);
  for (const [name, value] of Object.entries(updated.slots)) b.output(`next.${name}`, value);
  return prune(b.build());
}

/**
 * For batches beyond memory: the loss and gradient of one micro-batch added, times `weight`, to those before it. With the number of its
 * targets as weight, the sums over the number of all targets are those of the whole batch. Inputs: as of `stepGraph` without slots and
 * scalars, and `weight`, `gradient`, `lossSum`. Outputs: `microSquare` (squared norm of this micro-batch's own gradient),
 * `next.gradient`, `next.lossSum`, `next.running`, `next.carry`.
 */
export function accumulateGraph(gradient: GradientGraph, layout: StepLayout): Graph {
  const b = new GraphBuilder(`${gradient.graph.name}_accumulate`);
  const { loss, flat, running, carried } = forwardBackward(b, gradient, layout);
  const weight = b.input('weight', 'float32', []);
  const sum = b.input('gradient', 'float32', [layout.trained.length]);
  const lossSum = b.input('lossSum', 'float32', []);
  b.output('microSquare', squaredNorm(b, flat.gradient));
  b.output('next.gradient', b.add(sum, b.mul(flat.gradient, weight)));
  b.output('next.lossSum', b.add(lossSum, b.mul(loss, weight)));
  if (running) b.output('next.running', running);
  if (carried) b.output('next.carry', carried);
  return prune(b.build());
}

/**
 * The update from an accumulated gradient. Inputs: `gradient` and the `share` that it is multiplied by, `parameters`, slots, scalars.
 * Outputs: `gradSquare`, `next.parameters`, slots.
 */
export function applyGraph(layout: StepLayout, rule: UpdateRule, clipNorm?: number): Graph {
  const b = new GraphBuilder('apply');
  const size = [layout.trained.length];
  const gradient = b.mul(b.input('gradient', 'float32', size), b.input('share', 'float32', []));
  const updated = update(
    b,
    { layout: layout.trained, rule, clipNorm },
    b.input('parameters', 'float32', size),
    gradient,
  );
  b.output('gradSquare', updated.gradSquare);
  b.output('next.parameters', updated.parameters);
  for (const [name, value] of Object.entries(updated.slots)) b.output(`next.${name}`, value);
  return b.build();
}

function squaredNorm(b: GraphBuilder, flat: Value): Value {
  return b.op('ReduceSumSquare', [flat, b.integers([0])], { keepdims: 0 });
}

interface Update {
  readonly layout: FlatLayout;
  readonly rule: UpdateRule;
  readonly clipNorm: number | undefined;
}

function update(b: GraphBuilder, { layout, rule, clipNorm }: Update, parameters: Value, gradient: Value) {
  const inputs = (names: readonly string[], shape: readonly number[]) =>
    Object.fromEntries(names.map((name) => [name, b.input(name, 'float32', shape)]));
  const slots = inputs(rule.slots, [layout.length]);
  const scalars = inputs(rule.scalars, []);
  const gradSquare = squaredNorm(b, gradient);
  const bounded = clipNorm === undefined ? gradient : clipped(b, gradient, gradSquare, clipNorm);
  const next = rule.apply(b, { layout, parameters, gradient: bounded, slots, scalars });
  return { ...next, gradSquare };
}

/** Loss, flat gradient, new running statistics and what is carried on of one batch. */
function forwardBackward(b: GraphBuilder, { graph, statistics, carry }: GradientGraph, layout: StepLayout) {
  const { trained, running } = layout;
  const parameters = b.input('parameters', 'float32', [trained.length]);
  const bindings: Record<string, Value> = {};
  splitFlat(b, trained, parameters).forEach((v, i) => {
    bindings[trained.entries[i]!.name] = v;
  });
  const old = running.length ? b.input('running', 'float32', [running.length]) : undefined;
  // Training does not read them, but ONNX Runtime writes the batch's over them: each needs memory of its own.
  if (old)
    splitFlat(b, running, old).forEach((v, i) => {
      bindings[running.entries[i]!.name] = v;
    });
  for (const v of graph.inputs) bindings[v.name] ??= b.input(v.name, v.dtype, v.shape);
  const copies = b.inline(graph, bindings);
  const outputs = new Map(graph.outputs.map((o) => [o.name, copies.get(o.value)!]));
  const gradient = concatFlat(
    b,
    trained.entries.map(({ name }) => outputs.get(`${name}_gradient`)!),
  );
  const fresh = old && freshStatistics(b, running, statistics, outputs);
  const next = old && fresh && b.add(b.scale(old, 1 - runningShare), b.scale(fresh, runningShare));
  const carried = carry && outputs.get(carry.output)!;
  return { loss: outputs.get('loss')!, flat: { parameters, gradient }, running: next, carried };
}

/** Mean and unbiased variance of the batch, in the order of the running statistics. */
function freshStatistics(
  b: GraphBuilder,
  layout: FlatLayout,
  statistics: readonly BatchStatistics[],
  outputs: ReadonlyMap<string, Value>,
): Value {
  const byName = new Map<string, { value: Value; factor: number }>();
  for (const { running, batch, count } of statistics) {
    byName.set(running.mean, { value: outputs.get(batch.mean)!, factor: 1 });
    byName.set(running.variance, { value: outputs.get(batch.variance)!, factor: count / Math.max(1, count - 1) });
  }
  const parts = layout.entries.map(({ name }) => byName.get(name)!);
  const factors = new Float32Array(layout.length);
  layout.entries.forEach(({ offset, length }, i) => {
    factors.fill(parts[i]!.factor, offset, offset + length);
  });
  const flat = concatFlat(
    b,
    parts.map((p) => p.value),
  );
  return b.mul(flat, b.constant(tensorOf('float32', [layout.length], [...factors]), 'unbiased'));
}
