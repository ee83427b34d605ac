export { GraphBuilder, type NodeOptions, type PlainAttributes } from './builder.ts';
export * from './graph.ts';
export { type Window, windowCounts, windowOf } from './inference/spatial.ts';
export * from './tensor.ts';
export { writeModel } from './write.ts';
