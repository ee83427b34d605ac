import { BallastError, UsageError } from '../base/errors.ts';
import type { ParameterSpec, Params } from '../nn/index.ts';
import { type TensorData, tensor } from '../onnx/index.ts';
import { compile, type Program, type RuntimeOptions, type Tensors } from '../runtime/index.ts';
import { drawMask } from './dropout-masks.ts';
import { type FlatLayout, flatLayout, packed, unpacked } from './flat.ts';
import {
  accumulateGraph,
  applyGraph,
  type GradientGraph,
  gradientGraph,
  type Objective,
  type StepLayout,
  stepGraph,
  type UpdateRule,
} from './step.ts';

/** What is trained: an objective, its parameters, an update rule and the sizes of batches. */
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
  /** The number of micro-batches changes from step to step (see `StepRequest.microBatches`). */
  readonly growing?: boolean;
  /** Bound of the gradient's 2-norm; none unless told. */
  readonly clipNorm?: number;
  /** Of the dropout masks; 0 unless told. */
  readonly seed?: number;
  readonly runtime?: RuntimeOptions;
}

/** Examples of one micro-batch, as the network and its loss take them. */
export interface Batch {
  readonly inputs: Tensors;
  /** How many labels count in its mean loss: the weight of this micro-batch in the whole. */
  readonly targets: number;
}

/** What one training step needs. */
export interface StepRequest {
  /** The micro-batches in turn. */
  readonly batch: (micro: number) => Batch;
  /** Values of the update rule's scalars. */
  readonly scalars: Readonly<Record<string, number>>;
  /** Which step it is: the key of what is drawn in it. */
  readonly step: number;
  /** `batchSize / microBatch` unless told; anything else needs a `growing` trainer. */
  readonly microBatches?: number;
}

