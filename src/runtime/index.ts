export { availableDevices, type Device, parseDevice } from './devices.ts';
export { compile, type Program, type RuntimeOptions } from './program.ts';
export { defaultThreads } from './threads.ts';
