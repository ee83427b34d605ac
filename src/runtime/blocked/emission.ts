import {
  type Graph,
  GraphBuilder,
  type Node,
  type PlainAttributes,
  type TensorData,
  toNumbers,
  type Value,
} from '../../onnx/index.ts';
import { swapsChannels } from '../swaps-channels.ts';
import { blockedBackwardFilter, blockedFilter } from './filters.ts';
import { activationOrder, type FilterOrder, filterOrder, reorder } from './layout.ts';
import { type Interleave, isKnown, type Operand, type PendingConv, scaleInput } from './pending.ts';
import { interleavedRows } from './phases.ts';
import { wantedBlocked } from './wanted.ts';

/** The domain of ONNX Runtime's blocked kernels. Not a public interface: `probe.ts` finds out whether it holds here. */
export const blockedDomain = 'com.microsoft.nchwc';

/**
 * Strided subsampling in space and a choice of channels (-1: a channel of zeros), as option-A shortcuts make them of
 * Slice and Pad. Written as one 1x1 convolution when a blocked value is wanted, as the original nodes otherwise.
 */
export interface Selection {
  readonly source: Value;
  readonly strides: readonly [number, number];
  readonly channels: readonly number[];
  /** Afterwards, this many rows and columns for one: the pixel, then zeros. The transpose of `strides`. */
  readonly spread: readonly [number, number];
}

/**
 * Writes a node in blocked order and returns true, or returns false to have it copied with plain inputs.
 * A rule that returns false must not have written anything.
 */
export type EmissionRule = (node: Node, e: Emission) => boolean;

/**
 * The state of the pass: for every value of the old graph, where it lives in the new one - in plain order, in blocked
 * order, in both, or not written yet. A rule asks for the order it needs and gets it, written at most once.
 */
export class Emission {
  readonly graph: Graph;
  readonly block: number;
  readonly builder: GraphBuilder;
  readonly #plain = new Map<Value, Value>();
  readonly #blocked = new Map<Value, Value>();
  readonly #pending = new Map<Value, PendingConv>();
  readonly #selections = new Map<Value, Selection>();
  /** Nodes that are copied only if somebody asks for their plain output. */
  readonly #producers = new Map<Value, Node>();
  /** How to write what was held back if somebody asks for it in blocked order. */
  readonly #writers = new Map<Value, () => Value>();
  readonly #consumers = new Map<Value, Node[]>();
  readonly #aliases = new Map<Value, Value>();
  readonly #remaining = new Map<Value, number>();
  readonly #wanted: ReadonlySet<Value>;

  constructor(graph: Graph, block: number) {
    this.graph = graph;
    this.block = block;
    this.builder = new GraphBuilder(graph.name);
    for (const v of graph.inputs) this.#plain.set(v, this.builder.input(v.name, v.dtype, v.shape));
    const uses = [...graph.nodes.flatMap((n) => n.inputs), ...graph.outputs.map((o) => o.value)];
    for (const v of uses) if (v) this.#remaining.set(v, this.usesLeft(v) + 1);
    for (const node of graph.nodes) {
      for (const v of new Set(node.inputs)) {
        if (!v) continue;
        const own = this.#consumers.get(v);
        if (own) own.push(node);
        else this.#consumers.set(v, [node]);
      }
    }
    this.#wanted = wantedBlocked(graph);
  }

  /** The value that `v` is another name of. */
  resolve(v: Value): Value {
    const target = this.#aliases.get(v);
    return target ? this.resolve(target) : v;
  }

  /** Makes `output` another name of `input`. */
  alias(output: Value, input: Value): void {
    const target = this.resolve(input);
    this.#aliases.set(output, target);
    // The alias node's own use of the input is replaced by those of its output.
    this.#remaining.set(target, this.usesLeft(target) + (this.#remaining.get(output) ?? 0));
  }

  /** How many uses of `v` are still to come, the node being written included. */
  usesLeft(v: Value): number {
    return this.#remaining.get(this.resolve(v)) ?? 0;
  }

  /** The node's inputs have been read. */
  consume(node: Node): void {
    for (const v of node.inputs) if (v) this.#remaining.set(this.resolve(v), this.usesLeft(v) - 1);
  }

  /** The nodes of the old graph that read `v`. */
  consumersOf(v: Value): readonly Node[] {
    return this.#consumers.get(v) ?? [];
  }

