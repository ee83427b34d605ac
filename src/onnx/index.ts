/** Graphs in the form of ONNX: building, reading and writing, folding, cutting and printing. */

export { GraphBuilder, type NodeOptions, type PlainAttributes } from './builder.ts';
export type { DeclaredInput, ExternalData } from './file/decode.ts';
export { flopsOf } from './flops.ts';
export * from './graph.ts';
export { type Einsum, einsumOf } from './inference/einsum.ts';
export { type Window, windowCounts, windowOf } from './inference/spatial.ts';
export { foldBatchNorm } from './passes/batch-norm.ts';
export { type Cut, extract } from './passes/extract.ts';
export { fold } from './passes/fold.ts';
export { narrow } from './passes/narrow.ts';
export { prune } from './passes/prune.ts';
export { copyNode, type MapOptions, mapGraph, type Rewrite } from './passes/rewrite.ts';
export { type Binding, specialize } from './passes/specialize.ts';
export { print, type Summary, summarize } from './print.ts';
export { type OnnxModel, openModel, type ReadingOptions, type ReadOptions, readModel } from './read.ts';
export * from './tensor.ts';
export { writeModel } from './write.ts';
