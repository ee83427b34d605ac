import { BallastError, reasonOf } from '../../base/errors.ts';
import { loadExtensions } from '../../base/extensions.ts';
import { describeRuntime, parseDevice, type RuntimeOptions } from '../../runtime/index.ts';
import { DataShelf } from '../../study/index.ts';
import type { TrialSource } from '../driver.ts';
import { StoreSource } from '../local/store-source.ts';
import { type ComputePiece, computeTrial } from './compute-trial.ts';
import { ParentSource } from './parent-source.ts';
import { type ProcessOrder, processOrder, type ServedReport } from './trial-process-messages.ts';

/** Milliseconds between reports of steps. */
const reporting = 200;
/** Milliseconds between signs of life for a parent that gives trials. */
const living = 2000;

/**
 * What a trial process does: takes one trial after another, from the store until none is left, or from its parent, and ends. It ends by itself when its parent does.
 *
 * @param computePiece For pieces of measurements.
 */
export async function serveTrials(computePiece?: ComputePiece): Promise<never> {
  const order = processOrder.parse(JSON.parse(process.argv[2] ?? '{}'));
  const stop = new AbortController();
  for (const event of ['SIGINT', 'SIGTERM', 'disconnect']) process.on(event, () => stop.abort());
  try {
    await work(order, stop.signal, computePiece);
  } catch (error) {
    const message = reasonOf(error);
    await report({ kind: 'broken', message, fatal: error instanceof BallastError });
    process.exitCode = 1;
  }
  if (process.connected) process.disconnect();
  process.exit();
}

/** Resolves when the parent has it, or is gone. */
const report = (message: ServedReport): Promise<void> =>
  new Promise((resolve) => {
    if (process.connected) process.send!(message, () => resolve());
    else resolve();
  });

async function hardwareOf(order: ProcessOrder): Promise<string> {
  const { cpu, onnxruntime } = await describeRuntime();
  const threads = `${order.threads} thread${order.threads === 1 ? '' : 's'}`;
  const beside = order.parallel > 1 ? `, ${order.parallel} trials at a time` : '';
  return `${cpu}, ${threads}, ${order.device}, ONNX Runtime ${onnxruntime}${beside}`;
}

async function sourceOf({ folder }: ProcessOrder, described: string, signal: AbortSignal): Promise<TrialSource> {
  if (folder !== undefined) return StoreSource.open(folder);
  setInterval(() => void report({ kind: 'alive' }), living).unref();
  return new ParentSource(report, described, signal);
}

async function work(order: ProcessOrder, signal: AbortSignal, computePiece: ComputePiece | undefined): Promise<void> {
  await loadExtensions();
  const runtime: RuntimeOptions = {
    device: parseDevice(order.device),
    threads: order.threads,
    // Spinning threads of one trial would take the processor from the others.
    ...(order.parallel > 1 ? { spinning: false } : {}),
  };
  const hardware = await hardwareOf(order);
  const source = await sourceOf(order, hardware, signal);
  const shelf = new DataShelf();
  try {
    while (!signal.aborted) {
      const trial = await source.claim();
      if (!trial) return;
      const { id, attempt } = trial;
      let reported = 0;
      const ended = await computeTrial({
        trial,
        // A store's folder lies on a disk of this machine.
        owning: order.folder !== undefined,
        ...{ shelf, runtime, hardware, signal, computePiece },
        gpus: order.gpus,
        onBegin: (step) => void report({ kind: 'began', id, step, attempt }),
        onStep: ({ step, loss, examplesPerSecond }) => {
          if (performance.now() - reported < reporting) return;
          reported = performance.now();
          void report({ kind: 'step', id, step, loss, examplesPerSecond });
        },
      });
      if (ended) await report(ended);
    }
  } finally {
    await source.close();
  }
}
