import { BallastError, UsageError } from '../errors.ts';
import type { ParameterSpec, Params } from '../nn/index.ts';
import { type TensorData, tensor } from '../onnx/index.ts';
import { compile, type Program, type RuntimeOptions, type Tensors } from '../runtime/index.ts';
import { type FlatLayout, flatLayout, packed, unpacked } from './flat.ts';
import {
  accumulateGraph,
  applyGraph,
  gradientGraph,
  type Objective,
  type StepLayout,
  stepGraph,
  type UpdateRule,
} from './step.ts';

export interface TrainerOptions {
  /** The network and its loss on a batch of this size. */
  readonly objective: (batch: number) => Objective;
  readonly parameters: readonly ParameterSpec[];
  /** Values to start from. */
  readonly initial: Params;
  readonly rule: UpdateRule;
  /** Examples a step. */
  readonly batchSize: number;
  /** Examples in memory at a time, a divisor of `batchSize`; below it gradients are accumulated. */
  readonly microBatch: number;
  readonly runtime?: RuntimeOptions;
}

export interface StepResult {
  /** Mean loss of the batch before the update. */
  readonly loss: number;
  /** Squared 2-norm of the batch's gradient (without weight decay). */
  readonly gradSquare: number;
  /** Mean squared norm of the micro-batches' gradients; undefined when the batch is one micro-batch. */
  readonly microSquare?: number;
}

/** One program for the whole step, or two where a batch is accumulated. */
interface Programs {
  readonly step?: Program;
  readonly accumulate?: Program;
  readonly apply?: Program;
}

/** The vectors that a step replaces. */
type State = Record<string, Float32Array>;

const scalar = (value: number): TensorData => tensor('float32', [], Float32Array.of(value));
const numberOf = (t: TensorData): number => Number(t.data[0]);

/**
 * A network in training: its state, and the programs that move it one step on. The state is double-buffered, so a step that
 * fails leaves the last one whole.
 */
export class Trainer {
  readonly layout: StepLayout;
  readonly batchSize: number;
  readonly microBatch: number;
  readonly #rule: UpdateRule;
  readonly #programs: Programs;
  #state: State;
  #spare: State;
  #gradients: [Float32Array, Float32Array] | undefined;

