import type { Device } from './devices.ts';

/** Where and how a program runs: device, threads, and the form that its graph is given. */
export interface RuntimeOptions {
  /** `cpu` unless told. */
  readonly device?: Device;
  /** Threads of one program on the CPU; physical cores unless told (see `defaultThreads`). */
  readonly threads?: number;
  /** How the graph is written for ONNX Runtime; `auto` picks what measured fastest and never changes the numbers. */
  readonly emission?: 'auto' | 'plain' | 'blocked';
  /** Threads wait busily between calls, too: for a program of very short calls that is alone; see `sessionOptions`. */
  readonly spinning?: boolean;
}
