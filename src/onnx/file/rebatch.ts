import type { GraphBuilder } from '../builder.ts';
import { GraphError, intAttribute, type Value } from '../graph.ts';
import type { Planned } from '../passes/fold.ts';
import { sizeOf, toNumbers } from '../tensor.ts';

/**
 * A batch in place of the single example that a file was written for. Exporters without an open batch write the 1 into the targets of
 * Reshape and Resize, and concatenate with parameters of batch 1; such targets get the batch where it belongs.
 *
 * Where that is shows when the batch is a prime that no size of the network has: the axis that it divides carries the batch. So
 * targets are settled once with `markerBatch`, in the order of the nodes, and used with any other batch.
 * Whether every number still is right only running the graph can tell; callers compare it with the graph for one example.
 */
export class Rebatching {
  readonly batch: number;
  /** For each reshaping in order, the entry of its target that carries the batch; -1 for none. */
  readonly #entries: number[];
  readonly #marking: boolean;
  #next = 0;

  private constructor(batch: number, entries: number[], marking: boolean) {
    this.batch = batch;
    this.#entries = entries;
    this.#marking = marking;
  }

  /** To find where the batch is. */
  static marking(): Rebatching {
    return new Rebatching(markerBatch, [], true);
  }

  /** With a batch of any size, once the marking has gone through the whole file. */
  for(batch: number): Rebatching {
    return new Rebatching(batch, this.#entries, false);
  }

  /** The node with its target, or its operands, for the batch. */
  settle(planned: Planned, b: GraphBuilder): Planned {
    if (planned.domain !== '') return planned;
    if (planned.opType === 'Reshape') return this.#reshape(planned, b);
    if (planned.opType === 'Resize') return this.#resize(planned, b);
    if (planned.opType === 'Concat') return this.#concat(planned, b);
    return planned;
  }

  #entryOf(find: () => number): number {
    const at = this.#next++;
    if (this.#marking) this.#entries[at] = find();
    return this.#entries[at] ?? -1;
  }

  #reshape(planned: Planned, b: GraphBuilder): Planned {
    const [x, target] = planned.inputs;
    const data = target && b.constantOf(target);
    if (!x || !data || b.constantOf(x) || x.shape.some((d) => typeof d === 'string')) return planned;
    const wanted = toNumbers(data);
    const entry = this.#entryOf(() =>
      batchEntry(x.shape as number[], wanted, intAttribute(planned, 'allowzero', 0) === 1),
    );
    if (entry < 0) return planned;
    const moved = wanted.map((t, i) => (i === entry ? t * this.batch : t));
    return { ...planned, inputs: [x, b.integers(moved)] };
  }

  #resize(planned: Planned, b: GraphBuilder): Planned {
    const sizes = planned.inputs[3];
    const data = sizes && b.constantOf(sizes);
    const x = planned.inputs[0];
    if (!x || !data || x.shape[0] !== this.batch || toNumbers(data)[0] !== 1 || x.shape.length !== data.data.length)
      return planned;
    return {
      ...planned,
      inputs: [...planned.inputs.slice(0, 3), b.integers([this.batch, ...toNumbers(data).slice(1)])],
    };
  }

  /** A parameter of batch 1 (a class token) is repeated beside what has the batch. */
  #concat(planned: Planned, b: GraphBuilder): Planned {
    const axis = intAttribute(planned, 'axis', 0);
    const inputs = planned.inputs;
    const rank = inputs[0]?.shape.length ?? 0;
    const at = axis < 0 ? axis + rank : axis;
    const carries = (v: Value | null, i: number) => v !== null && i !== at && v.shape[i] === this.batch;
    const where = Array.from({ length: rank }, (_, i) => i).find((i) => inputs.some((v) => carries(v, i)));
    if (where === undefined) return planned;
    const wide = (v: Value | null) => {
      if (v?.shape[where] !== 1 || v.shape.length !== rank) return v;
      return b.expand(
        v,
        v.shape.map((d, i) => (i === where ? this.batch : (d as number))),
      );
    };
    return { ...planned, inputs: inputs.map(wide) };
  }
}

/** A prime that no usual size has as a factor. */
export const markerBatch = 61;

/** Which entry of a target for one example carries the batch that `shape` has; -1 when it needs no change. */
function batchEntry(shape: readonly number[], wanted: readonly number[], allowZero: boolean): number {
  const axis = shape.findIndex((d) => d % markerBatch === 0);
  const target = wanted.map((t, i) => (t === 0 && !allowZero ? (shape[i] ?? 0) : t));
  const open = target.indexOf(-1);
  const known = sizeOf(target.filter((_, i) => i !== open));
  if (axis < 0 || known === 0 || known % markerBatch === 0) return -1;
  const single = sizeOf(shape) / markerBatch;
  const sizes = target.map((t, i) => (i === open ? single / known : t));
  const before = sizeOf(shape.slice(0, axis));
  for (let i = 0; i < sizes.length; i++) {
    if (sizeOf(sizes.slice(0, i)) === before) return i === open ? -1 : i;
  }
  throw new GraphError(`the batch cannot be followed through a reshape of [${shape}] to [${wanted}]`);
}
