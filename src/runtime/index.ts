/** Programs on ONNX Runtime: devices, threads and memory. */
export { type BlockedLayout, blockedLayout } from './blocked/probe.ts';
export { compareEmissions, type EmissionComparison } from './compare.ts';
export { describeRuntime, type RuntimeDescription, runtimeVersion } from './describe.ts';
export { availableDevices, type Device, parseDevice } from './devices.ts';
export type { EmissionName } from './emission.ts';
export type { Tensors } from './feeds.ts';
export { availableMemory, peakBytes, requireMemory } from './memory.ts';
export type { RuntimeOptions } from './options.ts';
export { compile, type Program } from './program.ts';
export { sessionOptions } from './session.ts';
export { defaultThreads } from './threads.ts';