  private constructor(options: TrainerOptions, layout: StepLayout, programs: Programs) {
    this.layout = layout;
    this.batchSize = options.batchSize;
    this.microBatch = options.microBatch;
    this.#rule = options.rule;
    this.#programs = programs;
    const slots = Object.fromEntries(options.rule.slots.map((name) => [name, new Float32Array(layout.trained.length)]));
    this.#state = {
      parameters: packed(layout.trained, options.initial),
      ...(layout.running.length ? { running: packed(layout.running, options.initial) } : {}),
      ...slots,
    };
    this.#spare = Object.fromEntries(
      Object.entries(this.#state).map(([name, v]) => [name, new Float32Array(v.length)]),
    );
    if (programs.accumulate)
      this.#gradients = [new Float32Array(layout.trained.length), new Float32Array(layout.trained.length)];
  }

  /** Compiles the step. Throws UsageError when the micro-batch does not divide the batch. */
  static async create(options: TrainerOptions): Promise<Trainer> {
    const { objective, parameters, rule, batchSize, microBatch } = options;
    if (batchSize % microBatch !== 0)
      throw new UsageError(`the micro-batch ${microBatch} does not divide the batch size ${batchSize}`);
    const layout = {
      trained: flatLayout(parameters.filter((p) => p.trainable)),
      running: flatLayout(parameters.filter((p) => !p.trainable)),
    };
    const gradient = gradientGraph(
      objective(microBatch),
      layout.trained.entries.map((e) => e.name),
    );
    const runtime = { spinning: microBatch === batchSize, ...options.runtime };
    const programs =
      microBatch === batchSize
        ? { step: await compile(stepGraph(gradient, layout, rule), runtime) }
        : {
            accumulate: await compile(accumulateGraph(gradient, layout), runtime),
            apply: await compile(applyGraph(layout, rule), runtime),
          };
    return new Trainer(options, layout, programs);
  }

  /** Moves one step on. `batch` gives the network's and the loss's inputs for each micro-batch in turn. */
  async step(batch: (micro: number) => Tensors, scalars: Readonly<Record<string, number>>): Promise<StepResult> {
    const numbers = Object.fromEntries(this.#rule.scalars.map((name) => [name, scalar(scalars[name]!)]));
    const { step } = this.#programs;
    if (!step) return this.#accumulated(batch, numbers);
    const outputs = await step.run(
      { ...batch(0), ...this.#feeds(Object.keys(this.#state)), ...numbers },
      this.#into(Object.keys(this.#state)),
    );
    this.#swap(Object.keys(this.#state));
    return { loss: numberOf(outputs.loss!), gradSquare: numberOf(outputs.gradSquare!) };
  }

  async #accumulated(batch: (micro: number) => Tensors, numbers: Tensors): Promise<StepResult> {
    const { accumulate, apply } = this.#programs;
    if (!accumulate || !apply || !this.#gradients) throw new BallastError('the trainer was disposed of');
    const count = this.batchSize / this.microBatch;
    const size = [this.layout.trained.length];
    const running = this.layout.running.length ? ['running'] : [];
    let [sum, next] = this.#gradients;
    let lossSum = scalar(0);
    let squares = 0;
    sum.fill(0);
    for (let micro = 0; micro < count; micro++) {
      const outputs = await accumulate.run(
        {
          ...batch(micro),
          ...this.#feeds(['parameters', ...running]),
          weight: scalar(1 / count),
          gradient: tensor('float32', size, sum),
          lossSum,
        },
        { 'next.gradient': tensor('float32', size, next), ...this.#into(running) },
      );
      [sum, next] = [next, sum];
      lossSum = outputs['next.lossSum']!;
      squares += numberOf(outputs.microSquare!);
      this.#swap(running);
    }
    this.#gradients = [sum, next];
    const updated = Object.keys(this.#state).filter((name) => name !== 'running');
    const outputs = await apply.run(
      { gradient: tensor('float32', size, sum), ...this.#feeds(updated), ...numbers },
      this.#into(updated),
    );
    this.#swap(updated);
    return { loss: numberOf(lossSum), gradSquare: numberOf(outputs.gradSquare!), microSquare: squares / count };
  }

  #feeds(names: readonly string[]): Tensors {
    return Object.fromEntries(names.map((name) => [name, vector(this.#state[name]!)]));
  }

  #into(names: readonly string[]): Tensors {
    return Object.fromEntries(names.map((name) => [`next.${name}`, vector(this.#spare[name]!)]));
  }

  #swap(names: readonly string[]): void {
    for (const name of names) [this.#state[name], this.#spare[name]] = [this.#spare[name]!, this.#state[name]!];
  }

  /** The parameters and running statistics by name, as views that the next step but one overwrites. */
  parameters(): Params {
    const { trained, running } = this.layout;
    const values = new Map(unpacked(trained, this.#state.parameters!));
    if (this.#state.running) for (const [name, t] of unpacked(running, this.#state.running)) values.set(name, t);
    return values;
  }

  /** All that the next step depends on, by name: parameters, running statistics, and `SLOT/NAME` for the optimiser. */
  state(): ReadonlyMap<string, TensorData> {
    const all = new Map<string, TensorData>(this.parameters());
    for (const slot of this.#rule.slots)
      for (const [name, t] of unpacked(this.layout.trained, this.#state[slot]!)) all.set(`${slot}/${name}`, t);
    return all;
  }

  /** Takes up a state that `state` gave. Throws BallastError when a tensor is missing or has another size. */
  restore(state: ReadonlyMap<string, TensorData>): void {
    const { trained, running } = this.layout;
    const prefixed = (slot: string): FlatLayout => ({
      ...trained,
      entries: trained.entries.map((e) => ({ ...e, name: `${slot}/${e.name}` })),
    });
    const next: State = { parameters: packed(trained, state) };
    if (running.length) next.running = packed(running, state);
    for (const slot of this.#rule.slots) next[slot] = packed(prefixed(slot), state);
    this.#state = next;
  }

  async dispose(): Promise<void> {
    for (const program of Object.values(this.#programs)) await program.dispose();
  }
}

const vector = (data: Float32Array): TensorData => tensor('float32', [data.length], data);
