import { type Dim, describeShape, type Graph, GraphError, type Shape, type Value } from '../graph.ts';
import { folding } from './fold.ts';
import { prune } from './prune.ts';
import { mapGraph } from './rewrite.ts';

/**
 * Sizes for open dimensions: by name, or one size for the first dimension of every input (the batch).
 * A string gives an open dimension another name and leaves it open.
 */
export type Binding = Dim | Readonly<Record<string, Dim>>;

/**
 * The shapes of inputs with open dimensions bound. A dimension name means the same size wherever it stands.
 * Throws GraphError for a name that no input has, for a size below 1, and when one size is asked of
 * inputs whose first dimensions are all fixed at others.
 */
export function bindShapes(
  inputs: readonly Pick<Value, 'name' | 'dtype' | 'shape'>[],
  binding: Binding,
  where: string,
): readonly Shape[] {
  const sizes =
    typeof binding === 'object' ? new Map(Object.entries(binding)) : firstDimensions(inputs, binding, where);
  const open = new Set(inputs.flatMap((v) => v.shape.filter((d) => typeof d === 'string')));
  for (const [name, size] of sizes) {
    if (!open.has(name)) {
      const known = open.size ? `only ${[...open].join(', ')}` : 'all are fixed';
      throw new GraphError(`${where} has no open dimension "${name}" (${known})`);
    }
    if (typeof size === 'number' && (!Number.isInteger(size) || size < 1)) {
      throw new GraphError(`${where}: dimension "${name}" must be a positive integer, got ${size}`);
    }
  }
  return inputs.map(({ shape }) => shape.map((d) => (typeof d === 'string' ? (sizes.get(d) ?? d) : d)));
}

function firstDimensions(
  inputs: readonly Pick<Value, 'name' | 'dtype' | 'shape'>[],
  size: Dim,
  where: string,
): Map<string, Dim> {
  const first = inputs.map((v) => v.shape[0]).filter((d) => d !== undefined);
  const open = first.filter((d) => typeof d === 'string');
  if (typeof size === 'number' && open.length === 0 && first.length > 0 && !first.includes(size)) {
    const shapes = inputs.map((v) => `${v.name} ${describeShape(v)}`).join(', ');
    throw new GraphError(
      `${where}: batch size ${size} was asked for, but the file fixes ${shapes}; export it with an open batch`,
    );
  }
  return new Map(open.map((name) => [name, size]));
}

/**
 * The graph with open dimensions bound and every shape inferred anew. What the sizes make known is folded (a target shape that
 * was computed from the batch, for instance).
 *
 * ```ts
 * specialize(graph, 8);                         // the first dimension of every input
 * specialize(graph, { batch: 8, length: 128 }); // by name
 * ```
 *
 * A graph read from a file whose shapes depend on an open dimension in a way that inference cannot follow must be bound
 * on reading: `readModel(bytes, { bind: 8 })`. Throws GraphError for names and sizes that do not fit.
 */
export function specialize(graph: Graph, binding: Binding): Graph {
  const shapes = bindShapes(graph.inputs, binding, `graph ${graph.name}`);
  const shapeOf = new Map(graph.inputs.map((v, i) => [v, shapes[i]!]));
  return prune(mapGraph(graph, folding(), { inputShape: (v) => shapeOf.get(v)! }));
}
