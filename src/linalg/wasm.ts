import { readFile } from 'node:fs/promises';
import { BallastError } from '../base/errors.ts';

/** The part of the WebAssembly API used here; Node's types leave it to those of the browser. */
interface WasmApi {
  compile(bytes: Uint8Array): Promise<object>;
  instantiate(module: object, imports: object): Promise<{ readonly exports: unknown }>;
}
interface WasmMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}
const { WebAssembly } = globalThis as unknown as { WebAssembly: WasmApi };

/** The kernels of `wasm/kernels.ts`; addresses in bytes, counts in elements. */
export interface Kernels {
  readonly memory: WasmMemory;
  reducePanel(panel: number, rows: number, m: number, band: number, taus: number, scratch: number): void;
  chaseBulges(
    base: number,
    n: number,
    d: number,
    from: number,
    to: number,
    inFlight: number,
    states: number,
    scratch: number,
    probes: number,
    probeCount: number,
  ): void;
  squared32(x: number, n: number): number;
  scaled32(factor: number, x: number, y: number, n: number): void;
  project32(basis: number, count: number, n: number, x: number, along: number): void;
  combine32(basis: number, count: number, n: number, weights: number, sign: number, y: number): void;
}

let compiled: Promise<object> | undefined;

async function load(): Promise<object> {
  const url = new URL('./wasm/kernels.wasm', import.meta.url);
  const bytes = await readFile(url).catch(() => {
    throw new BallastError(`${url.pathname}: not there; run "npm run build:wasm" (npm run build and npm test do it)`);
  });
  return WebAssembly.compile(bytes);
}

/** One instance of the kernels with its own memory and the float64 arrays asked for in it, 16-byte aligned. */
export async function openKernels<K extends string>(
  sizes: Readonly<Record<K, number>>,
): Promise<{ kernels: Kernels; address: Record<K, number>; array: Record<K, Float64Array> }> {
  compiled ??= load();
  const abort = () => {
    throw new BallastError('a linear algebra kernel aborted');
  };
  const instance = await WebAssembly.instantiate(await compiled, { env: { abort } });
  const kernels = instance.exports as Kernels;
  // The first page belongs to the compiler's runtime.
  let next = 65536;
  const address = {} as Record<K, number>;
  const names = Object.keys(sizes) as K[];
  for (const name of names) {
    address[name] = next;
    next += Math.ceil((sizes[name] * 8) / 64) * 64;
  }
  const pages = Math.ceil(next / 65536) - kernels.memory.buffer.byteLength / 65536;
  if (pages > 0) kernels.memory.grow(pages);
  const array = {} as Record<K, Float64Array>;
  for (const name of names) array[name] = new Float64Array(kernels.memory.buffer, address[name], sizes[name]);
  return { kernels, address, array };
}