  constantOf(v: Value): TensorData | undefined {
    return this.graph.constants.get(this.resolve(v));
  }

  /** Whether the order of `v` can be blocked: float32 [N, C, H, W] with whole blocks of channels. */
  blockable(v: Value): boolean {
    return v.dtype === 'float32' && this.blockShaped(v);
  }

  /** Blocked shape, of any element type (masks are bool). */
  blockShaped({ shape }: Value): boolean {
    const c = shape[1];
    return shape.length === 4 && typeof c === 'number' && c > 0 && c % this.block === 0;
  }

  /** Whether `v` is, or will be, in blocked order anyway: made so, or wanted so by a convolution further on. */
  isBlocked(v: Value): boolean {
    const r = this.resolve(v);
    if (this.#blocked.has(r) || this.#pending.has(r) || this.#selections.has(r)) return true;
    return this.#writers.has(r) || this.#wanted.has(r);
  }

  pendingOf(v: Value): PendingConv | undefined {
    return this.#pending.get(this.resolve(v));
  }

  /** The convolution that makes `v`, a selection's included, if nothing else reads it. */
  ownConv(v: Value): PendingConv | undefined {
    const r = this.resolve(v);
    const selection = this.#selections.get(r);
    if (this.#blocked.has(r) || this.usesLeft(r) !== 1 || !this.blockable(r)) return undefined;
    return this.#pending.get(r) ?? (selection && this.selectionConv(r, selection));
  }

  /** The convolution behind `v` if nothing else reads it, so that the node being written may become part of it. */
  fusible(v: Value): PendingConv | undefined {
    return this.usesLeft(v) === 1 ? this.pendingOf(v) : undefined;
  }

  selectionOf(v: Value): Selection | undefined {
    return this.#selections.get(this.resolve(v));
  }

  /** Whether `v` was written before its own node's turn. */
  isWritten(v: Value): boolean {
    return this.#plain.has(v);
  }

  setPlain(v: Value, written: Value): void {
    this.#plain.set(v, written);
  }

  setBlocked(v: Value, written: Value): void {
    this.#blocked.set(v, written);
    // One pixel: the two orders are the same.
    if (v.shape[2] === 1 && v.shape[3] === 1) this.#plain.set(v, written);
  }

  setPending(v: Value, conv: PendingConv): void {
    this.#pending.set(v, conv);
  }

  setSelection(v: Value, selection: Selection, node: Node): void {
    this.blocked(selection.source);
    this.#selections.set(v, selection);
    this.#producers.set(v, node);
  }

  /** Leaves a node unwritten until somebody asks for its plain output, or (with `write`) for its first one in blocked order. */
  defer(node: Node, write?: () => Value): void {
    for (const v of node.outputs) this.#producers.set(v, node);
    if (write) this.#writers.set(node.outputs[0]!, write);
  }

  /** The deferred node that would make `v`. */
  deferred(v: Value): Node | undefined {
    const r = this.resolve(v);
    return this.#plain.has(r) ? undefined : this.#producers.get(r);
  }

  /** Copies a node as it is, its inputs in plain order. */
  copy(node: Node): void {
    const { name, domain, attributes, opType } = node;
    const inputs = node.inputs.map((v) => (v ? this.plain(v) : null));
    const outputNames = node.outputs.map((v) => v.name);
    const options = { name, domain, outputs: node.outputs.length, outputNames };
    this.builder.node(opType, inputs, attributes, options).forEach((written, i) => {
      this.#plain.set(node.outputs[i]!, written);
    });
  }

  /** `v` in plain order. */
  plain(value: Value): Value {
    const v = this.resolve(value);
    const known = this.#plain.get(v);
    if (known) return known;
    const constant = this.graph.constants.get(v);
    if (constant) {
      const written = this.builder.constant(constant, constant.data.length > 64 ? v.name : undefined);
      this.#plain.set(v, written);
      return written;
    }
    const producer = this.#producers.get(v);
    if (producer && !this.#blocked.has(v)) {
      this.copy(producer);
      return this.#plain.get(v)!;
    }
    const written = this.#unblock(v, this.blocked(v));
    this.#plain.set(v, written);
    return written;
  }

  #unblock(v: Value, blocked: Value): Value {
    const options = { domain: blockedDomain, name: `${v.name}_plain` };
    const attributes = { channels: v.shape[1] as number };
    if (v.dtype === 'float32') return this.builder.op('ReorderOutput', [blocked], attributes, options);
    const reordered = this.builder.op('ReorderOutput', [this.builder.cast(blocked, 'float32')], attributes, options);
    return this.builder.cast(reordered, v.dtype);
  }

  /** `v` in blocked order; only for block-shaped values. */
  blocked(value: Value): Value {
    const v = this.resolve(value);
    const known = this.#blocked.get(v);
    if (known) return known;
    const written = this.#writeBlocked(v);
    this.setBlocked(v, written);
    return written;
  }

  #writeBlocked(v: Value): Value {
    const pending = this.#pending.get(v);
    if (pending) return this.writeConv(v.name, pending);
    const writer = this.#writers.get(v);
    if (writer) return writer();
    const selection = this.#selections.get(v);
    if (selection && this.blockable(v)) return this.writeConv(v.name, this.selectionConv(v, selection));
    const constant = this.graph.constants.get(v);
    if (constant && v.dtype === 'float32') {
      return this.builder.constant(reorder(constant, activationOrder(constant.shape, this.block)), `${v.name}_blocked`);
    }
    const plain = this.plain(v);
    if (v.shape[2] === 1 && v.shape[3] === 1) return plain;
    const options = { domain: blockedDomain, name: `${v.name}_blocked` };
    if (v.dtype === 'float32') return this.builder.op('ReorderInput', [plain], {}, options);
    const reordered = this.builder.op('ReorderInput', [this.builder.cast(plain, 'float32')], {}, options);
    return this.builder.cast(reordered, v.dtype);
  }

