/**
 * The process in which trials run, started by `runStudy` and by nobody else: takes one trial after another from the store until none is
 * left. It ends by itself when its parent does.
 */
import { BallastError, FileError, reasonOf } from '../../base/errors.ts';
import { loadExtensions } from '../../base/extensions.ts';
import { describeRuntime, parseDevice, type RuntimeOptions } from '../../runtime/index.ts';
import { ClaimLost, StudyStore } from '../../store/index.ts';
import { DataShelf } from '../study-data.ts';
import { runTrial } from './run-trial.ts';
import { type ProcessReport, processOrder } from './trial-process-messages.ts';

/** Milliseconds between reports of steps. */
const reporting = 200;

const order = processOrder.parse(JSON.parse(process.argv[2] ?? '{}'));
const stop = new AbortController();
for (const event of ['SIGINT', 'SIGTERM', 'disconnect']) process.on(event, () => stop.abort());

/** Resolves when the parent has it, or is gone. */
const report = (message: ProcessReport): Promise<void> =>
  new Promise((resolve) => {
    if (process.connected) process.send!(message, () => resolve());
    else resolve();
  });

const runtime: RuntimeOptions = {
  device: parseDevice(order.device),
  threads: order.threads,
  // Spinning threads of one trial would take the processor from the others.
  ...(order.parallel > 1 ? { spinning: false } : {}),
};

async function hardware(): Promise<string> {
  const { cpu, onnxruntime } = await describeRuntime();
  const threads = `${order.threads} thread${order.threads === 1 ? '' : 's'}`;
  const beside = order.parallel > 1 ? `, ${order.parallel} trials at a time` : '';
  return `${cpu}, ${threads}, ${order.device}, ONNX Runtime ${onnxruntime}${beside}`;
}

async function work(): Promise<void> {
  await loadExtensions();
  const store = await StudyStore.open(order.folder, { trusted: true });
  const shelf = new DataShelf();
  const described = await hardware();
  try {
    while (!stop.signal.aborted) {
      const claim = store.claims.claim();
      if (!claim) return;
      const { id } = claim;
      let reported = 0;
      try {
        const { status, note } = await runTrial({
          store,
          claim,
          shelf,
          runtime,
          hardware: described,
          gpus: order.gpus,
          signal: stop.signal,
          onBegin: (step) => void report({ kind: 'began', id, step, attempt: claim.attempt }),
          onStep: ({ step, loss, examplesPerSecond }) => {
            if (performance.now() - reported < reporting) return;
            reported = performance.now();
            void report({ kind: 'step', id, step, loss, examplesPerSecond });
          },
        });
        await report({
          kind: 'ended',
          id,
          status: status === 'interrupted' ? 'queued' : status,
          ...(note === undefined ? {} : { note }),
        });
      } catch (error) {
        if (!(error instanceof BallastError)) throw error;
        if (error instanceof ClaimLost) continue;
        // What is wrong with the disk or the data folder is wrong for all trials; what cannot be combined, for this one alone.
        const alone = !(error instanceof FileError);
        try {
          store.claims.end(claim, { status: alone ? 'failed' : 'queued', step: null, note: error.message });
        } catch (lost) {
          if (!(lost instanceof ClaimLost)) throw lost;
          continue;
        }
        if (!alone) throw error;
        await report({ kind: 'ended', id, status: 'failed', note: error.message });
      }
    }
  } finally {
    store.close();
  }
}

try {
  await work();
} catch (error) {
  const message = reasonOf(error);
  await report({ kind: 'broken', message, fatal: error instanceof BallastError });
  process.exitCode = 1;
}
if (process.connected) process.disconnect();
process.exit();
