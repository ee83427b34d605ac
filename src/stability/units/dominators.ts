import type { Graph, Node, Value } from '../../onnx/index.ts';

/**
 * The dominator tree of the values that depend on a graph's inputs: `v` is dominated by `d` when every path from the
 * inputs to `v` passes through `d`. Where two paths join, the nearest common dominator of both is where they parted:
 * this is how residual units are found without knowing who wrote the network.
 * (Cooper, Harvey, Kennedy 2001; a graph without cycles needs one pass.)
 */
export class DominatorTree {
  readonly #parent = new Map<Value, Value | null>();
  readonly #depth = new Map<Value, number>();

  constructor(graph: Graph) {
    for (const v of graph.inputs) this.#place(v, null);
    for (const node of graph.nodes) {
      const active = node.inputs.filter((v): v is Value => v !== null && this.#parent.has(v));
      if (active.length === 0) continue;
      const meet = active.reduce<Value | null>((a, v) => (a === null ? null : this.meet(a, v)), active[0]!);
      for (const v of node.outputs) this.#place(v, meet);
    }
  }

  #place(v: Value, parent: Value | null): void {
    this.#parent.set(v, parent);
    this.#depth.set(v, parent === null ? 0 : this.#depth.get(parent)! + 1);
  }

  /** Whether `v` depends on the inputs at all. */
  has(v: Value): boolean {
    return this.#parent.has(v);
  }

  /** The nearest value that dominates both (either may be it), or null when they share none. */
  meet(a: Value, b: Value): Value | null {
    let [x, y]: [Value | null, Value | null] = [a, b];
    while (x !== y) {
      if (x === null || y === null) return null;
      const [dx, dy]: [number, number] = [this.#depth.get(x)!, this.#depth.get(y)!];
      if (dx >= dy) x = this.#parent.get(x)!;
      if (dy >= dx) y = this.#parent.get(y)!;
    }
    return x;
  }

  /** Whether every path from the inputs to `v` passes through `d`. */
  dominates(d: Value, v: Value): boolean {
    return this.meet(d, v) === d;
  }
}

/** Maps each value to the node that makes it. */
export function producers(graph: Graph): ReadonlyMap<Value, Node> {
  return new Map(graph.nodes.flatMap((node) => node.outputs.map((v) => [v, node] as const)));
}

/** Maps each value to the nodes that read it. */
export function consumers(graph: Graph): ReadonlyMap<Value, readonly Node[]> {
  const readers = new Map<Value, Node[]>();
  for (const node of graph.nodes) {
    for (const v of new Set(node.inputs)) {
      if (!v) continue;
      const own = readers.get(v);
      if (own) own.push(node);
      else readers.set(v, [node]);
    }
  }
  return readers;
}

/** The nodes on paths from `from` to `to`, in the graph's order (`from` must dominate `to`). */
export function nodesBetween(graph: Graph, from: Value, to: Value): Node[] {
  const made = producers(graph);
  const needed = new Set<Node>();
  const visit = [to];
  while (visit.length) {
    const v = visit.pop()!;
    const node = v === from ? undefined : made.get(v);
    if (!node || needed.has(node)) continue;
    needed.add(node);
    for (const input of node.inputs) if (input) visit.push(input);
  }
  return graph.nodes.filter((n) => needed.has(n));
}
