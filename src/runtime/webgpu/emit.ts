import { type Graph, intAttribute, mapGraph, type Rewrite } from '../../onnx/index.ts';
import { trainedBatchNorm } from './batch-norm.ts';
import { maxPoolPositions } from './max-pool.ts';
import { reduction } from './reductions.ts';
import { splitTree } from './split.ts';
import { weightGradient } from './weight-gradient.ts';

const rewrites: Readonly<Record<string, Rewrite>> = {
  Conv: weightGradient,
  MaxPool: maxPoolPositions,
  Split: splitTree,
  ReduceSum: reduction,
  ReduceMean: reduction,
  BatchNormalization: (node, inputs, b) =>
    intAttribute(node, 'training_mode', 0) === 1 ? trainedBatchNorm(node, inputs, b) : undefined,
};

/**
 * The graph in operators that ONNX Runtime's WebGPU kernels have, and in forms in which they run in parallel.
 *
 * @throws UsageError where there is no such form.
 */
export function emitWebgpu(graph: Graph): Graph {
  return mapGraph(graph, (node, inputs, b) =>
    node.domain === '' ? rewrites[node.opType]?.(node, inputs, b) : undefined,
  );
}