/** What one training step came to. */
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
  readonly #gradient: GradientGraph;
  readonly #seed: number;
  #state: State;
  #spare: State;
  #gradients: [Float32Array, Float32Array] | undefined;

  private constructor(options: TrainerOptions, layout: StepLayout, gradient: GradientGraph, programs: Programs) {
    this.layout = layout;
    this.batchSize = options.batchSize;
    this.microBatch = options.microBatch;
    this.#rule = options.rule;
    this.#programs = programs;
    this.#gradient = gradient;
    this.#seed = options.seed ?? 0;
    const slots = Object.fromEntries(options.rule.slots.map((name) => [name, new Float32Array(layout.trained.length)]));
    this.#state = {
      parameters: packed(layout.trained, options.initial),
      ...(layout.running.length ? { running: packed(layout.running, options.initial) } : {}),
      ...(gradient.carry ? { carry: new Float32Array(options.batchSize * gradient.carry.width) } : {}),
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
    const { objective, parameters, rule, batchSize, microBatch, growing = false, clipNorm } = options;
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
    if (growing && gradient.carry)
      throw new UsageError('the batch of a recurrent network cannot grow: each row continues a text');
    const whole = microBatch === batchSize && !growing;
    const runtime = { spinning: whole, ...options.runtime };
    const programs = whole
      ? { step: await compile(stepGraph(gradient, layout, rule, clipNorm), runtime) }
      : {
          accumulate: await compile(accumulateGraph(gradient, layout), runtime),
          apply: await compile(applyGraph(layout, rule, clipNorm), runtime),
        };
    return new Trainer(options, layout, gradient, programs);
  }

  /** Moves one step on. */
  async step(request: StepRequest): Promise<StepResult> {
    const { scalars } = request;
    const numbers = Object.fromEntries(this.#rule.scalars.map((name) => [name, scalar(scalars[name]!)]));
    const { step } = this.#programs;
    if (!step) return this.#accumulated(request, numbers);
    const names = Object.keys(this.#state);
    const outputs = await step.run(
      { ...this.#inputs(request.batch(0), request.step, 0), ...this.#feeds(names), ...numbers },
      this.#into(names),
    );
    this.#swap(names);
    return { loss: numberOf(outputs.loss!), gradSquare: numberOf(outputs.gradSquare!) };
  }

  async #accumulated(request: StepRequest, numbers: Tensors): Promise<StepResult> {
    const { accumulate, apply } = this.#programs;
    if (!accumulate || !apply || !this.#gradients) throw new BallastError('the trainer was disposed of');
    const { batch, microBatches: count = this.batchSize / this.microBatch } = request;
    const size = [this.layout.trained.length];
    const running = this.layout.running.length ? ['running'] : [];
    const carry = this.#gradient.carry ? ['carry'] : [];
    let [sum, next] = this.#gradients;
    let lossSum = scalar(0);
    let [squares, targets] = [0, 0];
    sum.fill(0);
    for (let micro = 0; micro < count; micro++) {
      const part = batch(micro);
      const outputs = await accumulate.run(
        {
          ...this.#inputs(part, request.step, micro),
          ...this.#feeds(['parameters', ...running]),
          ...this.#feeds(carry, micro),
          weight: scalar(part.targets),
          gradient: tensor('float32', size, sum),
          lossSum,
        },
        { 'next.gradient': tensor('float32', size, next), ...this.#into(running), ...this.#into(carry, micro) },
      );
      [sum, next] = [next, sum];
      lossSum = outputs['next.lossSum']!;
      squares += numberOf(outputs.microSquare!);
      targets += part.targets;
      this.#swap(running);
    }
    this.#swap(carry);
    this.#gradients = [sum, next];
    const share = 1 / Math.max(1, targets);
    const updated = ['parameters', ...this.#rule.slots];
    const outputs = await apply.run(
      { gradient: tensor('float32', size, sum), share: scalar(share), ...this.#feeds(updated), ...numbers },
      this.#into(updated),
    );
    this.#swap(updated);
    const result = { loss: numberOf(lossSum) * share, gradSquare: numberOf(outputs.gradSquare!) };
    return count > 1 ? { ...result, microSquare: squares / count } : result;
  }

  /** Examples of a micro-batch, and the dropout masks drawn for it. */
  #inputs({ inputs }: Batch, step: number, micro: number): Tensors {
    const draw = { seed: this.#seed, step, micro };
    return {
      ...inputs,
      ...Object.fromEntries(this.#gradient.masks.map((mask) => [mask.name, drawMask(mask, draw)])),
    };
  }

  /** A state vector as tensor; what is carried on has a row for each example, those of one micro-batch at a time. */
  #tensorOf(state: State, name: string, micro: number): TensorData {
    const { carry } = this.#gradient;
    if (name !== 'carry' || !carry) return vector(state[name]!);
    const length = this.microBatch * carry.width;
    const rows = state.carry!.subarray(micro * length, (micro + 1) * length);
    return tensor('float32', [this.microBatch, carry.width], rows);
  }

  #feeds(names: readonly string[], micro = 0): Tensors {
    const input = (name: string) => (name === 'carry' ? this.#gradient.carry!.input : name);
    return Object.fromEntries(names.map((name) => [input(name), this.#tensorOf(this.#state, name, micro)]));
  }

  #into(names: readonly string[], micro = 0): Tensors {
    return Object.fromEntries(names.map((name) => [`next.${name}`, this.#tensorOf(this.#spare, name, micro)]));
  }

  /** Begins anew with what steps hand on: a recurrent network forgets what it has read. */
  resetCarry(): void {
    this.#state.carry?.fill(0);
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

  /** All that the next step depends on, by name: parameters, running statistics, `SLOT/NAME` for the optimizer, `carry`. */
  state(): ReadonlyMap<string, TensorData> {
    const all = new Map<string, TensorData>(this.parameters());
    for (const slot of this.#rule.slots)
      for (const [name, t] of unpacked(this.layout.trained, this.#state[slot]!)) all.set(`${slot}/${name}`, t);
    if (this.#state.carry) all.set('carry', vector(this.#state.carry));
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
    const carry = this.#state.carry;
    if (carry) next.carry = packed(flatLayout([{ name: 'carry', shape: [carry.length] }]), state);
    this.#state = next;
  }

  async dispose(): Promise<void> {
    for (const program of Object.values(this.#programs)) await program.dispose();
  }
}

const vector = (data: Float32Array): TensorData => tensor('float32', [data.length], data);
