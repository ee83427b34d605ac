/** Graphs in the form of ONNX: building, reading and writing, folding, cutting and printing. */
export { foldBatchNorm } from './batch-norm.ts';
export { GraphBuilder, type NodeOptions, type PlainAttributes } from './builder.ts';
export { type Cut, extract } from './extract.ts';
export type { DeclaredInput, ExternalData } from './file/decode.ts';
export { flopsOf } from './flops.ts';
export { fold } from './fold.ts';
export * from './graph.ts';
export { graphIdentity } from './identity.ts';
export { type Einsum, einsumOf } from './inference/einsum.ts';
export { type Window, windowCounts, windowOf } from './inference/spatial.ts';
export { narrow } from './narrow.ts';
export { print, type Summary, summarize } from './print.ts';
export { prune } from './prune.ts';
export { type OnnxModel, openModel, type ReadingOptions, type ReadOptions, readModel } from './read.ts';
export { copyNode, type MapOptions, mapGraph, type Rewrite } from './rewrite.ts';
export { type Binding, specialize } from './specialize.ts';
export * from './tensor.ts';
export { writeModel } from './write.ts';
