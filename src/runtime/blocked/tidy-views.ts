import { type Graph, mapGraph, prune, type Value } from '../../onnx/index.ts';

const sameShape = (a: Value, b: Value) =>
  a.shape.length === b.shape.length && a.shape.every((d, i) => d === b.shape[i]);
const isStatic = (v: Value) => v.shape.every((d) => typeof d === 'number');

/**
 * The graph without reshapes of reshapes, and without those that change nothing. A node costs some microseconds whatever it
 * does, and a training step of a deep network has thousands of these.
 */
export function tidyViews(graph: Graph): Graph {
  /** What a reshaped value of the new graph is a view of. */
  const sources = new Map<Value, Value>();
  const made = new Map<Value, Map<string, Value>>();
  const mapped = mapGraph(graph, (node, inputs, b) => {
    const y = node.outputs[0]!;
    const x = inputs[0];
    if (node.opType !== 'Reshape' || node.domain !== '' || !x || !isStatic(x) || !isStatic(y)) return undefined;
    const source = sources.get(x) ?? x;
    if (sameShape(source, y)) return [source];
    const views = made.get(source) ?? new Map<string, Value>();
    made.set(source, views);
    const key = y.shape.join();
    const view = views.get(key) ?? b.reshape(source, y.shape as readonly number[]);
    views.set(key, view);
    sources.set(view, source);
    return [view];
  });
  return prune(mapped);
}
