import { type Graph, sizeOf, type Value } from '../../onnx/index.ts';
import { availableMemory } from '../../runtime/index.ts';

const bytesOf: Readonly<Record<string, number>> = { float64: 8, int64: 8, float32: 4, int32: 4, int16: 2, float16: 2 };

/** Most bytes that are alive at a time when the nodes run in their order and a value goes after its last use. Static shapes. */
export function peakBytes(graph: Graph): number {
  const lastUse = new Map<Value, number>();
  graph.nodes.forEach((node, i) => {
    for (const v of node.inputs) if (v) lastUse.set(v, i);
  });
  for (const { value } of graph.outputs) lastUse.set(value, graph.nodes.length);
  const size = (v: Value) => sizeOf(v.shape as readonly number[]) * (bytesOf[v.dtype] ?? 1);
  const ending = new Map<number, number>();
  let [alive, peak] = [0, 0];
  graph.nodes.forEach((node, i) => {
    for (const v of node.outputs) {
      alive += size(v);
      const end = lastUse.get(v) ?? i;
      ending.set(end, (ending.get(end) ?? 0) + size(v));
    }
    peak = Math.max(peak, alive);
    alive -= ending.get(i) ?? 0;
  });
  return peak;
}

/** Share of the free memory that a step may take; the runtime's arena rounds up. */
const share = 0.5;

/**
 * The largest divisor of `batchSize` whose step fits into memory, judged from the bytes that a step at batch `probe` takes.
 * Throughput hardly depends on it from some tens of examples on, batch normalization does: it sees one micro-batch at a time.
 */
export function chooseMicroBatch(
  batchSize: number,
  probe: { batch: number; bytes: number },
  free = availableMemory(),
): number {
  const fits = (batch: number) => (probe.bytes / probe.batch) * batch <= share * free;
  for (let count = 1; count < batchSize; count++) {
    if (batchSize % count === 0 && fits(batchSize / count)) return batchSize / count;
  }
  return 1;
}
