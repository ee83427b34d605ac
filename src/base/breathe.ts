/** Lets timers and signals have their turn, as computations hold the JavaScript thread; then throws the signal's reason where it has fired. */
export async function breathe(signal?: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
  signal?.throwIfAborted();
}