  /** Writes the convolution now, phases interleaved. */
  writeConv(outputName: string, conv: PendingConv): Value {
    const { interleave } = conv;
    return interleave
      ? this.#interleave(outputName, this.writePhases(`${outputName}_phases`, conv), interleave)
      : this.writePhases(outputName, conv);
  }

  /** By gathering rows of one block: 0.7 ms for 8 MB, a Transpose takes 1.1. */
  #interleave(outputName: string, phases: Value, { shape, strides }: Interleave): Value {
    const [, channels, h, w] = shape as readonly [unknown, number, number, number];
    const rows = this.builder.integers(interleavedRows(channels / this.block, h, w, strides));
    const gathered = this.builder.op('Gather', [this.builder.reshape(phases, [0, -1, this.block]), rows], { axis: 1 });
    const target = this.builder.integers([0, channels, h, -1]);
    return this.builder.op('Reshape', [gathered, target], {}, { outputNames: [outputName] });
  }

  /** Writes the convolution now, phases left apart. */
  writePhases(outputName: string, conv: PendingConv): Value {
    const { input, sum, window, activation } = conv;
    const bias = conv.bias && isKnown(conv.bias) ? this.builder.constant(conv.bias) : conv.bias;
    const inputs = [input, this.#filter(conv), bias, sum];
    while (inputs.at(-1) === null) inputs.pop();
    const options = { domain: blockedDomain, name: conv.name, outputNames: [outputName] };
    return this.builder.op('Conv', inputs, { ...window, ...activation }, options);
  }

  #filter({ filter, order, name }: PendingConv): Value {
    if (!isKnown(filter)) return filter;
    return this.builder.constant(reorder(filter, filterOrder(filter.shape, this.block, order)), `${name}_filter`);
  }

  /** A 1x1 convolution that picks rows, columns and channels. */
  selectionConv(v: Value, { source, strides, channels, spread }: Selection): PendingConv {
    const inputChannels = source.shape[1] as number;
    const window = { kernel_shape: [1, 1], strides };
    const input = this.blocked(source);
    const phases = spread[0] * spread[1];
    const same = channels.length === inputChannels && channels.every((from, to) => from === to);
    if (same && phases === 1) return this.depthwise(v.name, input, ones(inputChannels), null, window);
    // Only the first phase holds pixels.
    const filter = new Float32Array(phases * channels.length * inputChannels);
    channels.forEach((from, to) => {
      if (from >= 0) filter[to * inputChannels + from] = 1;
    });
    const shape = [phases * channels.length, inputChannels, 1, 1];
    const known: TensorData = { dtype: 'float32', shape, data: filter };
    const conv = { name: v.name, input, filter: known, order: 'dense', bias: null, sum: null, window } as const;
    return phases === 1 ? conv : { ...conv, interleave: { strides: spread, shape: v.shape } };
  }

  /** One scale (and offset) a channel: a depthwise 1x1 convolution, the fastest per-channel map there is (57 GB/s). */
  depthwise(
    name: string,
    input: Value,
    scale: Operand,
    bias: Operand | null,
    window: PlainAttributes = { kernel_shape: [1, 1] },
  ): PendingConv {
    const channels = input.shape[1] as number;
    const shape = [channels, 1, 1, 1];
    // These have one order only.
    const filter = isKnown(scale) ? { ...scale, shape } : this.builder.reshape(scale, shape);
    const conv = {
      name,
      input,
      filter,
      bias,
      order: 'outer',
      sum: null,
      window: { ...window, group: channels },
    } as const;
    const nothingElse = !bias && window.strides === undefined && window.pads === undefined;
    return nothingElse ? { ...conv, factors: scale } : conv;
  }

  /**
   * A filter [Co, Ci / group, kh, kw] of the old graph, its input channels scaled: itself when all is known, else brought into order
   * by nodes of the graph.
   */
  filter(v: Value, order: FilterOrder, group: number, factors?: Operand): Operand {
    const known = this.constantOf(v);
    if (known && (!factors || isKnown(factors))) {
      return factors ? scaleInput(known, factors.data as Float32Array, group) : known;
    }
    const forward = order === 'dense' && group === 1 ? this.#forwardFilter(v) : undefined;
    if (forward?.shape.slice(0, 2).every((c) => (c as number) % this.block === 0)) {
      const plain = this.plain(forward);
      // Its output channels are the inputs of what goes back.
      const scaled = factors
        ? this.builder.mul(plain, this.channelFactors([forward.shape[0] as number, 1, 1, 1], factors))
        : plain;
      return blockedBackwardFilter(this.builder, scaled, this.block);
    }
    const plain = this.plain(v);
    const scaled = factors ? this.builder.mul(plain, this.inputFactors(v, group, factors)) : plain;
    return blockedFilter(this.builder, scaled, this.block, order);
  }

  /** The filter that `v` is with channels swapped and taps reversed: how cotangents go back through a convolution. */
  #forwardFilter(v: Value): Value | undefined {
    const swap = this.deferred(v);
    if (!swap || !swapsChannels(swap)) return undefined;
    const reversed = swap.inputs[0]!;
    if (reversed.shape[2] === 1 && reversed.shape[3] === 1) return reversed;
    const flip = this.deferred(reversed);
    return flip && this.reversesTaps(flip) ? flip.inputs[0]! : undefined;
  }

  /** Whether a Slice does nothing but reverse rows and columns. */
  reversesTaps(node: Node): boolean {
    if (node.opType !== 'Slice' || node.inputs[0]?.shape.length !== 4) return false;
    const [axes, steps] = [3, 4].map((i) => {
      const t = node.inputs[i] && this.constantOf(node.inputs[i]);
      return t && toNumbers(t).join();
    });
    const whole = node.outputs[0]!.shape.every((d, i) => d === node.inputs[0]!.shape[i]);
    return axes === '2,3' && steps === '-1,-1' && whole;
  }

  /** Factors of the input channels, [Ci], in a shape that multiplies filters [Co, Ci / group, kh, kw]; group is 1 or Ci. */
  inputFactors({ shape }: Value, group: number, factors: Operand): Value {
    return this.channelFactors(group === 1 ? [1, shape[1] as number, 1, 1] : [shape[0] as number, 1, 1, 1], factors);
  }

  /** Factors as a value of this shape. */
  channelFactors(shape: readonly number[], factors: Operand): Value {
    return this.builder.reshape(isKnown(factors) ? this.builder.constant(factors) : factors, shape);
  }

  /** A vector of the old graph, known or not. */
  operand(v: Value): Operand {
    return this.constantOf(v) ?? this.plain(v);
  }
}

/** A factor of 1 a channel. */
export function ones(channels: number): TensorData {
  return { dtype: 'float32', shape: [channels], data: new Float32Array(channels).fill(1) };
}
